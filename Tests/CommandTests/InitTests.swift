import CohortCore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// `init` makes a store with all that it was asked for, or nothing that keeps the same command from making it: killed at
/// any time, or on a disk that is full. And nothing else ever takes the place of what was asked for.
///
/// 24 kills; with `COHORT_TORTURE` set 2,400. `COHORT_SEED` replays.
@Suite(.serialized) struct InitTests {
  private static let seed = Torture.seed
  private static let kills = Torture.cases(6, tortured: 600)
  private static let bundled = Checkout.bundledModel

  /// What a store is asked for.
  struct Wish: Sendable, CustomTestStringConvertible {
    let options: String
    /// What makes the vectors, and of which text.
    let space: Space
    /// Whether the space is there from the beginning, or made at the first need.
    var isAtOnce = true

    var testDescription: String { options }
  }

  struct Space: Equatable, Sendable {
    var model: String
    var text: String
  }

  private static let tokens = "--length-unit tokens --tokenizer tokenizer.json"
  static let wishes = [
    Wish(options: "--embedding ./other --embed-text response", space: Space(model: "other", text: "response")),
    Wish(options: "--embed-text both", space: Space(model: "minilm-l6-256", text: "both")),
    Wish(options: "--embedding ./other \(tokens)", space: Space(model: "other", text: "prompt")),
    Wish(options: tokens, space: Space(model: "minilm-l6-256", text: "prompt"), isAtOnce: false),
  ]

  /// Samples, a tokenizer, and a model that is another than the bundled one.
  private static func prepare(_ program: Program) throws {
    try program.write(PipelineTests.lines(12), to: "data.jsonl")
    let made = try program.shell(
      """
      set -e
      cp \(bundled)/tokenizer.json .
      cp -r \(bundled) other
      chmod -R u+w other
      printf xyz | dd of=other/model.safetensors bs=1 seek=4000000 conv=notrunc
      """)
    try #require(made.status == 0, "\(made)")
  }

  /// Nil where there is no store.
  private static func spaces(_ program: Program, _ store: String) throws -> [Space]? {
    let listed = try program.cohort("space", "list", "--store", store, "--json")
    guard listed.status == 0 else { return nil }
    return try #require(try listed.json() as? [[String: Any]], "\(listed)").map {
      Space(model: $0["model"] as? String ?? "", text: $0["text"] as? String ?? "")
    }
  }

  /// Whether the store is what was asked for: the space, and with `verify` the files that it and the lengths need.
  private static func isWhole(_ program: Program, _ wish: Wish) throws -> Bool {
    let verified = try program.cohort("verify", "--store", "store")
    return try verified.status == 0 && spaces(program, "store") == (wish.isAtOnce ? [wish.space] : [])
  }

  /// What an `init` left that did not come to its end.
  /// - Returns: whether the store is whole.
  private static func check(_ program: Program, _ wish: Wish, _ place: String) throws -> Bool {
    // Somebody who did not look goes on with what there is: it works as asked for, or fails.
    if program.exists("store") {
      let careless = try program.shell(
        """
        rm -rf careless
        cp -r store careless
        cohort ingest data.jsonl && cohort grouping create topics --by embedding --groups 2 && cohort update
        """, environment: ["COHORT_STORE": "careless"])
      for space in try spaces(program, "careless") ?? [] {
        #expect(space == wish.space, "\(place): another space than the one asked for: \(careless)")
      }
      if careless.status == 0 { #expect(try spaces(program, "careless") == [wish.space], "\(place): \(careless)") }
    }
    let wasWhole = try isWhole(program, wish)
    let again = try program.shell("cohort init --store store \(wish.options) --json")
    if wasWhole, again.status != 0 {
      #expect(try again.status == 2 && again.error()["code"] as? String == "store.exists", "\(place): \(again)")
    } else {
      try #require(again.status == 0, "\(place): \(again)")
    }
    try #require(try isWhole(program, wish), "\(place)")
    let used = try program.shell(
      """
      set -e
      cohort ingest data.jsonl --task-field kind
      cohort grouping create topics --by embedding --groups 2
      cohort update
      cohort verify
      """, environment: ["COHORT_STORE": "store"])
    #expect(used.status == 0, "\(place): \(used)")
    #expect(try spaces(program, "store") == [wish.space], "\(place)")
    return wasWhole
  }

  private static func remove(_ program: Program) throws {
    try #require(try program.shell("rm -rf store careless").status == 0)
  }

  @Test(arguments: wishes) func aKilledInitLeavesAllOrNothing(wish: Wish) throws {
    try withProgram { program in
      try Self.prepare(program)
      let started = Date()
      let calm = try program.shell("cohort init --store store \(wish.options)")
      try #require(calm.status == 0, "\(calm)")
      let longest = Date().timeIntervalSince(started)
      #expect(try Self.check(program, wish, "calm"))
      var random = SplitMix64(seed: Self.seed)
      var kills = Kills(Self.kills, within: longest)
      while kills.goOn() {
        try Self.remove(program)
        let words = wish.options.split(separator: " ").map(String.init)
        // Some at any time, the others once there is something.
        let waits = kills.attempts % 2 == 0
        let process = try program.killed(
          ["init", "--store", "store"] + words, once: { !waits || program.exists("store/data.mdb") },
          after: kills.moment(using: &random) * (waits ? 0.6 : 1))
        let isKilled = kills.count(process)
        let place = "seed \(Self.seed), attempt \(kills.attempts), \(wish.options)"
        let isWhole = try Self.check(program, wish, place)
        // What said that it made a store has made it.
        if !isKilled { #expect(isWhole && process.terminationStatus == 0, "\(place)") }
      }
      #expect(kills.made > 0, "seed \(Self.seed): every process ended before it could be killed")
    }
  }

  @Test(arguments: wishes) func aFullDiskLeavesAllOrNothing(wish: Wish) throws {
    try withProgram { program in
      try Self.prepare(program)
      var failures = 0
      // From less than an empty store takes to less than the model does.
      for limit in [16, 60, 256, 1024, 7000] {
        try Self.remove(program)
        let full = try program.shell(
          "trap '' XFSZ; ulimit -f \(limit); exec cohort init --store store \(wish.options) --json")
        let place = "limit \(limit), \(wish.options)"
        #expect([0, 75].contains(full.status), "\(place): \(full)")
        failures += full.status == 0 ? 0 : 1
        let isWhole = try Self.check(program, wish, place)
        if full.status == 0 { #expect(isWhole, "\(place)") }
      }
      #expect(failures >= 3, "\(wish.options): the disk was hardly ever full")
    }
  }

  /// A whole store is one, whatever lies beside its data.
  @Test(arguments: wishes) func aStoreIsMadeOnce(wish: Wish) throws {
    try withProgram { program in
      try Self.prepare(program)
      try #require(try program.shell("cohort init --store store \(wish.options)").status == 0)
      let before = try program.cohort("info", "--store", "store", "--json").json() as? [String: Any]
      for options in [wish.options, "", "--length-unit words"] {
        let again = try program.shell("cohort init --store store \(options) --json")
        #expect(again.status == 2, "\(again)")
        #expect(try again.error()["code"] as? String == "store.exists", "\(again)")
      }
      let after = try program.cohort("info", "--store", "store", "--json").json() as? [String: Any]
      #expect(before?["id"] as? String == after?["id"] as? String && after?["log_sequence"] as? Int ?? 0 > 0)
      #expect(before?["log_sequence"] as? Int == after?["log_sequence"] as? Int)
      #expect(try Self.isWhole(program, wish))
    }
  }
}
