internal import CohortCore

/// Lists of messages: roles, contents, calls of tools.
extension RecordParser {
  func addMessages(_ list: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard tape.kind(list) == .array else { throw wrongType("the list of messages", list, of: tape) }
    let range = tape.inside(list)
    var message = range.lowerBound
    while message < range.upperBound {
      guard tape.kind(message) == .object else { throw wrongType("a message", message, of: tape) }
      try addMessage(message, of: tape, shape)
      message = tape.next(after: message)
    }
  }

  private func addMessage(_ message: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    var role = -1
    var content = -1
    var hasMore = false
    var isDoubled = false
    tape.forEachMember(of: message) { key, value in
      if tape.isEqual(key, shape.roleKey) {
        isDoubled = isDoubled || role >= 0
        role = value
      } else if tape.isEqual(key, shape.contentKey) {
        isDoubled = isDoubled || content >= 0
        content = value
      } else if tape.kind(value) != .null {
        hasMore = true
      }
      return true
    }
    if isDoubled { throw Failure(reason: .duplicateKey, detail: "a message has two roles or two contents") }
    guard role >= 0 else {
      throw Failure(reason: .missingField, detail: "a message has no '\(shape.shape.dialect.roleKey)'")
    }
    guard tape.kind(role) == .string else { throw wrongType("a message's role", role, of: tape) }
    var entry = MessageDraft.Entry(role: MessageDraft.other, text: .scratch(0..<0))
    switch shape.role(named: tape.text(role)) {
    case .system: entry.role = MessageDraft.system
    case .user: entry.role = MessageDraft.user
    case .assistant: entry.role = MessageDraft.assistant
    case .tool: entry.role = MessageDraft.tool
    case .call:
      return try addCall(content, of: hasMore ? message : nil, tape, shape)
    case nil: entry.roleName = tape.text(role)
    }
    if hasMore { try readExtra(of: message, tape, shape, into: &entry) }
    if content >= 0, tape.kind(content) != .null {
      entry.text = try contentText(content, of: tape)
      if shape.holdsOneTextATurn, case .inPlace(let text) = entry.text {
        entry.text = .inPlace(withoutRepeatedReasoning(text, entry))
      }
    } else if !entry.hasCalls {
      throw Failure(reason: .missingField, detail: "a message has no '\(shape.shape.dialect.contentKey)'")
    }
    draft.entries.append(entry)
  }

  /// A string, or a list of parts of which all are text. The parts are joined as they are.
  private func contentText(_ content: Int, of tape: UnsafeTape) throws(Failure) -> MessageDraft.Text {
    switch tape.kind(content) {
    case .string: return .inPlace(tape.text(content))
    case .array: break
    default: throw wrongType("a message's content", content, of: tape)
    }
    let start = draft.scratch.count
    let range = tape.inside(content)
    var part = range.lowerBound
    while part < range.upperBound {
      if tape.kind(part) == .string {
        draft.scratch.append(contentsOf: tape.text(part))
      } else if tape.kind(part) == .object, let text = tape.member(Array("text".utf8), of: part),
        tape.kind(text) == .string
      {
        draft.scratch.append(contentsOf: tape.text(text))
      } else {
        throw Failure(reason: .unsupportedContent, detail: "a part of a message's content is no text")
      }
      part = tape.next(after: part)
    }
    return .scratch(start..<draft.scratch.count)
  }

  /// What a message carries besides role and content. Members that are null carry nothing.
  func readExtra(
    of message: Int, _ tape: UnsafeTape, _ shape: CompiledShape, into entry: inout MessageDraft.Entry
  ) throws(Failure) {
    var hasCalls = false
    entry.extra = draft.compose { bytes in
      var separator = UInt8(ascii: "{")
      tape.forEachMember(of: message) { key, value in
        let name = tape.text(key)
        if tape.kind(value) == .null || tape.isEqual(key, shape.roleKey) || tape.isEqual(key, shape.contentKey) {
          return true
        }
        if name.elementsEqual("tool_calls".utf8) || name.elementsEqual("function_call".utf8) {
          hasCalls =
            hasCalls || tape.kind(value) == .object || tape.kind(value) == .array && !tape.isEmptyContainer(value)
        }
        bytes.append(separator)
        separator = UInt8(ascii: ",")
        CanonicalJSON.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        CanonicalJSON.append(value, of: tape, to: &bytes)
        return true
      }
      bytes.append(UInt8(ascii: "}"))
    }
    entry.hasCalls = hasCalls
    if entry.role == MessageDraft.assistant {
      entry.isMasked = draft.scratch.withUnsafeBytes {
        SampleContent.isMasked(UnsafeRawBufferPointer(rebasing: $0[entry.extra]))
      }
    }
  }

  /// The tools on offer: a list, or its JSON in a string.
  func readTools(of tape: UnsafeTape) throws(Failure) {
    guard let tools = value(.tools) else { return }
    switch tape.kind(tools) {
    case .null: return
    case .array:
      if tape.isEmptyContainer(tools) { return }
      draft.tools = draft.compose { CanonicalJSON.append(tools, of: tape, to: &$0) }
    case .string:
      let text = tape.text(tools)
      if text.allSatisfy(TextSniffing.isSpace) { return }
      let list = try parseEmbedded(text, what: "the list of tools")
      guard list.kind(UnsafeTape.root) == .array else {
        throw Failure(reason: .invalidCall, detail: "the tools are not a list")
      }
      if list.isEmptyContainer(UnsafeTape.root) { return }
      draft.tools = draft.compose { CanonicalJSON.append(UnsafeTape.root, of: list, to: &$0) }
    default: throw wrongType("the list of tools", tools, of: tape)
    }
  }

  /// Parses JSON that sits in a string. The tape is valid until the next call.
  func parseEmbedded(_ text: UnsafeTape.Text, what: String) throws(Failure) -> UnsafeTape {
    var padded = [UInt8](text)
    padded.append(contentsOf: repeatElement(0, count: JSONParser.padding))
    let result = padded.withUnsafeBufferPointer { bytes -> Result<UnsafeTape, Failure> in
      do throws(Failure) {
        return .success(try embedded.parse(UnsafeBufferPointer(rebasing: bytes.dropLast(JSONParser.padding))))
      } catch {
        return .failure(Failure(reason: .invalidCall, detail: "\(what) is not JSON: \(error.detail)"))
      }
    }
    return try result.get()
  }
}
