internal import CohortCore
internal import CohortLMDB

/// Something with a number and a name in the table `names`:
///
/// ```
/// names[kind | name]              u64 checksum, u32 number
/// names[kind + 0x80 | u32 BE]     u64 checksum, record
/// ```
///
/// Names longer than a key may be are cut after 256 bytes and get their XXH3-128 behind.
protocol NamedRecord {
  static var kind: NameKind { get }
  var number: UInt32 { get }
  var name: String { get }
  func encode(into writer: inout ByteWriter)
  init(from reader: inout ByteReader) throws
}

/// First byte of a key in `names`.
enum NameKind: UInt8, CaseIterable {
  case source = 1
  case task = 2
  case space = 3
  case grouping = 4
  case snapshot = 5
  case plan = 6
  case run = 7
  case measure = 8

  /// The word for messages.
  var word: String {
    switch self {
    case .source: "source"
    case .task: "task"
    case .space: "embedding space"
    case .grouping: "grouping"
    case .snapshot: "snapshot"
    case .plan: "plan"
    case .run: "run"
    case .measure: "length measure"
    }
  }

  func key(ofName name: String) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(rawValue)
    let utf8 = [UInt8](name.utf8)
    if utf8.count <= 256 {
      writer.raw(utf8)
    } else {
      writer.raw(utf8[..<256])
      writer.digest(XXH3.hash128(utf8))
    }
    return writer.bytes
  }

  func key(ofNumber number: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(rawValue | 0x80)
    writer.fixed(number.byteSwapped)
    return writer.bytes
  }
}

extension ReadTransaction {
  func number(_ kind: NameKind, named name: String) throws -> UInt32? {
    let key = kind.key(ofName: name)
    guard let stored = try unsafe.get(tables.names, key) else { return nil }
    return try Sealed.decode(stored, SealPlace(.names, key), "The name of \(kind.word) \(name)") {
      try $0.fixed(UInt32.self)
    }
  }

  func record<T: NamedRecord>(_ type: T.Type, number: UInt32) throws -> T? {
    let key = T.kind.key(ofNumber: number)
    guard let stored = try unsafe.get(tables.names, key) else { return nil }
    return try Sealed.decode(stored, SealPlace(.names, key), "The record of \(T.kind.word) \(number)") {
      try T(from: &$0)
    }
  }

  func record<T: NamedRecord>(_ type: T.Type, named name: String) throws -> T? {
    guard let number = try number(T.kind, named: name) else {
      try confirmAbsence(of: [name], type)
      return nil
    }
    guard let record = try record(type, number: number) else {
      throw CohortError.missing("The record of \(T.kind.word) \(name)")
    }
    guard record.name == name else {
      throw CohortError.corrupted("The name of \(T.kind.word) \(name)", cause: "it points at \(record.name)")
    }
    return record
  }

  /// Makes sure that names that were not found are not hidden by damage: the records know their names, too, and the
  /// counters know how many records there are.
  /// - Complexity: O(records of the kind).
  func confirmAbsence<T: NamedRecord>(of names: Set<String>, _ type: T.Type) throws {
    for record in try records(type) where names.contains(record.name) {
      throw CohortError.missing("The name of \(T.kind.word) \(record.name)")
    }
  }

  /// All records of a kind in the order of their numbers.
  func records<T: NamedRecord>(_ type: T.Type) throws -> [T] {
    var all: [T] = []
    try unsafe.walk(tables.names, from: T.kind.key(ofNumber: 0)) { key, value in
      guard key.count == 5, key[0] == T.kind.rawValue | 0x80 else { return false }
      all.append(
        try Sealed.decode(value, SealPlace(.names, key), "A record of kind \(T.kind.word)") { try T(from: &$0) })
      return true
    }
    let expected = try recordCount(of: T.kind)
    guard all.count == expected else {
      throw CohortError.corrupted(
        "The names of the store", cause: "there are \(all.count) records of kind \(T.kind.word), not \(expected)")
    }
    return all
  }
}

extension WriteTransaction {
  /// Adds or replaces a record and its name.
  func put<T: NamedRecord>(_ record: T) throws {
    var name = ByteWriter()
    name.fixed(record.number)
    var body = ByteWriter()
    record.encode(into: &body)
    for (key, value) in [
      (T.kind.key(ofName: record.name), name.bytes), (T.kind.key(ofNumber: record.number), body.bytes),
    ] {
      try Sealed.seal(value, SealPlace(.names, key)).withUnsafeBytes { try unsafe.put(tables.names, key, $0) }
    }
  }

  func remove<T: NamedRecord>(_ record: T) throws {
    try unsafe.delete(tables.names, T.kind.key(ofName: record.name))
    try unsafe.delete(tables.names, T.kind.key(ofNumber: record.number))
  }
}

extension ReadTransaction {
  /// How many records of a kind there are in `names`.
  func recordCount(of kind: NameKind) throws -> Int {
    let given = state.counters.records(of: kind)
    return kind == .space ? given - Int(try SpaceChanges(in: unsafe, tables).dropped) : given
  }
}

extension StoreCounters {
  /// How many records of a kind there are in `names`; of embedding spaces, how many there ever were.
  func records(of kind: NameKind) -> Int {
    switch kind {
    case .source: Int(nextSource)
    // 0 stands for the missing label.
    case .task: Int(nextTask) - 1
    case .space: Int(nextSpace)
    case .grouping: Int(nextGrouping) - Int(droppedGroupings)
    case .snapshot: Int(nextSnapshot) - Int(droppedSnapshots)
    case .plan: Int(nextPlan) - Int(droppedPlans)
    case .run: Int(nextRun)
    case .measure: Int(nextMeasure) - Int(droppedMeasures)
    }
  }
}
