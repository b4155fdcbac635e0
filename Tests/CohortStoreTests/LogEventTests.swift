import CohortCore
import CohortStore
import CohortTesting
import Testing

/// The kinds of events, and what people see of them.
@Suite struct LogEventTests {
  @Test func tagsAndNamesAreThoseOfTheFormat() {
    #expect(LogKind.allCases.map(\.rawValue) == Array(1...29))
    #expect(
      LogKind.allCases.map(\.name) == [
        "store-created", "ingest", "embed", "grouping-created", "grouping-dropped", "round", "delete",
        "snapshot-created", "snapshot-dropped", "plan-created", "plan-dropped", "checkpoint", "dictionary-trained",
        "space-created", "run-created", "length-created", "length-dropped", "measured", "space-dropped",
        "space-made-default", "relabel", "source-described", "selection-created", "selection-dropped", "query-saved",
        "query-dropped", "map-created", "map-changed", "map-dropped",
      ])
  }

  @Test func fieldsAreNamedAndOrdered() throws {
    let folder = try TemporaryFolder()
    let store = try FormatStore(at: folder.file("s")).store
    var lines: [String] = []
    try store.read { transaction in
      try transaction.forEachEntry { entry in
        let views: [LogField.Views] = [.listing, .summary]
        let shown = views.map { view in
          entry.event.fields.filter { $0.views.contains(view) }.map(\.name).joined(separator: " ")
        }
        lines.append("\(entry.event.kind.name): \(shown[0]) | \(shown[1])")
        if let round = entry.event as? LogEvent.Round {
          #expect(
            round.fields.last?.value
              == .digest(entry.sequence == LogSequence(8) ? "0000000001020304" : round.state.hexadecimal))
        }
        return true
      }
    }
    let round = "round: grouping assigned events applied provisional state | grouping assigned events provisional state"
    #expect(
      lines == [
        "store-created: id length_unit dedupe | id length_unit dedupe",
        "ingest: source first inserted duplicates quarantined new_tasks | source first inserted duplicates quarantined new_tasks new_source",
        "ingest: source first inserted duplicates quarantined new_tasks | source first inserted duplicates quarantined new_source",
        "space-created: name provider dimension fingerprint text | space name dimension",
        "embed: space vectors without refused | space vectors without",
        "grouping-created: name definition | grouping name definition",
        "grouping-created: name definition | grouping name definition", round, round,
        "delete: samples reason | samples reason",
        "snapshot-created: name samples digest | snapshot name samples digest",
        "plan-created: name snapshot grouping plan_hash | plan name snapshot grouping hash",
        "run-created: name plan plan_hash | run plan",
        "checkpoint: run number epoch step bytes | run number epoch step",
      ])
  }
}
