internal import CohortCore

/// The keys of one record, so that many shapes can be tried on it.
struct RowKeys {
  private var exact: [String: Int] = [:]
  private var folded: [String: Int] = [:]
  private let root: Int
  private let tape: UnsafeTape
  let isRecord: Bool

  init(_ record: Int, of tape: UnsafeTape) {
    (root, self.tape) = (record, tape)
    isRecord = tape.kind(record) == .object
    guard isRecord else { return }
    var exact: [String: Int] = [:]
    var folded: [String: Int] = [:]
    tape.forEachMember(of: record) { key, value in
      let name = tape.string(key)
      exact[name] = value
      folded[KeyFolding.folded(name)] = value
      return true
    }
    (self.exact, self.folded) = (exact, folded)
  }

  var names: Dictionary<String, Int>.Keys { exact.keys }

  /// The value of a field: by its key, by the key without regard to case and outer spaces, or by its path.
  func value(_ field: TriedField) -> Int? {
    if field.key.isEmpty { return isRecord ? nil : root }
    guard isRecord else { return nil }
    return exact[field.key] ?? folded[field.folded] ?? field.path?.value(in: root, of: tape)
  }
}

/// A field of a shape, ready to be looked for in many rows.
struct TriedField: Sendable {
  let key: String
  let folded: String
  let path: FieldPath?
  let slot: FieldSlot
  let kinds: RecordShape.Kinds
  let isRequired: Bool

  init(_ field: RecordShape.Field) {
    key = field.key
    folded = KeyFolding.folded(field.key)
    path = FieldPath(field.key)
    (slot, kinds, isRequired) = (field.slot, field.kinds, field.isRequired)
  }

  /// How much of a record the field explains.
  var weight: Int {
    switch slot {
    case .messages, .instances: 12
    case .rejected: 8
    case .prompt, .response, .choices: 4
    case .system, .input, .history, .tools, .definition, .label, .reasoning: 2
    case .task, .length, .ignored: 1
    }
  }
}

extension RecordShape.Kinds {
  /// Whether a value has one of these types.
  func accepts(_ value: Int, of tape: UnsafeTape, _ turns: TurnKeys) -> Bool {
    if contains(.any) { return true }
    switch tape.kind(value) {
    case .string:
      return contains(.string) || contains(.truth) && tape.truth(value) != nil
        || contains(.writtenTurns) && Transcript.holdsTurns(tape.text(value))
        || contains(.transcript) && Transcript.isTranscript(tape.text(value))
    case .null: return contains(.null)
    case .signed, .unsigned, .double, .wide: return contains(.number)
    case .yes, .no: return contains(.truth)
    case .object:
      return contains(.object) || acceptsTurn(value, of: tape, turns)
    case .array:
      if contains(.list) { return true }
      guard let first = tape.firstElement(of: value) else { return !isDisjoint(with: .turns) }
      switch tape.kind(first) {
      case .string: return contains(.strings)
      case .object: return acceptsTurn(first, of: tape, turns)
      // Questions with their answers as lists of two.
      case .array: return contains(.pairs) && tape.element(1, of: first).map { tape.kind($0) == .string } == true
      default: return false
      }
    case .other: return false
    }
  }

  private func acceptsTurn(_ turn: Int, of tape: UnsafeTape, _ turns: TurnKeys) -> Bool {
    guard !isDisjoint(with: [.roleTurns, .fromTurns, .pairs]) else { return false }
    let members = turns.members(of: turn, tape)
    if members.isPair { return contains(.pairs) }
    guard members.isTurn else { return false }
    // The key of the role sits one word before its value.
    let isFrom = UnsafeTape.isEqual(tape.text(members.role - 1), Array("from".utf8))
    return contains(isFrom ? .fromTurns : .roleTurns)
  }
}
