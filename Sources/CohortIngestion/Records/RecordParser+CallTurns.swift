internal import CohortCore

/// ShareGPT's turns have one text: reasoning stands at its beginning, and a turn that calls tools holds the calls as JSON. What
/// a dialect of one text cannot tell apart stands beside it, in further members of the turn, which then count.
extension RecordParser {
  /// A turn whose content is a call, or a list of calls, as JSON, or has them between `<tool_call>` and `</tool_call>` at its
  /// end, or behind reasoning: becomes OpenAI's `tool_calls`, and a text of what stands before. Where the turn has
  /// `tool_calls` or `function_call` of its own, those are the calls, and those in the content only repeat them.
  /// - Parameter message: the turn, when it has more than role and content.
  func addCall(_ content: Int, of message: Int?, _ tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard content >= 0, tape.kind(content) == .string else {
      throw Failure(reason: .invalidCall, detail: "the call of a tool is not JSON in a string")
    }
    var entry = MessageDraft.Entry(role: MessageDraft.assistant, text: .scratch(0..<0))
    if let message { try readExtra(of: message, tape, shape, into: &entry) }
    let (text, calls) = Self.splitCalls(withoutRepeatedReasoning(tape.text(content), entry))
    if !text.isEmpty { entry.text = .inPlace(text) }
    if entry.hasCalls {
      // Text and calls are told apart by the marks alone.
      if !Self.holdsMarkedCalls(tape.text(content)) { entry.text = .scratch(0..<0) }
    } else {
      entry.extra = try composeCalls(calls, beside: entry.extra)
      entry.hasCalls = true
    }
    draft.entries.append(entry)
  }

  /// An extra object with calls, and what the turn has beside them.
  private func composeCalls(_ json: UnsafeTape.Text, beside more: Range<Int>) throws(Failure) -> Range<Int> {
    let call = try parseEmbedded(json, what: "the call of a tool")
    var calls: [Int] = []
    switch call.kind(UnsafeTape.root) {
    case .object: calls = [UnsafeTape.root]
    case .array where !call.isEmptyContainer(UnsafeTape.root):
      call.forEachElement(of: UnsafeTape.root) { element in
        calls.append(element)
        return true
      }
    default: throw Failure(reason: .invalidCall, detail: "the call of a tool is neither an object nor a list of them")
    }
    guard calls.allSatisfy({ call.kind($0) == .object }) else {
      throw Failure(reason: .invalidCall, detail: "a call in the list of calls is not an object")
    }
    let others = Array(draft.scratch[more])
    return draft.compose { bytes in
      bytes.append(contentsOf: "{\"tool_calls\":".utf8)
      var separator = UInt8(ascii: "[")
      for function in calls {
        bytes.append(separator)
        separator = UInt8(ascii: ",")
        bytes.append(contentsOf: "{\"type\":\"function\",\"function\":".utf8)
        CanonicalJSON.append(function, of: call, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
      }
      bytes.append(UInt8(ascii: "]"))
      others.withUnsafeBytes { others in
        _ = CanonicalObject.forEachMember(of: others) { name, value in
          // A list of calls with nothing in it.
          if name.elementsEqual("tool_calls".utf8) { return true }
          bytes.append(contentsOf: ",\"".utf8)
          bytes.append(contentsOf: name)
          bytes.append(contentsOf: "\":".utf8)
          bytes.append(contentsOf: value)
          return true
        }
      }
      bytes.append(UInt8(ascii: "}"))
    }
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

extension CompiledShape {
  /// Whether a turn has one text for everything, as ShareGPT's has.
  var holdsOneTextATurn: Bool { contentKey.elementsEqual("value".utf8) }
}
