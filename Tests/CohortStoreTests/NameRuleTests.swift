import CohortCore
import CohortStore
import CohortTesting
import Testing

/// Nothing new gets a name that cannot be typed again, whoever asks.
@Suite struct NameRuleTests {
  @Test(arguments: ["", "a\u{7}b", "\n", String(repeating: "ä", count: 101)])
  func whatIsNoNameIsRefused(name: String) throws {
    let folder = try TemporaryFolder()
    let made = try FormatStore(at: folder.file("s"))
    let store = made.store
    let before = try RawTables(at: made.path).values("names").map(\.key)
    let (snapshot, plan) = try store.read { transaction in
      (try #require(try transaction.snapshot(named: "v1")), try #require(try transaction.plan(named: "p")))
    }
    let attempts: [(WriteAttempt)] = [
      { _ = try $0.createSpace(name: name, provider: "npy", fingerprint: "f", dimension: 2) },
      { _ = try $0.createGrouping(name: name, definition: GroupingDefinition(criterion: .task)) },
      { _ = try $0.createSnapshot(name: name, groupings: ["tasks"]) },
      {
        _ = try $0.createPlan(
          name: name, snapshot: snapshot, grouping: GroupingID(0), hash: plan.hash, plan: [], report: "")
      },
      { _ = try $0.createRun(name: name, plan: plan) },
      { _ = try $0.createMeasure(name: name, unit: .bytes) },
    ]
    for (number, attempt) in attempts.enumerated() {
      let error = #expect(throws: CohortError.self, "\(number)") { try store.write { try attempt($0) } }
      #expect(error?.code.name == "store.name" && error?.category == .usage, "\(number)")
    }
    let error = #expect(throws: CohortError.self) { try store.createSnapshot(name: name, groupings: ["tasks"]) }
    #expect(error?.code.name == "store.name")
    #expect(try RawTables(at: made.path).values("names").map(\.key) == before)
    try NameRule.check(String(repeating: "ä", count: 100), of: "space")
  }

  private typealias WriteAttempt = (borrowing WriteTransaction) throws -> Void

  /// Sources and tasks are named by the data.
  @Test func dataMayBeCalledAnything() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    var builder = SampleBatchBuilder()
    builder.add(prompt: "a", response: "b", task: "")
    let prepared = builder.prepared
    _ = try store.write { try $0.ingest(prepared, source: "", origin: "") }
    #expect(try store.verify().isSound)
  }
}
