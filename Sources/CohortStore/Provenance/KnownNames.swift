internal import CohortCore
internal import CohortSystem

/// The names that the sources and tasks of a store have, kept from one write transaction to the next, so that a name which
/// is about to be given can be told from one that damage hides without reading all records again.
///
/// Read from the records once, and then added to with each commit. As sure as the records themselves: nobody else writes
/// while this process owns the store, sources and tasks are never removed, and what is kept counts only as long as the
/// store's counters tell of as many records. Names are kept as their XXH3-128; two that share one are a reason to read the
/// records, nothing else. About 32 bytes a name.
final class KnownNames: Sendable {
  private struct Names {
    var hashes: Set<Digest128> = []
    var count = 0
  }

  private struct State {
    var kinds: [NameKind: Names] = [:]
    var recordsRead: UInt64 = 0
  }

  private let state = Locked(State())

  /// How many names of a kind are known; nil before they were read.
  func count(of kind: NameKind) -> Int? { state.withLock { $0.kinds[kind]?.count } }

  func contains(_ hash: Digest128, _ kind: NameKind) -> Bool {
    state.withLock { $0.kinds[kind]?.hashes.contains(hash) ?? false }
  }

  /// Takes the names of all records of a kind.
  func set(_ hashes: Set<Digest128>, count: Int, _ kind: NameKind) {
    state.withLock {
      $0.kinds[kind] = Names(hashes: hashes, count: count)
      $0.recordsRead += UInt64(count)
    }
  }

  /// Adds what a transaction has committed, for kinds that were read before.
  func add(_ names: [NameKind: Set<Digest128>]) {
    guard !names.isEmpty else { return }
    state.withLock { state in
      for (kind, hashes) in names {
        state.kinds[kind]?.hashes.formUnion(hashes)
        state.kinds[kind]?.count += hashes.count
      }
    }
  }

  /// How many records were read, in all, to know their names.
  var recordsRead: UInt64 { state.withLock { $0.recordsRead } }

  static func hash(_ name: String) -> Digest128 {
    var name = name
    return name.withUTF8 { XXH3.hash128(UnsafeRawBufferPointer($0)) }
  }
}

extension WriteTransaction {
  /// The record of a source or task, if it has one.
  /// - Complexity: a look-up; the first name of a transaction's kind that is new costs O(records) once for the process.
  func record<T: NamedRecord>(_ type: T.Type, named name: String) throws -> T? {
    guard try reading.number(T.kind, named: name) != nil else {
      try confirmAbsence(ofNew: [name], type)
      return nil
    }
    return try reading.record(type, named: name)
  }

  /// Makes sure that names of sources or tasks, which were not found, are not hidden by damage, and notes that they are
  /// about to be given.
  /// - Throws: also `store.name` for one that is longer than `NameRule.longestLabel`.
  /// - Complexity: O(names); O(records) where the records were not yet read, or one of them has such a name.
  func confirmAbsence<T: NamedRecord>(ofNew names: Set<String>, _ type: T.Type) throws {
    guard !names.isEmpty else { return }
    let kind = T.kind
    for name in names { try NameRule.checkLabel(name, of: kind.word) }
    let pending = state.newNames[kind, default: []]
    let count = try reading.recordCount(of: kind)
    if pending.isEmpty, known.count(of: kind) != count {
      let records = try reading.records(type)
      known.set(Set(records.map { KnownNames.hash($0.name) }), count: records.count, kind)
    }
    let hashes = Set(names.map(KnownNames.hash))
    let isSure =
      known.count(of: kind).map { $0 + pending.count == count } == true && hashes.count == names.count
      && pending.isDisjoint(with: hashes) && !hashes.contains { known.contains($0, kind) }
    if !isSure { try reading.confirmAbsence(of: names, type) }
    state.newNames[kind, default: []].formUnion(hashes)
  }
}
