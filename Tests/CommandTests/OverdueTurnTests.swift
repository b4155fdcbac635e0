import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// A guest of the daemon that is stopped in the midst of a turn: everybody who looks sees which one it is.
@Suite struct OverdueTurnTests {
  @Test func aStoppedGuestIsToldOfEverywhere() throws {
    try withProgram { program in
      try program.makeStore()
      let door = try DoorProcess(program)
      let path = program.folder.appendingPathComponent("cohort").path
      let guest = try Store.openForWriting(at: path, name: "cohort ingest")
      let state = Locked((hasTurn: false, mayGo: false))
      let thread = try WorkThread {
        try? guest.write { _ in
          state.change { $0.hasTurn = true }
          state.wait { $0.mayGo ? () : nil }
        }
      }
      state.wait { $0.hasTurn ? () : nil }
      defer {
        state.change { $0.mayGo = true }
        thread.join()
      }
      let name = "cohort ingest, process \(getpid())"
      let event = try door.daemon.wait(for: "turn_overdue")
      #expect(event["holder"] as? String == name && event["level"] as? String == "warning", "\(event)")
      #expect(event["since"] is String && event["seconds"] is Double, "\(event)")
      for info in [
        try program.cohort("info", "--json").json() as? [String: Any],
        try door.ask("GET", door.base).json() as? [String: Any],
      ] {
        let turn = try #require(info?["overdue_turn"] as? [String: Any], "\(info ?? [:])")
        #expect(turn["holder"] as? String == name && turn["seconds"] as? Double ?? 0 >= TurnHolder.usualSeconds)
      }
      let metrics = try door.ask("GET", "/metrics", token: nil).text
      let seconds = metrics.firstMatch(of: /cohort_turn_seconds\{[^}]*\} ([0-9.]+)/).flatMap { Double($0.1) }
      #expect(seconds ?? 0 > 10, "\(metrics)")
      state.change { $0.mayGo = true }
      #expect(try door.daemon.wait(for: "turn_back")["holder"] as? String == name)
      let info = try program.cohort("info", "--json").json() as? [String: Any]
      #expect(info?["overdue_turn"] == nil)
      #expect(try door.daemon.events("turn_overdue").count == 1)
      #expect(door.daemon.end() == 0, "\(door.daemon.log)")
    }
  }
}
