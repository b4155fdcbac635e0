import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting
import Foundation
import Testing

@Suite struct VerificationTests {
  @Test func aSoundStoreHasNoProblems() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let report = try made.store.verify()
    #expect(report.isSound, "\(report.problems)")
    #expect(report.tables.map(\.name).sorted() == RawTables.names.map(\.name).sorted())
    #expect(report.tables.first { $0.name == "samples" }?.records == 5)
    let repaired = try made.store.repair(dryRun: false)
    #expect(repaired.isEmpty)
    // The copy starts with LMDB's transaction 1 again.
    try made.store.backup(to: folder.file("copy"))
    let copy = try Store.open(at: folder.file("copy"), access: .owner(name: "test"))
    #expect(try copy.verify().isSound)
    _ = try copy.write { try $0.delete([SampleID(0)], reason: "") }
    #expect(try copy.verify().isSound)
  }

  /// Every single value of every table: a flipped bit is found, and the rest is still read. Reading the value otherwise
  /// gives an error, never another value.
  @Test func everyDamagedValueIsFound() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    var generator = SplitMix64(seed: 11)
    for (name, _) in RawTables.names {
      for (key, value) in try raw.values(name) where key != Array("counters".utf8) {
        let bit = Int(generator.next() % UInt64(value.count * 8))
        func flip() throws { try raw.change(name, key) { $0[bit / 8] ^= 1 << UInt8(bit % 8) } }
        try flip()
        // The counters were not written with it: they are of the transaction before.
        try rewriteCounters(made.store)
        let report = try made.store.verify()
        #expect(!report.isSound, "\(name) \(hexadecimal(key)), bit \(bit)")
        try flip()
        try rewriteCounters(made.store)
      }
    }
    #expect(try made.store.verify().isSound)
  }

  /// Every single value of every table is missed when it is gone.
  @Test func everyMissingValueIsFound() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    for (name, _) in RawTables.names {
      for (key, value) in try raw.values(name) where name != "meta" {
        try raw.remove(name, key)
        try rewriteCounters(made.store)
        #expect(try !made.store.verify().isSound, "\(name) \(hexadecimal(key))")
        try raw.change(name, key) { $0 = value }
        try rewriteCounters(made.store)
      }
    }
    #expect(try made.store.verify().isSound)
  }

  /// A sound value under another key of its table.
  @Test func everyMovedValueIsFound() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    for name in ["log", "samples", "columns", "groups"] {
      let values = try raw.values(name)
      try raw.change(name, values[1].key) { $0 = values[0].value }
      try rewriteCounters(made.store)
      #expect(try !made.store.verify().isSound, "\(name)")
      try raw.change(name, values[1].key) { $0 = values[1].value }
    }
    try rewriteCounters(made.store)
    let other = try raw.values("samples")[4].value
    try raw.change("samples", RawTables.key(3)) { $0 = other }
    try rewriteCounters(made.store)
    #expect(throws: CohortError.self) { try made.store.read { try $0.sample(SampleID(3)) } }
  }

  @Test func whatIsDerivedIsRepaired() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    let groups = try raw.values("groups")
    let run = try #require(try raw.values("identity").first)
    try raw.change("identity", run.key) { $0[20] ^= 1 }
    try raw.change("identity", RawTables.key(9 << 32)) { $0 = run.value }
    try rewriteCounters(made.store)
    // A wrong size with the right checksum: the first byte behind it.
    try raw.change("groups", groups[1].key) { value in
      value[8] += 1
      reseal(&value, salt(7, RawTables.integer(groups[1].key)))
    }
    try rewriteCounters(made.store)
    let planned = try made.store.repair(dryRun: true)
    #expect(planned.groupSizes == 1)
    #expect(planned.identitiesAdded == 4 && planned.identitiesRemoved == 2)
    let damaged = try made.store.verify()
    #expect(!damaged.isSound && damaged.problems.allSatisfy { $0.isRepairable }, "\(damaged.problems)")
    let done = try made.store.repair(dryRun: false)
    #expect(done.identitiesAdded == 4 && done.identitiesRemoved == 2 && done.groupSizes == 1)
    #expect(try made.store.verify().isSound)
    #expect(try made.store.repair(dryRun: false).isEmpty)
    // A list of runs that is damaged, or gone.
    let key = Array("identity".utf8)
    try raw.change("meta", key) { $0[9] ^= 1 }
    try rewriteCounters(made.store)
    #expect(try !made.store.verify().isSound)
    #expect(try made.store.repair(dryRun: false).identitiesAdded == 4)
    #expect(try made.store.verify().isSound)
    #expect(try raw.values("groups").map { hexadecimal($0.value) } == groups.map { hexadecimal($0.value) })
  }

  @Test func aDamagedSampleCanBeDeleted() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    try raw.change("samples", RawTables.key(3)) { $0[20] ^= 4 }
    try rewriteCounters(made.store)
    #expect(throws: CohortError.self) { try made.store.read { try $0.sample(SampleID(3)) } }
    #expect(try made.store.write { try $0.delete([SampleID(3)], reason: "damaged") } == [SampleID(3)])
    #expect(try made.store.read { try $0.sample(SampleID(3)) } == nil)
    #expect(try made.store.verify().isSound)
  }
}

/// So that the counters are of the last transaction, as the store demands.
func rewriteCounters(_ store: Store) throws {
  let raw = try RawTables(at: store.path)
  let transaction = try raw.environment.statistics().lastTransaction + 1
  try raw.change("meta", Array("counters".utf8)) { value in
    let end = value.count
    withUnsafeBytes(of: transaction.littleEndian) { value.replaceSubrange((end - 8)..<end, with: $0) }
    reseal(&value, salt(1, XXH3.hash64(Array("counters".utf8))))
  }
}

/// Gives a value the checksum that belongs to it.
func reseal(_ value: inout [UInt8], _ salt: UInt64) {
  let checksum = XXH3.hash64(Array(value[8...])) ^ salt
  withUnsafeBytes(of: checksum.littleEndian) { value.replaceSubrange(0..<8, with: $0) }
}

/// What a checksum is mixed with, as `Schemas/store.md` has it.
func salt(_ table: UInt64, _ key: UInt64) -> UInt64 {
  Mixing.finalize(key ^ Mixing.finalize(table &+ 0x9e37_79b9_7f4a_7c15))
}
