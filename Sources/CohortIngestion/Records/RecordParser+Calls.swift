internal import CohortCore

/// Calls of tools, and the tools on offer.
extension RecordParser {
  /// A response that is a call or a list of calls as JSON: becomes OpenAI's `tool_calls`.
  func addCalls(of text: UnsafeTape.Text) throws(Failure) {
    try addCalls(UnsafeTape.root, of: try parseNested(text, what: "the call of a tool", .invalidCall))
    giveBackNestedParser()
  }

  func addCalls(_ value: Int, of tape: UnsafeTape) throws(Failure) {
    let extra = try composeCalls(value, of: tape, beside: 0..<0)
    draft.entries.append(
      .init(role: MessageDraft.assistant, text: .scratch(0..<0), extra: extra, hasCalls: true))
  }

  /// An extra object with calls, and what the turn has beside them.
  func composeCalls(_ value: Int, of tape: UnsafeTape, beside more: Range<Int>) throws(Failure) -> Range<Int> {
    let calls = tape.kind(value) == .object ? [value] : tape.elements(of: value)
    guard !calls.isEmpty else {
      throw Failure(reason: .invalidCall, detail: "the call of a tool is neither an object nor a list of them")
    }
    guard calls.allSatisfy({ tape.kind($0) == .object }) else {
      throw Failure(reason: .invalidCall, detail: "a call in the list of calls is not an object")
    }
    let others = Array(draft.scratch[more])
    return draft.compose { bytes in
      bytes.append(contentsOf: "{\"tool_calls\":".utf8)
      var separator = UInt8(ascii: "[")
      for function in calls {
        bytes.append(separator)
        separator = UInt8(ascii: ",")
        // A call that is in OpenAI's form already stays as it is.
        if tape.member(Array("function".utf8), of: function).map({ tape.kind($0) == .object }) == true {
          CanonicalJSON.append(function, of: tape, to: &bytes)
          continue
        }
        bytes.append(contentsOf: "{\"type\":\"function\",\"function\":".utf8)
        CanonicalJSON.append(function, of: tape, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
      }
      bytes.append(UInt8(ascii: "]"))
      // Without a list of calls that has nothing in it.
      MemberWriter.append(others, without: "tool_calls", to: &bytes)
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static let functionCall = Array("<functioncall>".utf8)

  /// Glaive's call in a transcript: `<functioncall> {"name": "f", "arguments": '{"x": 1}'}`. The arguments stand between
  /// single quotation marks, so it is not JSON as a whole.
  /// - Returns: false for a text that is something else, or that cannot be understood: it stays a text.
  func addWrittenCall(_ text: UnsafeTape.Text) throws(Failure) -> Bool {
    guard text.starts(with: Self.functionCall) else { return false }
    let rest = UnsafeTape.Text(rebasing: text.dropFirst(Self.functionCall.count))
    var json: [UInt8] = []
    if let open = rest.firstIndex(of: UInt8(ascii: "'")), let close = rest.lastIndex(of: UInt8(ascii: "'")),
      open < close
    {
      json += rest[..<open]
      json += rest[(open + 1)..<close]
      json += rest[(close + 1)...]
    } else {
      json += rest
    }
    do throws(Failure) {
      let call = try json.withUnsafeBufferPointer { bytes in
        Result { () throws(Failure) in try parseNested(bytes, what: "the call", .invalidCall) }
      }.get()
      try addCalls(UnsafeTape.root, of: call)
      giveBackNestedParser()
      return true
    } catch {
      return false
    }
  }

  /// The tools on offer: a list, or its JSON in a string. Under another name than `tools`, what is no list of tools stays
  /// an attribute.
  func readTools(of tape: UnsafeTape) throws(Failure) {
    guard let tools = value(.tools) else { return }
    let isNamedTools = key(of: .tools).map { tape.isEqual($0, Array("tools".utf8)) } ?? true
    switch tape.kind(tools) {
    case .null: return
    case .array:
      if tape.isEmptyContainer(tools) { return }
      draft.tools = draft.compose { CanonicalJSON.append(tools, of: tape, to: &$0) }
    case .string:
      let text = tape.text(tools)
      if text.allSatisfy(TextSniffing.isSpace) { return }
      if !isNamedTools, !Transcript.isJSON(text) {
        keepAsAttribute(.tools)
        return
      }
      let list = try parseNested(text, what: "the list of tools", .invalidCall)
      guard list.kind(UnsafeTape.root) == .array else {
        throw Failure(reason: .invalidCall, detail: "the tools are not a list")
      }
      if list.isEmptyContainer(UnsafeTape.root) { return }
      draft.tools = draft.compose { CanonicalJSON.append(UnsafeTape.root, of: list, to: &$0) }
      giveBackNestedParser()
    default:
      if isNamedTools { throw wrongType("the list of tools", tools, of: tape) }
      keepAsAttribute(.tools)
    }
  }
}
