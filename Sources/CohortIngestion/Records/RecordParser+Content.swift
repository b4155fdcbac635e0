internal import CohortCore

/// What one turn says: a text, or parts of several types, and what it carries besides.
///
/// What is no text goes into the turn's extra object, under the names that chat templates read: `tool_calls`,
/// `tool_call_id`, `reasoning_content`. Parts that are neither are kept as they are, under `parts`.
extension RecordParser {
  /// The parts of a content that are no text, as values of the tape.
  struct OtherParts {
    var thoughts: [Int] = []
    var calls: [Int] = []
    var kept: [Int] = []

    var isEmpty: Bool { thoughts.isEmpty && calls.isEmpty && kept.isEmpty }

    /// Whether a member of the turn is nothing beside these parts, which will stand under its name.
    func replaces(_ name: UnsafeTape.Text, _ value: Int, of tape: UnsafeTape) -> Bool {
      if name.elementsEqual("parts".utf8) { return !kept.isEmpty }
      if name.elementsEqual("tool_calls".utf8) {
        return !calls.isEmpty && (tape.kind(value) != .array || tape.isEmptyContainer(value))
      }
      if name.elementsEqual("reasoning_content".utf8) {
        return !thoughts.isEmpty && (tape.kind(value) != .string || tape.text(value).isEmpty)
      }
      return false
    }
  }

  /// Reads what a turn says, and adds it to the draft; a turn that holds nothing but results of tools becomes those.
  func readContent(
    of turn: Int, _ members: TurnKeys.Members, _ tape: UnsafeTape, _ shape: CompiledShape,
    into entry: inout MessageDraft.Entry
  ) throws(Failure) {
    let content = members.content
    var parts = OtherParts()
    var isEmpty = content < 0
    if content >= 0 {
      switch tape.kind(content) {
      case .null: isEmpty = true
      case .array, .object:
        let list = tape.member(Array("parts".utf8), of: content) ?? content
        let results = try addToolResults(among: list, of: tape)
        entry.text = .scratch(try gather(list, into: &parts, of: tape))
        if results > 0, parts.isEmpty, entry.text.isEmpty { return }
      default:
        guard let text = draft.text(of: content, tape) else {
          throw wrongType("a message's content", content, of: tape)
        }
        entry.text = text
      }
    }
    if members.hasMore || !parts.isEmpty { writeExtra(of: turn, members, parts, tape, shape, into: &entry) }
    if case .inPlace(let text) = entry.text, shape.turnKeys.isOneText(content, tape) {
      entry.text = .inPlace(withoutRepeatedReasoning(text, entry))
    }
    if isEmpty, !entry.hasCalls, !entry.hasReasoning {
      throw Failure(reason: .missingField, detail: "a message has no '\(shape.turnKeys.contentName)'")
    }
    draft.entries.append(entry)
  }

  /// Results of tools come before what is said beside them. - Returns: how many there are.
  private func addToolResults(among list: Int, of tape: UnsafeTape) throws(Failure) -> Int {
    guard tape.kind(list) == .array else { return 0 }
    var results = 0
    let range = tape.inside(list)
    var part = range.lowerBound
    while part < range.upperBound {
      if PartType(part, of: tape) == .toolResult {
        addToolResult(part, of: tape)
        results += 1
      }
      part = tape.next(after: part)
    }
    return results
  }

  /// Puts the texts of a content together, as they are, and notes its other parts.
  private func gather(
    _ content: Int, into parts: inout OtherParts, of tape: UnsafeTape
  ) throws(Failure) -> Range<Int> {
    let start = draft.scratch.count
    if tape.kind(content) == .array {
      let range = tape.inside(content)
      var part = range.lowerBound
      while part < range.upperBound {
        try add(part, into: &parts, of: tape)
        part = tape.next(after: part)
      }
    } else {
      try add(content, into: &parts, of: tape)
    }
    return start..<draft.scratch.count
  }

  private func add(_ part: Int, into parts: inout OtherParts, of tape: UnsafeTape) throws(Failure) {
    switch PartType(part, of: tape) {
    case .text(let text): draft.scratch.append(contentsOf: tape.text(text))
    case .thinking: parts.thoughts.append(part)
    case .call: parts.calls.append(part)
    case .toolResult: break
    case .other: parts.kept.append(part)
    case .sound:
      throw Failure(
        reason: .unsupportedContent, detail: "a part of a message's content is sound, which is no text to train on")
    case nil:
      throw Failure(
        reason: .unsupportedContent,
        detail: "a part of a message's content is \(tape.name(of: tape.kind(part))), not a text or a typed part")
    }
  }

  /// A result that stands among the parts of a user's turn: a message of its own.
  private func addToolResult(_ part: Int, of tape: UnsafeTape) {
    var entry = MessageDraft.Entry(role: MessageDraft.tool, text: .scratch(0..<0))
    let inner = tape.member(Array("functionResponse".utf8), of: part) ?? part
    let id = tape.member(Array("tool_use_id".utf8), of: part)
    let name = tape.member(Array("name".utf8), of: inner)
    let isError = tape.member(Array("is_error".utf8), of: part).map { tape.kind($0) == .yes } ?? false
    if let content = tape.member(Array("content".utf8), of: inner) ?? tape.member(Array("response".utf8), of: inner) {
      if let text = draft.text(of: content, tape) {
        entry.text = text
      } else {
        let start = draft.scratch.count
        var isText = tape.kind(content) == .array
        if isText {
          tape.forEachElement(of: content) { element in
            if case .text(let text) = PartType(element, of: tape) {
              draft.scratch.append(contentsOf: tape.text(text))
            } else {
              isText = false
            }
            return isText
          }
        }
        if !isText {
          // Whatever else a tool gave back is kept as the JSON that it is.
          draft.scratch.removeLast(draft.scratch.count - start)
          CanonicalJSON.append(content, of: tape, to: &draft.scratch)
        }
        entry.text = .scratch(start..<draft.scratch.count)
      }
    }
    if id != nil || name != nil || isError {
      entry.extra = draft.compose { bytes in
        var separator = UInt8(ascii: "{")
        for (key, value) in [("tool_call_id", id), ("name", name)] {
          guard let value else { continue }
          bytes.append(separator)
          separator = UInt8(ascii: ",")
          bytes.append(contentsOf: "\"\(key)\":".utf8)
          CanonicalJSON.append(value, of: tape, to: &bytes)
        }
        if isError {
          bytes.append(separator)
          bytes.append(contentsOf: "\"is_error\":true".utf8)
        }
        bytes.append(UInt8(ascii: "}"))
      }
    }
    draft.entries.append(entry)
  }

  /// What a turn carries besides role and text. Members that are null carry nothing.
  func writeExtra(
    of turn: Int, _ members: TurnKeys.Members, _ parts: OtherParts, _ tape: UnsafeTape, _ shape: CompiledShape,
    into entry: inout MessageDraft.Entry
  ) {
    var flags = ExtraFlags()
    let range = draft.compose { bytes in
      var writer = MemberWriter()
      shape.turnKeys.forEachOther(of: turn, members, tape) { name, value in
        if parts.replaces(name, value, of: tape) { return }
        flags.note(name, value, of: tape)
        writer.name(name, to: &bytes)
        CanonicalJSON.append(value, of: tape, to: &bytes)
      }
      if !parts.thoughts.isEmpty, !flags.hasReasoning {
        flags.hasReasoning = true
        writer.name("reasoning_content", to: &bytes)
        writeThoughts(parts.thoughts, of: tape, to: &bytes)
      }
      if !parts.calls.isEmpty, !flags.hasCalls {
        flags.hasCalls = true
        writer.name("tool_calls", to: &bytes)
        writeCalls(parts.calls, of: tape, to: &bytes)
      }
      if !parts.kept.isEmpty {
        writer.name("parts", to: &bytes)
        var separator = UInt8(ascii: "[")
        for part in parts.kept {
          bytes.append(separator)
          separator = UInt8(ascii: ",")
          CanonicalJSON.append(part, of: tape, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
      }
      writer.end(&bytes)
    }
    entry.extra = range
    entry.hasCalls = flags.hasCalls
    entry.hasReasoning = flags.hasReasoning
    if entry.role == MessageDraft.assistant {
      entry.isMasked = draft.scratch.withUnsafeBytes {
        SampleContent.isMasked(UnsafeRawBufferPointer(rebasing: $0[range]))
      }
    }
  }

  private func writeThoughts(_ parts: [Int], of tape: UnsafeTape, to bytes: inout [UInt8]) {
    var text: [UInt8] = []
    for part in parts {
      for key in ["thinking", "reasoning", "text", "content"] {
        guard let value = tape.member(Array(key.utf8), of: part), tape.kind(value) == .string else { continue }
        if !text.isEmpty { text.append(0x0a) }
        text.append(contentsOf: tape.text(value))
        break
      }
    }
    text.withUnsafeBufferPointer { CanonicalJSON.append($0, to: &bytes) }
  }

  /// Calls that are parts of a content, as OpenAI's `tool_calls`: `input` and `args` are the arguments.
  private func writeCalls(_ calls: [Int], of tape: UnsafeTape, to bytes: inout [UInt8]) {
    var separator = UInt8(ascii: "[")
    for part in calls {
      let call =
        tape.member(Array("functionCall".utf8), of: part) ?? tape.member(Array("function".utf8), of: part) ?? part
      bytes.append(separator)
      separator = UInt8(ascii: ",")
      var writer = MemberWriter()
      if let id = tape.member(Array("id".utf8), of: part) {
        writer.name("id", to: &bytes)
        CanonicalJSON.append(id, of: tape, to: &bytes)
      }
      writer.name("type", to: &bytes)
      bytes.append(contentsOf: "\"function\"".utf8)
      writer.name("function", to: &bytes)
      var function = MemberWriter()
      for (key, names) in [("name", ["name"]), ("arguments", ["arguments", "input", "args", "parameters"])] {
        guard let value = names.lazy.compactMap({ tape.member(Array($0.utf8), of: call) }).first else { continue }
        function.name(key, to: &bytes)
        CanonicalJSON.append(value, of: tape, to: &bytes)
      }
      function.end(&bytes)
      writer.end(&bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }
}

/// What the members of a turn's extra object say about it.
private struct ExtraFlags {
  var hasCalls = false
  var hasReasoning = false

  mutating func note(_ name: UnsafeTape.Text, _ value: Int, of tape: UnsafeTape) {
    if name.elementsEqual("tool_calls".utf8) || name.elementsEqual("function_call".utf8) {
      hasCalls = hasCalls || tape.kind(value) == .object || tape.kind(value) == .array && !tape.isEmptyContainer(value)
    } else if name.elementsEqual("reasoning_content".utf8) || name.elementsEqual("reasoning".utf8)
      || name.elementsEqual("thinking".utf8)
    {
      hasReasoning = hasReasoning || tape.kind(value) == .string && !tape.text(value).isEmpty
    }
  }
}

/// Writes an object member by member.
struct MemberWriter {
  private var separator = UInt8(ascii: "{")
  private var isOpen = false

  mutating func name(_ name: UnsafeTape.Text, to bytes: inout [UInt8]) {
    bytes.append(separator)
    separator = UInt8(ascii: ",")
    isOpen = true
    CanonicalJSON.append(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
  }

  /// - Parameter name: needs no escapes.
  mutating func name(_ name: String, to bytes: inout [UInt8]) {
    bytes.append(separator)
    separator = UInt8(ascii: ",")
    isOpen = true
    bytes.append(contentsOf: "\"\(name)\":".utf8)
  }

  /// Appends the members of an object in canonical JSON, or empty, but for one, each behind a comma.
  static func append(_ object: [UInt8], without key: String, to bytes: inout [UInt8]) {
    object.withUnsafeBytes { object in
      _ = CanonicalObject.forEachMember(of: object) { name, value in
        if name.elementsEqual(key.utf8) { return true }
        bytes.append(contentsOf: ",\"".utf8)
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: "\":".utf8)
        bytes.append(contentsOf: value)
        return true
      }
    }
  }

  func end(_ bytes: inout [UInt8]) {
    if !isOpen { bytes.append(UInt8(ascii: "{")) }
    bytes.append(UInt8(ascii: "}"))
  }
}

/// What a part of a content is, by its `type` or by its members.
enum PartType: Equatable {
  /// A text, as a value of the tape.
  case text(Int)
  case thinking, call, toolResult, sound, other

  /// nil for a value that is no part.
  init?(_ part: Int, of tape: UnsafeTape) {
    if tape.kind(part) == .string {
      self = .text(part)
      return
    }
    guard tape.kind(part) == .object else { return nil }
    func text(_ key: String) -> Int? {
      tape.member(Array(key.utf8), of: part).flatMap { tape.kind($0) == .string ? $0 : nil }
    }
    let type = text("type").map { tape.string($0) }
    switch type {
    case "text", "input_text", "output_text":
      guard let value = text("text") ?? text("content") else { return nil }
      self = .text(value)
    case "thinking", "reasoning", "redacted_thinking": self = .thinking
    case "tool_use", "tool_call", "function_call", "server_tool_use": self = .call
    case "tool_result", "function_call_output": self = .toolResult
    case "input_audio", "audio", "audio_url": self = .sound
    case .some: self = .other
    case nil:
      if tape.member(Array("functionCall".utf8), of: part) != nil {
        self = .call
      } else if tape.member(Array("functionResponse".utf8), of: part) != nil {
        self = .toolResult
      } else if let value = text("text") {
        self = .text(value)
      } else {
        self = .other
      }
    }
  }
}
