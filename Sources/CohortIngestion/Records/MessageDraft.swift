internal import CohortCore

/// The messages of the record that is being read. Texts are either in place on the tape, or in `scratch` when they were
/// put together. Kept from record to record, so that it allocates only while it grows.
struct MessageDraft {
  enum Text {
    case inPlace(UnsafeTape.Text)
    case scratch(Range<Int>)
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
    /// `extra` says that the model does not train on the message.
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
  func isBlank(_ entry: Entry) -> Bool { withParts(of: entry) { $0.answer.allSatisfy(TextSniffing.isSpace) } }

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
    parts.lengths { index in withParts(of: entries[index]) { $0.length(measure: measure) } }
  }
}
