internal import CohortCore

/// The messages of the record that is being read. Texts are either in place on the tape, or in `scratch` when they were
/// put together. Kept from record to record, so that it allocates only while it grows.
struct MessageDraft {
  enum Text {
    case inPlace(UnsafeTape.Text)
    case scratch(Range<Int>)

    var isEmpty: Bool {
      switch self {
      case .inPlace(let text): text.isEmpty
      case .scratch(let range): range.isEmpty
      }
    }
  }

  struct Entry {
    /// The code of the role in `SampleContent`.
    var role: UInt8
    /// The name of a role without a code of its own.
    var roleName: UnsafeTape.Text?
    var text: Text
    /// A JSON object in `scratch`, empty when there is none.
    var extra: Range<Int> = 0..<0
    /// `extra` holds calls of tools: a message may then have no text.
    var hasCalls = false
    /// `extra` holds what was thought before the text was said.
    var hasReasoning = false
    /// `extra` says that the turn is not trained on.
    var isMasked = false
  }

  static let system: UInt8 = 0
  static let user: UInt8 = 1
  static let assistant: UInt8 = 2
  static let tool: UInt8 = 3
  static let other: UInt8 = 255

  var entries: [Entry] = []
  var scratch: [UInt8] = []
  /// A JSON array in `scratch`, empty when there is none.
  var tools: Range<Int> = 0..<0

  mutating func reset() {
    entries.removeAll(keepingCapacity: true)
    scratch.removeAll(keepingCapacity: true)
    tools = 0..<0
  }

  mutating func add(_ role: UInt8, _ text: UnsafeTape.Text) {
    entries.append(Entry(role: role, text: .inPlace(text)))
  }

  /// The text of a value: a string in place, a number or a truth value as it is written; nil for anything else.
  mutating func text(of value: Int, _ tape: UnsafeTape) -> Text? {
    switch tape.kind(value) {
    case .string: .inPlace(tape.text(value))
    case .signed, .unsigned, .double, .wide, .yes, .no:
      .scratch(compose { CanonicalJSON.append(value, of: tape, to: &$0) })
    default: nil
    }
  }

  /// Adds a message of several texts, a line end between them.
  mutating func addJoined(_ role: UInt8, _ texts: [Text]) {
    let start = scratch.count
    for (index, text) in texts.enumerated() {
      if index > 0 { scratch.append(UInt8(ascii: "\n")) }
      switch text {
      case .inPlace(let text): scratch.append(contentsOf: text)
      case .scratch(let range): scratch.append(contentsOf: Array(scratch[range]))
      }
    }
    entries.append(Entry(role: role, text: .scratch(start..<scratch.count)))
  }

  /// Moves the messages from an index on to the front. One that says what the first says already is dropped instead.
  mutating func moveToFront(from index: Int) {
    let moved = Array(entries[index...])
    entries.removeSubrange(index...)
    if moved.count == 1, let first = entries.first, first.role == moved[0].role, hasEqualText(first, moved[0]) {
      return
    }
    entries.insert(contentsOf: moved, at: 0)
  }

  /// A copy of a text.
  func bytes(of text: Text) -> [UInt8] { withBytes(of: text) { Array($0) } }

  private func hasEqualText(_ one: Entry, _ other: Entry) -> Bool {
    withBytes(of: one.text) { a in withBytes(of: other.text) { b in a.elementsEqual(b) } }
  }

  private func withBytes<R>(of text: Text, _ body: (UnsafeTape.Text) -> R) -> R {
    switch text {
    case .inPlace(let text): body(text)
    case .scratch(let range): scratch.withUnsafeBufferPointer { body(UnsafeTape.Text(rebasing: $0[range])) }
    }
  }

  /// Adds to `scratch`, and says where.
  mutating func compose(_ body: (inout [UInt8]) -> Void) -> Range<Int> {
    let start = scratch.count
    body(&scratch)
    return start..<scratch.count
  }

  /// Which of the messages are prompt and response.
  var parts: SampleParts {
    SampleParts(count: entries.count) { index in
      if entries[index].role != Self.assistant { return .other }
      return entries[index].isMasked ? .masked : .trained
    }
  }

  /// Whether a message answers nothing: it has no text but white space and reasoning.
  func isBlank(_ entry: Entry) -> Bool {
    // Reasoning in a text is told by its first character.
    if case .inPlace(let text) = entry.text, let first = text.first, first != UInt8(ascii: "<"),
      !TextSniffing.isSpace(first)
    {
      return false
    }
    return withParts(of: entry) { $0.answer.allSatisfy(TextSniffing.isSpace) }
  }

  /// Whether a message holds reasoning, beside its text or in it.
  func holdsReasoning(_ entry: Entry) -> Bool {
    withParts(of: entry) { $0.hasReasoningBesideText || !$0.reasoningInText.isEmpty }
  }

  /// Lends what of a message is reasoning, answer and calls.
  func withParts<R>(of entry: Entry, _ body: (MessageParts) -> R) -> R {
    scratch.withUnsafeBytes { scratch in
      let text =
        switch entry.text {
        case .inPlace(let text): UnsafeRawBufferPointer(text)
        case .scratch(let range): UnsafeRawBufferPointer(rebasing: scratch[range])
        }
      return body(
        MessageParts(
          isAssistant: entry.role == Self.assistant, extra: UnsafeRawBufferPointer(rebasing: scratch[entry.extra]),
          text: text))
    }
  }

  /// Appends the canonical bytes (`SampleContent`, `Schemas/sample-content.md`).
  func write(to bytes: inout [UInt8]) {
    bytes.append(SampleContent.layoutVersion)
    Self.writeCount(entries.count, to: &bytes)
    writeBlob(tools, to: &bytes)
    for entry in entries {
      bytes.append(entry.role)
      if let name = entry.roleName {
        Self.writeCount(name.count, to: &bytes)
        bytes.append(contentsOf: name)
      }
      writeBlob(entry.extra, to: &bytes)
      switch entry.text {
      case .inPlace(let text):
        Self.writeCount(text.count, to: &bytes)
        bytes.append(contentsOf: text)
      case .scratch(let range): writeBlob(range, to: &bytes)
      }
    }
  }

  private func writeBlob(_ range: Range<Int>, to bytes: inout [UInt8]) {
    Self.writeCount(range.count, to: &bytes)
    if !range.isEmpty { bytes.append(contentsOf: scratch[range]) }
  }

  private static func writeCount(_ count: Int, to bytes: inout [UInt8]) {
    var rest = UInt64(count)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// The lengths of the prompt, the response and everything, of each message its text, its reasoning and its calls.
  func lengths(of parts: SampleParts, measure: (UnsafeRawBufferPointer) -> Int) -> SampleLengths {
    parts.lengths { index in
      if case .inPlace(let text) = entries[index].text, entries[index].extra.isEmpty {
        return text.isEmpty ? 0 : measure(UnsafeRawBufferPointer(text))
      }
      return withParts(of: entries[index]) { $0.length(measure: measure) }
    }
  }
}
