internal import CohortCore

/// A shape together with the options that concern single fields, ready for the hot path. Immutable.
final class CompiledShape: Sendable {
  /// A field that is not simply a key of the record: where it lies, step by step.
  struct Path: Sendable {
    var slot: FieldSlot
    var steps: FieldPath
  }

  let shape: RecordShape
  let keys: KeyTable
  /// Dotted paths, looked up when no key of that name is there.
  let paths: [Path]
  /// The record itself is the list of turns.
  let isRootTurns: Bool
  /// A record without an input does not fit.
  let requiresInput: Bool
  let turnKeys: TurnKeys
  let roles: RoleTable
  /// The label of every sample; nil when it comes from a field or there is none.
  let fixedTask: String?
  /// Which attributes count when duplicates are looked for.
  let identity: IdentityRule
  let lengthUnit: LengthUnit
  let countTokens: (@Sendable (UnsafeRawBufferPointer) -> Int)?
  /// The highest rank of a message that is on an accepted path of a tree; 0 is the best.
  let highestRank: Int

  init(_ shape: RecordShape, options: IngestionOptions, source: InputSource) {
    self.shape = shape
    var fields = shape.fields.filter { $0.slot != .task || options.task == .layout }.map {
      (key: $0.key, slot: $0.slot)
    }
    switch options.task {
    case .layout: fixedTask = nil
    case .fixed(let name): fixedTask = name
    case .fileName: fixedTask = source.taskFromFileName
    case .field(let key):
      fixedTask = nil
      fields.append((key: key, slot: .task))
    }
    if case .layout = options.task, let key = options.map?[.task] {
      fields.removeAll { $0.slot == .task }
      fields.append((key: key, slot: .task))
    }
    if let key = options.lengthField { fields.append((key: key, slot: .length)) }
    keys = KeyTable(fields.filter { !$0.key.isEmpty }.map { (key: $0.key, bits: $0.slot.bit) })
    var paths: [Path] = []
    for field in fields {
      if let steps = FieldPath(field.key) { paths.append(Path(slot: field.slot, steps: steps)) }
    }
    var identity = options.identity
    // What a record is about and how long it is says nothing of what is trained on.
    identity.layoutKeys += shape.fields.filter { ![.task, .length, .ignored].contains($0.slot) }.map(\.key)
    self.identity = identity
    self.paths = paths
    requiresInput = shape.field(in: .input)?.isRequired == true
    isRootTurns = fields.contains { $0.key.isEmpty && $0.slot == .messages }
    var words = shape.words
    words.roles.merge(options.roles) { $1 }
    turnKeys = TurnKeys(words)
    roles = RoleTable(words.roles)
    lengthUnit = options.lengthUnit
    countTokens = options.countTokens
    highestRank = options.highestRank
  }
}

/// A dotted path into objects and lists: `response.body.choices.0.message`.
struct FieldPath: Hashable, Sendable {
  struct Step: Hashable, Sendable {
    var key: [UInt8]
    /// The step as an index of a list; nil for one that is no number.
    var index: Int?
  }

  let steps: [Step]

  /// nil for a key without a dot.
  init?(_ key: String) {
    guard key.utf8.contains(UInt8(ascii: ".")) else { return nil }
    steps = key.split(separator: ".").map { Step(key: Array($0.utf8), index: Int($0)) }
  }

  /// The value at the end of the path; nil when the record does not go so far.
  func value(in object: Int, of tape: UnsafeTape) -> Int? {
    var current = object
    for step in steps {
      switch tape.kind(current) {
      case .object:
        guard let next = tape.member(step.key, of: current) else { return nil }
        current = next
      case .array:
        guard let index = step.index, let next = tape.element(index, of: current) else { return nil }
        current = next
      default: return nil
      }
    }
    return current
  }
}
