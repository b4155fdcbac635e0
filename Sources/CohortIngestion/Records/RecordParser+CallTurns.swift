internal import CohortCore

/// ShareGPT's turns have one text: reasoning stands at its beginning, and a turn that calls tools holds the calls as JSON. What
/// a dialect of one text cannot tell apart stands beside it, in further members of the turn, which then count.
extension RecordParser {
  /// A turn whose content is a call, or a list of calls, as JSON, or has them between `<tool_call>` and `</tool_call>` at its
  /// end, or behind reasoning: becomes OpenAI's `tool_calls`, and a text of what stands before. Where the turn has
  /// `tool_calls` or `function_call` of its own, those are the calls, and those in the content only repeat them.
  /// - Parameter entry: the assistant's turn with what stands beside its content.
  func addCallTurn(_ content: UnsafeTape.Text, _ entry: MessageDraft.Entry) throws(Failure) {
    var entry = entry
    let (text, calls) = Self.splitCalls(withoutRepeatedReasoning(content, entry))
    if !text.isEmpty { entry.text = .inPlace(text) }
    if entry.hasCalls {
      // Text and calls are told apart by the marks alone.
      if !Self.holdsMarkedCalls(content) { entry.text = .scratch(0..<0) }
    } else {
      let inner = try parseNested(calls, what: "the call of a tool", .invalidCall)
      entry.extra = try composeCalls(UnsafeTape.root, of: inner, beside: entry.extra)
      giveBackNestedParser()
      entry.hasCalls = true
    }
    draft.entries.append(entry)
  }

  /// A turn's text without the reasoning at its beginning, where that is the very reasoning that stands beside it.
  func withoutRepeatedReasoning(_ text: UnsafeTape.Text, _ entry: MessageDraft.Entry) -> UnsafeTape.Text {
    if entry.extra.isEmpty || text.first != UInt8(ascii: "<") { return text }
    var whole = entry
    whole.text = .inPlace(text)
    let count = draft.withParts(of: whole) { $0.textWithoutInlineReasoning.count }
    return UnsafeTape.Text(rebasing: text.suffix(count))
  }

  private static let opening = Array("<tool_call>".utf8)
  private static let closing = Array("</tool_call>".utf8)

  private static func holdsMarkedCalls(_ text: UnsafeTape.Text) -> Bool {
    guard let end = text.lastIndex(where: { !TextSniffing.isSpace($0) }) else { return false }
    return text[...end].suffix(closing.count).elementsEqual(closing) && lastOpening(in: text) != nil
  }

  private static func lastOpening(in text: UnsafeTape.Text) -> Int? {
    guard text.count >= opening.count else { return nil }
    return (0...(text.count - opening.count)).last {
      text[$0] == opening[0] && text[$0..<($0 + opening.count)].elementsEqual(opening)
    }
  }

  /// What stands before the calls, and the calls.
  private static func splitCalls(_ value: UnsafeTape.Text) -> (text: UnsafeTape.Text, calls: UnsafeTape.Text) {
    if holdsMarkedCalls(value), let start = lastOpening(in: value),
      let end = value.lastIndex(of: UInt8(ascii: "<")), end > start
    {
      return (
        UnsafeTape.Text(rebasing: value[..<start]), UnsafeTape.Text(rebasing: value[(start + opening.count)..<end])
      )
    }
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    let answer = MessageParts(isAssistant: true, extra: none, text: UnsafeRawBufferPointer(value)).answer.count
    return (
      UnsafeTape.Text(rebasing: value[..<(value.count - answer)]), UnsafeTape.Text(rebasing: value.suffix(answer))
    )
  }
}
