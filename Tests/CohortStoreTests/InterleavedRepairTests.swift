import CohortCore
import CohortStore
import CohortTesting
import Testing

/// What a repair writes is right though others have written since it looked.
@Suite struct InterleavedRepairTests {
  /// The list of runs that takes the place of the old one knows of samples that came at the last moment.
  @Test func samplesThatComeDuringARepairAreFoundAgain() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    // A run that is in no list: a reason to make the index anew.
    let run = try #require(try raw.values("identity").first)
    try raw.change("identity", RawTables.key(9 << 32)) { $0 = run.value }
    try rewriteCounters(made.store)
    var builder = SampleBatchBuilder()
    for number in 0..<5 { builder.add(prompt: "new \(number)", response: "r") }
    let prepared = builder.prepared
    let report = try Turns.between(
      made.store, { _ = try $0.ingest(prepared, source: "later", origin: "", dedupe: .store) },
      { try made.store.repair(dryRun: false) })
    #expect(report.identitiesRemoved == 1)
    let verified = try made.store.verify()
    #expect(verified.isSound, "\(verified.problems)")
    let again = try made.store.write { try $0.ingest(prepared, source: "later", origin: "", dedupe: .store) }
    #expect(again.inserted == 0 && again.duplicates == 5)
    #expect(try made.store.repair(dryRun: false).isEmpty)
  }

  /// A size is counted where nobody can change it.
  @Test func aMemberIsDeletedDuringARepair() throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let raw = try RawTables(at: made.path)
    let groups = try raw.values("groups")
    try raw.change("groups", groups[1].key) { value in
      value[8] += 1
      reseal(&value, salt(7, RawTables.integer(groups[1].key)))
    }
    try rewriteCounters(made.store)
    let report = try Turns.between(
      made.store, { _ = try $0.delete([SampleID(0)], reason: "") }, { try made.store.repair(dryRun: false) })
    #expect(report.groupSizes == 1)
    let verified = try made.store.verify()
    #expect(verified.isSound, "\(verified.problems)")
  }
}
