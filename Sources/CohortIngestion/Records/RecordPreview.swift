internal import CohortCore

/// One record, and what would become of it.
public struct RecordPreview: Hashable, Sendable {
  /// A field of the record.
  public struct Field: Hashable, Sendable {
    /// Its key or dotted path; empty for a record that is a list of turns itself.
    public var key: String
    /// `prompt`, `response`, `messages`, `system`, `task`, `tools`, …; `attribute` for what is kept beside the texts,
    /// `dropped` for what is not kept.
    public var becomes: String
    /// The beginning of the value, as JSON.
    public var value: String
  }

  /// A message of the sample.
  public struct Turn: Hashable, Sendable {
    public var role: String
    /// The beginning of the text.
    public var text: String
    /// What stands beside the text: a JSON object, empty when there is nothing.
    public var extra: String
    /// `prompt`, `response`, or nil for a message behind the response.
    public var part: String?
  }

  /// 1-based, as in `SampleBatch.Row.line`.
  public var line: UInt64
  /// In the order of the record.
  public var fields: [Field] = []
  /// Empty for a record that is refused.
  public var turns: [Turn] = []
  public var task: String?
  /// Why the record would be refused; nil for one that is taken.
  public var refusal: String?

  /// Characters of a value that are shown.
  static let shown = 120
}

extension RecordParser {
  /// Describes the record that was read last, before its draft is reset.
  func preview(_ record: Int, of tape: UnsafeTape, _ shape: CompiledShape, line: UInt64, task: String?) -> RecordPreview
  {
    var preview = RecordPreview(line: line, task: task)
    func add(_ key: String, _ becomes: String, _ value: Int) {
      var json: [UInt8] = []
      CanonicalJSON.append(value, of: tape, to: &json)
      preview.fields.append(.init(key: key, becomes: becomes, value: Self.beginning(json)))
    }
    if tape.kind(record) == .object {
      let kept = Set(attributes)
      tape.forEachMember(of: record) { key, value in
        var words = FieldSlot.allCases.filter { slots[$0.rawValue] == value }.map { $0.word ?? "\($0)" }
        if kept.contains(key) { words.append("attribute") }
        add(tape.string(key), words.isEmpty ? "dropped" : words.joined(separator: ", "), value)
        return true
      }
      for path in shape.paths where slots[path.slot.rawValue] > 0 {
        let name = shape.shape.field(in: path.slot)?.key ?? ""
        if !preview.fields.contains(where: { $0.key == name }) {
          add(name, path.slot.word ?? "\(path.slot)", slots[path.slot.rawValue])
        }
      }
    } else {
      add("", "messages", record)
    }
    let parts = draft.parts
    preview.turns = draft.entries.enumerated().map { index, entry in
      RecordPreview.Turn(
        role: entry.roleName.map { String(decoding: $0, as: UTF8.self) } ?? Self.name(of: entry.role),
        text: Self.beginning(draft.bytes(of: entry.text)),
        extra: String(decoding: draft.scratch[entry.extra], as: UTF8.self),
        part: index == parts.response ? "response" : parts.prompt.contains(index) ? "prompt" : nil)
    }
    return preview
  }

  private static func name(of role: UInt8) -> String {
    switch role {
    case MessageDraft.system: "system"
    case MessageDraft.user: "user"
    case MessageDraft.assistant: "assistant"
    default: "tool"
    }
  }

  private static func beginning(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.count > RecordPreview.shown ? text.prefix(RecordPreview.shown) + "…" : text
  }
}
