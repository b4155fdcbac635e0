import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

/// `cohort verify --replay`: groupings made anew from the log, and what differs from it found.
@Suite struct ReplayTests {
  private static let data = Checkout.quickstartData

  /// Real samples with vectors, in groupings of every kind, with updates, deletions and a tail in between.
  static func prepared(_ program: Program) throws {
    let result = try program.shell(
      """
      set -e
      cohort init
      cohort ingest \(data)/gsm8k --task gsm8k --embeddings \(data)/gsm8k.npy
      cohort grouping create tasks --by task
      cohort grouping create levels --by attribute:level
      cohort grouping create lengths --by length --quantiles 8
      cohort grouping create topics --by embedding --groups 16
      for i in 1 2 3 4 5 6 7 8 9; do echo "{\\"prompt\\":\\"p$i\\",\\"completion\\":\\"c\\",\\"level\\":$((i % 3))}"; done > levels.jsonl
      cohort ingest levels.jsonl
      cohort update
      cohort sample delete 3 5 601 602 --reason test
      cohort ingest \(data)/p3 --task-from-filename --embeddings \(data)/p3.npy
      cohort update --grouping topics
      cohort sample delete 10 700 900
      cohort update
      """)
    try #require(result.status == 0, "\(result)")
  }

  private func replay(_ program: Program, _ arguments: String...) throws -> (Program.Result, [[String: Any]]) {
    let result = try program.shell("cohort verify --replay --json " + arguments.joined(separator: " "))
    let report = try #require(try result.jsonLines().first, "\(result)")
    return (result, try #require(report["replay"] as? [[String: Any]], "\(result)"))
  }

  @Test func aSoundStoreIsWhatTheLogMakesIt() throws {
    try withProgram { program in
      try Self.prepared(program)
      let (result, replays) = try replay(program)
      #expect(result.status == 0, "\(result)")
      #expect(replays.compactMap { $0["grouping"] as? String } == ["tasks", "levels", "lengths", "topics"])
      for one in replays {
        #expect(one["result"] as? String == "same", "\(one)")
        #expect((one["rounds"] as? Int).map { $0 > 0 } == true, "\(one)")
        #expect((one["digest"] as? String)?.count == 16, "\(one)")
      }
      let table = try program.cohort("verify", "--replay", "--grouping", "topics")
      #expect(table.status == 0 && table.output.contains("same") && !table.output.contains("tasks"), "\(table)")
      #expect(try program.cohort("verify", "--replay", "--grouping", "topic").status == 3)
      #expect(try program.cohort("verify", "--grouping", "topics").status == 2)
      // An empty grouping has nothing to differ in.
      _ = try program.cohort("grouping", "create", "late", "--by", "task")
      #expect(try program.cohort("verify", "--replay", "--grouping", "late").status == 0)
    }
  }

  /// What has the right checksums and agrees with its neighbours, and is not what the log says.
  @Test func whatIsForgedIsFound() throws {
    try withProgram { program in
      try Self.prepared(program)
      let forged = ForgedStore(path: program.folder.path + "/cohort")
      let (grouping, rounds, members) = try places(forged.path)
      let column = UInt64(grouping.groupColumn.number) << 32

      func expectDifference(_ what: String, at sequence: LogSequence?, _ change: () throws -> Void) throws {
        try change()
        #expect(try program.cohort("verify").status == 0, "\(what): verify alone finds it")
        let (result, replays) = try replay(program, "--grouping", "topics")
        #expect(result.status == 4, "\(what): \(result)")
        #expect(replays.first?["result"] as? String == "different", "\(what): \(result)")
        let difference = try #require(replays.first?["difference"] as? [String: Any], "\(what): \(result)")
        if let sequence { #expect(difference["sequence"] as? Int == Int(sequence.rawValue), "\(what): \(result)") }
        #expect(try result.error()["place"] as? String != nil, "\(what)")
        try change()
        #expect(try program.cohort("verify", "--replay", "--grouping", "topics").status == 0, "\(what) undone")
      }

      let middle = rounds[rounds.count / 2]
      try expectDifference("a flipped digest", at: middle) {
        try forged.change(.log, middle.rawValue) { $0[$0.count - 3] ^= 4 }
      }
      try expectDifference("two samples that changed places", at: nil) {
        try forged.change(.columns, column) { bytes in
          for byte in 0..<4 { bytes.swapAt(24 + members.0 * 4 + byte, 24 + members.1 * 4 + byte) }
        }
      }
      try expectDifference("a changed distance", at: nil) {
        try forged.change(.columns, column + 1 << 32) { $0[24 + members.0 * 4] ^= 1 }
      }
      try expectDifference("a changed sum of a group", at: nil) {
        try forged.change(.groups, UInt64(grouping.id.rawValue) << 32 | 2) { $0[$0.count - 6] ^= 1 }
      }
    }
  }

  /// The grouping `topics`, its complete rounds, and two rows of its first chunk in different groups.
  private func places(_ path: String) throws -> (GroupingRecord, [LogSequence], (Int, Int)) {
    let store = try Store.open(at: path)
    return try store.read { transaction in
      let grouping = try #require(try transaction.grouping(named: "topics"))
      var rounds: [LogSequence] = []
      try transaction.forEachEntry { entry in
        if let round = entry.event as? LogEvent.Round, round.grouping == grouping.id, !round.provisional {
          rounds.append(entry.sequence)
        }
        return true
      }
      let first = try transaction.uint32(grouping.groupColumn, SampleID(0))
      let other = try #require(
        try (1..<500).first { row in
          let group = try transaction.uint32(grouping.groupColumn, SampleID(UInt64(row)))
          return group != first && group != .max
        })
      return (grouping, rounds, (0, other))
    }
  }

  @Test func aLabelThatWasErasedUnseenIsSaidToBeGone() throws {
    try withProgram { program in
      try Self.prepared(program)
      let forged = ForgedStore(path: program.folder.path + "/cohort")
      let levels = try Store.open(at: forged.path).read { try $0.grouping(named: "levels") }
      let column = try #require(levels).distanceColumn
      // As an older version left the row of a deleted sample.
      try forged.change(.columns, UInt64(column.number) << 32) { bytes in
        for byte in 0..<4 { bytes[24 + 601 * 4 + byte] = 0 }
      }
      let (result, replays) = try replay(program, "--grouping", "levels")
      #expect(result.status == 0, "\(result)")
      #expect((replays.first?["result"] as? String)?.hasPrefix("not replayable") == true, "\(result)")
      #expect(result.output.contains("sample 601"), "\(result)")
    }
  }
}
