import CohortTesting
import Foundation
import Testing

/// A store that an older version made, with what that version said of it (`Tools/fixtures/former-store`): this version
/// reads the same in it, and goes on with it in the same way.
///
/// Two things may change with a new version of their own, and with this test: the rules by which groupings by embedding
/// make rounds (their replays then end at the first round under other rules), and the tables of the catalog.
@Suite struct FormerStoreTests {
  private static let fixtures = Checkout.fixtures(of: "CommandTests")

  /// Runs `body` where the store was unpacked as `cohort`, and further samples as `more`.
  private func withFormerStore(_ body: (Program, _ expected: [String: Any]) throws -> Void) throws {
    let answers = try Data(contentsOf: Self.fixtures.appendingPathComponent("former-store.json"))
    let expected = try #require(try JSONSerialization.jsonObject(with: answers) as? [String: Any])
    try withProgram { program in
      let archive = Self.fixtures.appendingPathComponent("former-store.tar.gz").path
      let unpacked = try program.shell(#"tar -xzf "$ARCHIVE""#, environment: ["ARCHIVE": archive])
      try #require(unpacked.status == 0, "\(unpacked)")
      try body(program, expected)
    }
  }

  private func answer(_ program: Program, _ command: String) throws -> Any {
    let result = try program.shell("cohort \(command) --json")
    try #require(result.status == 0, "\(command): \(result)")
    return try result.json()
  }

  private func rows(_ program: Program, _ command: String) throws -> [[String: Any]] {
    let result = try program.shell("cohort \(command) --format jsonl")
    try #require(result.status == 0, "\(command): \(result)")
    return try result.jsonLines()
  }

  /// That `found` is what is expected. It may have further fields: answers grow.
  private func expect(
    _ found: Any?, toBe expected: Any?, _ place: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let differences = differences(found, from: expected, at: place)
    #expect(differences == [], sourceLocation: sourceLocation)
  }

  private func differences(_ found: Any?, from expected: Any?, at place: String) -> [String] {
    switch (expected, found) {
    case (let expected as [String: Any], let found as [String: Any]):
      return expected.sorted { $0.key < $1.key }.flatMap { key, value in
        differences(found[key], from: value, at: "\(place).\(key)")
      }
    case (let expected as [Any], let found as [Any]) where expected.count == found.count:
      return expected.indices.flatMap { differences(found[$0], from: expected[$0], at: "\(place)[\($0)]") }
    case (let expected as String, let found as String) where expected == found: return []
    case (let expected as NSNumber, let found as NSNumber) where expected == found: return []
    case (_ as NSNull, _ as NSNull): return []
    default: return ["\(place): \(found ?? "nothing") instead of \(expected ?? "nothing")"]
    }
  }

  @Test func readingDoesNotChangeIt() throws {
    try withFormerStore { program, expected in
      let file = program.folder.appendingPathComponent("cohort/data.mdb")
      let before = try Data(contentsOf: file)
      try expect(answer(program, "info"), toBe: expected["info"], "info")
      for command in [
        "verify", "group list --grouping topics", "sample show 0", "plan show fill", "sql 'SELECT * FROM plans'",
      ] {
        #expect(try program.shell("cohort \(command)").status == 0, "\(command)")
      }
      #expect(try Data(contentsOf: file) == before)
    }
  }

  @Test func itHoldsTheSameSamplesAndHistory() throws {
    try withFormerStore { program, expected in
      let samples = try #require(expected["samples"] as? [[String: Any]])
      let ids = samples.compactMap { ($0["id"] as? Int).map(String.init) }.joined(separator: " ")
      try expect(rows(program, "sample show \(ids)"), toBe: samples, "samples")
      var kinds: [String: Int] = [:]
      for entry in try rows(program, "log") { kinds[try #require(entry["kind"] as? String), default: 0] += 1 }
      #expect(kinds == expected["log"] as? [String: Int])
      try expect(rows(program, "space list"), toBe: expected["spaces"], "spaces")
      try expect(rows(program, "length list"), toBe: expected["lengths"], "lengths")
    }
  }

  @Test func itHasTheSameGroupsSnapshotsAndPlans() throws {
    try withFormerStore { program, expected in
      let groups = try #require(expected["groups"] as? [String: Any])
      for (name, expected) in groups {
        try expect(rows(program, "group list --grouping \(name)"), toBe: expected, name)
      }
      try expect(rows(program, "snapshot list"), toBe: expected["snapshots"], "snapshots")
      try expect(rows(program, "plan list"), toBe: expected["plans"], "plans")
    }
  }

  @Test func itsPlansGiveTheSameBatches() throws {
    try withFormerStore { program, expected in
      let digests = try #require(expected["digests"] as? [[String: Any]])
      #expect(digests.count == 16)
      for expected in digests {
        let name = try #require(expected["plan"] as? String)
        for ranks in ["", " --world 3 --accumulate 2"] {
          let found = try answer(program, "plan digest \(name) --epochs 2" + ranks)
          expect(found, toBe: expected, name + ranks)
        }
      }
    }
  }

  @Test func itIsSoundAndWhatItsLogMakesIt() throws {
    try withFormerStore { program, expected in
      let report = try #require(try answer(program, "verify --replay") as? [String: Any])
      #expect(report["sound"] as? Bool == true, "\(report)")
      expect(report["replay"], toBe: expected["replay"], "replay")
    }
  }

  /// The catalog that lies in the store knows the beginning of the log only.
  @Test func itsCatalogIsBroughtUpToDateAndMadeAnewWithTheSameContent() throws {
    let tables = [
      "store", "log", "sources", "tasks", "ingests", "quarantine", "deletions", "deleted_samples", "length_measures",
      "spaces", "groupings", "rounds", "group_events", "lineage", "snapshots", "plans", "runs", "checkpoints",
    ]
    try withFormerStore { program, expected in
      let broughtUpToDate = try tables.map { try program.cohort("sql", "SELECT * FROM \($0)", "--format", "jsonl") }
      for (result, table) in zip(broughtUpToDate, tables) {
        #expect(result.status == 0 && !result.output.isEmpty, "\(table): \(result)")
      }
      let made = try #require(try answer(program, "rebuild-catalog") as? [String: Any])
      #expect(made["content_digest"] as? String == expected["catalog"] as? String)
      for (result, table) in zip(broughtUpToDate, tables) {
        let anew = try program.cohort("sql", "SELECT * FROM \(table)", "--format", "jsonl")
        #expect(anew.output == result.output, "\(table)")
      }
    }
  }

  @Test func itsInterruptedTrainingEndsInTheSameWeights() throws {
    try withFormerStore { program, expected in
      let steps = try rows(program, "train --plan short --run half --epochs 2 --resume")
      expect(steps.last, toBe: expected["training"], "training")
    }
  }

  /// New samples, vectors that a model makes and lengths, rounds, a snapshot and a plan.
  @Test func itGoesOnInTheSameWay() throws {
    try withFormerStore { program, expected in
      let expected = try #require(expected["continued"] as? [String: Any])
      let ingested = try answer(
        program, "ingest more/more.jsonl --task-field kind --embeddings more/more.npy --space given")
      expect(ingested, toBe: expected["ingest"], "ingest")
      let changed = try program.shell("set -e; cohort sample delete '120..<124'; cohort update")
      #expect(changed.status == 0, "\(changed)")
      let snapshot = try answer(program, "snapshot create next")
      expect(snapshot, toBe: expected["snapshot"], "snapshot")
      _ = try answer(program, "plan create next --snapshot next --grouping topics --batch-size 8 --seed 3")
      let plan = try answer(program, "plan digest next --epochs 2")
      expect(plan, toBe: expected["plan"], "plan")
      let report = try #require(try answer(program, "verify --replay") as? [String: Any])
      #expect(report["sound"] as? Bool == true, "\(report)")
      expect(report["replay"], toBe: expected["replay"], "replay")
    }
  }

  @Test func itsSamplesAreKnownWhenTheyComeAgain() throws {
    try withFormerStore { program, _ in
      let count = try program.samples()
      let exported = try program.cohort("export", "--as", "messages", "again.jsonl")
      #expect(exported.status == 0, "\(exported)")
      let report = try #require(try answer(program, "ingest again.jsonl --dedupe store") as? [String: Any])
      #expect(report["inserted"] as? Int == 0 && report["duplicates"] as? Int == count, "\(report)")
    }
  }

  @Test func itsBackupIsWholeAndTheDaemonTakesItOver() throws {
    try withFormerStore { program, _ in
      let copied = try program.cohort("backup", "copy")
      #expect(copied.status == 0, "\(copied)")
      let count = try program.samples("copy")
      try program.write(try program.read("more/more.jsonl"), to: "copy/inbox/more.jsonl")
      let (status, daemon) = try program.daemonOnce("--store", "copy")
      #expect(status == 0, "\(daemon.log)")
      #expect(try program.samples("copy") == count + 40)
      let verified = try program.cohort("verify", "--replay", "--store", "copy")
      #expect(verified.status == 0, "\(verified)")
    }
  }
}
