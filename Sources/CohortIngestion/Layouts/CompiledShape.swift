internal import CohortCore

/// A shape together with the options that concern single fields, ready for the hot path. Immutable.
final class CompiledShape: Sendable {
  struct Path: Sendable {
    var slot: FieldSlot
    var components: [[UInt8]]
  }

  let shape: RecordShape
  let keys: KeyTable
  /// Dotted paths, looked up when no key of that name is there.
  let paths: [Path]
  let roleKey: [UInt8]
  let contentKey: [UInt8]
  let roles: [(name: [UInt8], role: MessageDialect.Role)]
  /// The label of every sample; nil when it comes from a field or there is none.
  let fixedTask: String?
  /// Which attributes count when duplicates are looked for.
  let identity: IdentityRule
  let lengthUnit: LengthUnit
  let countTokens: (@Sendable (UnsafeRawBufferPointer) -> Int)?

  init(_ shape: RecordShape, options: IngestionOptions, source: InputSource) {
    self.shape = shape
    var keys = shape.fields.filter { $0.slot != .task || options.task == .layout }.map { (key: $0.key, slot: $0.slot) }
    switch options.task {
    case .layout: fixedTask = nil
    case .fixed(let name): fixedTask = name
    case .fileName: fixedTask = source.taskFromFileName
    case .field(let key):
      fixedTask = nil
      keys.append((key: key, slot: .task))
    }
    if case .layout = options.task, let key = options.map?.task {
      keys.removeAll { $0.slot == .task }
      keys.append((key: key, slot: .task))
    }
    if let key = options.lengthField { keys.append((key: key, slot: .length)) }
    self.keys = KeyTable(keys)
    paths = keys.filter { $0.key.utf8.contains(UInt8(ascii: ".")) }.map { entry in
      Path(slot: entry.slot, components: entry.key.split(separator: ".").map { Array($0.utf8) })
    }
    roleKey = Array(shape.dialect.roleKey.utf8)
    contentKey = Array(shape.dialect.contentKey.utf8)
    roles = shape.dialect.roles.map { (name: Array($0.key.utf8), role: $0.value) }.sorted {
      $0.name.lexicographicallyPrecedes($1.name)
    }
    var identity = options.identity
    // What a record is about and how long it is says nothing of what is trained on.
    identity.layoutKeys += shape.fields.filter { ![.task, .length, .ignored].contains($0.slot) }.map(\.key)
    self.identity = identity
    lengthUnit = options.lengthUnit
    countTokens = options.countTokens
  }
}
