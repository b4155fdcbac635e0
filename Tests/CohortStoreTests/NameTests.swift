import CohortCore
import CohortStore
import CohortTesting
import Testing

/// A name in a store is one that can be typed again and that a table can show, whichever program gives it.
@Suite struct NameTests {
  private static let wrong = ["", "a\tb", "a\u{1b}[31mb", "b\u{7f}", "b\u{85}", String(repeating: "x", count: 201)]

  @Test func whatCannotBeANameIsRefused() throws {
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    let before = try store.read { try $0.counters.lastSequence }
    let (snapshot, plan) = try store.read {
      (try #require(try $0.snapshot(named: "v1")), try #require(try $0.plan(named: "p")))
    }
    for name in Self.wrong {
      func refuses(_ what: String, _ body: () throws -> Void) {
        do {
          try body()
          Issue.record("a \(what) called \(name.debugDescription)")
        } catch {
          #expect((error as? CohortError)?.category == .usage, "\(what) \(name.debugDescription): \(error)")
        }
      }
      refuses("space") {
        _ = try store.write { try $0.createSpace(name: name, provider: "npy", fingerprint: "f", dimension: 2) }
      }
      refuses("grouping") {
        _ = try store.write { try $0.createGrouping(name: name, definition: GroupingDefinition(criterion: .task)) }
      }
      refuses("length measure") { _ = try store.write { try $0.createMeasure(name: name, unit: .words) } }
      refuses("snapshot") { _ = try store.write { try $0.createSnapshot(name: name, groupings: ["tasks"]) } }
      refuses("plan") {
        _ = try store.write {
          try $0.createPlan(
            name: name, snapshot: snapshot, grouping: GroupingID(0), hash: Digest128(high: 5, low: 6), plan: [1, 2, 3],
            report: "{}")
        }
      }
      refuses("run") { _ = try store.write { try $0.createRun(name: name, plan: plan) } }
    }
    #expect(try store.read { try $0.counters.lastSequence } == before)
    #expect(try store.verify().isSound)
  }

  @Test func everythingElseIsAName() throws {
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    for name in ["ü", "two words", "a*b/c:d'\"", "宽 😀", "-x", String(repeating: "y", count: 200)] {
      let made = try store.write {
        try $0.createSpace(name: name, provider: "npy", fingerprint: "f", dimension: 2).name
      }
      #expect(try made == name && store.read { try $0.space(named: name) } != nil, "\(name)")
    }
    #expect(try store.verify().isSound)
  }
}
