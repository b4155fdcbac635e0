import Foundation
import Testing
import CohortSystem
import CohortTesting

/// Further length measures from the command line: counts that others vouch for, kills, drops, groupings, the daemon.
@Suite(.serialized) struct LengthTests {
  private static let root = Checkout.root
  private static let data = root.appendingPathComponent("Tools/quickstart-data").path
  private static let tokenizer = root.appendingPathComponent("Sources/CBundledModel/minilm-l6-256/tokenizer.json").path

  private static func measures(_ program: Program, store: String = "cohort") throws -> [[String: Any]] {
    try #require(try program.cohort("--store", store, "length", "list", "--json").json() as? [[String: Any]])
  }

  private static func measure(_ name: String, _ program: Program, store: String = "cohort") throws -> [String: Any] {
    try #require(try measures(program, store: store).first { $0["name"] as? String == name })
  }

  private static func value(_ record: [String: Any], _ measure: String, _ part: String) -> Int? {
    ((record["lengths"] as? [String: Any])?[measure] as? [String: Any])?[part] as? Int
  }

  /// Texts with their tokens by PyPI's `tokenizers` 0.21.0 and their bytes of UTF-8, both made with
  ///
  ///     t = Tokenizer.from_file("Sources/CBundledModel/minilm-l6-256/tokenizer.json"); t.no_truncation(); t.no_padding()
  ///     len(t.encode(text, add_special_tokens=False).ids), len(text.encode())
  private static let golden:
    [(prompt: String, tokens: Int, bytes: Int, response: String, moreTokens: Int, moreBytes: Int)] = [
      ("What is the capital of France?", 7, 30, "Paris is the capital of France.", 7, 31),
      ("Translate: unbelievable antidisestablishmentarianism", 11, 52, "incroyable", 3, 10),
      ("naïve café — 東京タワー 😀", 9, 37, "ok", 1, 2),
      ("2 + 2 * 3 = ?", 7, 13, "8", 1, 1),
      ("def f(x):\n    return x**2", 11, 25, "f(3) == 9", 7, 9),
    ]

  /// The sample that is longest as it is stored, and the one that is longest by another measure.
  @Test func theLongestSampleComesFirst() throws {
    try withProgram { program in
      let lines = (0..<120).map { i in
        let response =
          i == 57 ? String(repeating: "a", count: 5_000) : String(repeating: "b c d ", count: i == 91 ? 400 : i % 9 + 1)
        return #"{"prompt":"question \#(i)","completion":"\#(response)","task":"\#(["x", "y", "z"][i % 3])"}"#
      }
      try program.write(lines.joined(separator: "\n"), to: "data.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort ingest data.jsonl --task-field task
        cohort length add bert --unit tokens --tokenizer \(Self.tokenizer)
        cohort grouping create tasks --by task
        cohort update
        cohort snapshot create s
        cohort plan create own --snapshot s --grouping tasks --batch-size 8 --longest-first
        cohort plan create bert --snapshot s --grouping tasks --batch-size 8 --longest-first --length bert
        """)
      try #require(made.status == 0, "\(made)")
      for (plan, longest) in [("own", 57), ("bert", 91)] {
        for epoch in 0..<4 {
          let shown = try program.cohort("plan", "show", plan, "--epoch", "\(epoch)", "--steps", "0", "--json")
          let step = try #require(try shown.jsonLines().first, "\(shown)")
          let ids = try #require(step["ids"] as? [Int], "\(shown)")
          #expect(ids.contains(longest), "\(plan), epoch \(epoch): \(ids)")
        }
      }
    }
  }

  @Test func tokensAndBytesAtOnce() throws {
    try withProgram { program in
      let records = try Self.golden.map { line in
        let object = ["prompt": line.prompt, "completion": line.response]
        return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
      }
      try program.write(records.joined(separator: "\n"), to: "data.jsonl")
      let script = """
        set -e
        cohort init
        cohort ingest data.jsonl
        cohort length add bytes --unit bytes
        cohort length add bert --unit tokens --tokenizer \(Self.tokenizer)
        cohort grouping create lens --by length:bert --edges 2,5
        cohort grouping create own --by length --edges 10
        cohort grouping create same --by length:default --edges 10
        """
      let made = try program.shell(script)
      #expect(made.status == 0, "\(made)")
      let before = try program.cohort("sample", "show", "0", "--json").json() as? [[String: Any]]
      let waiting = (before?.first?["lengths"] as? [String: Any])?["bert"]
      #expect(waiting is NSNull)
      #expect(try Self.measure("bert", program)["pending"] as? Int == 5)
      #expect(try program.cohort("update").status == 0)
      let shown = try program.cohort("sample", "show", "0..<5", "--format", "jsonl").jsonLines()
      for (record, line) in zip(shown, Self.golden) {
        #expect(Self.value(record, "bert", "prompt") == line.tokens)
        #expect(Self.value(record, "bert", "response") == line.moreTokens)
        #expect(Self.value(record, "bert", "total") == line.tokens + line.moreTokens)
        #expect(Self.value(record, "bytes", "prompt") == line.bytes)
        #expect(Self.value(record, "bytes", "response") == line.moreBytes)
        #expect(Self.value(record, "bytes", "total") == line.bytes + line.moreBytes)
        #expect(Self.value(record, "default", "prompt") == line.prompt.unicodeScalars.count)
        #expect(record["prompt_length"] as? Int == line.prompt.unicodeScalars.count)
      }
      let groups = try program.cohort("group", "list", "--grouping", "lens", "--json").json() as? [[String: Any]]
      #expect(groups?.compactMap { $0["size"] as? Int }.sorted() == [1, 2, 2])
      let groupings = try program.cohort("grouping", "list", "--json").json() as? [[String: Any]]
      #expect(
        groupings?.compactMap { $0["by"] as? String } == [
          "response length by bert, edges 2,5", "response length, edges 10", "response length, edges 10",
        ])
      let measures = try Self.measures(program)
      #expect(measures.compactMap { $0["name"] as? String } == ["default", "bytes", "bert"])
      #expect(measures.compactMap { $0["default"] as? Bool } == [true, false, false])
      #expect((measures.last?["tokenizer"] as? String)?.count == 32)
      let info = try program.cohort("info", "--json").json() as? [String: Any]
      #expect((info?["lengths"] as? [Any])?.count == 3)
      let log = try program.cohort("log", "--format", "jsonl").jsonLines().compactMap { $0["kind"] as? String }
      #expect(log.count { $0 == "length-created" } == 2 && log.count { $0 == "measured" } == 2)
      let asked = try program.cohort(
        "sql", "SELECT name, unit, samples FROM length_measures ORDER BY id", "--format", "jsonl")
      #expect(try asked.jsonLines().compactMap { $0["samples"] as? Int } == [5, 5], "\(asked)")
      let verified = try program.cohort("verify", "--replay")
      #expect(verified.status == 0, "\(verified)")
    }
  }

  @Test func whatIsNeededStaysAndTheRestGoes() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(120), to: "data.jsonl")
      let script = """
        set -e
        cohort init
        cohort ingest data.jsonl --task-field kind
        cohort length add bert --unit tokens --tokenizer \(Self.tokenizer)
        cohort grouping create lens --by length:bert --quantiles 3
        cohort grouping create tasks --by task
        cohort grouping create both --by 'lens*tasks' --min-size 5
        cohort snapshot create s
        cohort plan create p --snapshot s --grouping both --batch-size 8 --length bert --json > by-bert
        cohort plan create own --snapshot s --grouping both --batch-size 8 --length default --json > by-default
        """
      let made = try program.shell(script)
      #expect(made.status == 0, "\(made)")
      #expect(try Self.measure("bert", program)["measured"] as? Int == 120)
      // The padding of a plan by the measure that it names: the longest step holds 8 samples of one group.
      let reports = try ["by-bert", "by-default"].map {
        try #require(try JSONSerialization.jsonObject(with: Data(program.read($0).utf8)) as? [String: Any])
      }
      #expect(reports.compactMap { $0["length_measure"] as? String } == ["bert", "default"])
      let most = try program.cohort("sample", "show", "0..<120", "--format", "jsonl").jsonLines()
        .compactMap { Self.value($0, "bert", "total") }.max()
      let padded = reports.compactMap { ($0["lengths"] as? [String: Any])?["greatest_padded"] as? Int }
      #expect(try padded[0] == 8 * #require(most) && padded[1] > 2 * padded[0], "\(padded)")
      let budget = padded[0] - 1
      let within = try program.cohort(
        "plan", "create", "tight", "--snapshot", "s", "--grouping", "both", "--batch-size", "8", "--length", "bert",
        "--token-budget", "\(budget)", "--json")
      let tight = try #require(try within.json() as? [String: Any], "\(within)")
      #expect(try #require((tight["lengths"] as? [String: Any])?["greatest_padded"] as? Int) <= budget)
      #expect(tight["plan_hash"] as? String != reports[0]["plan_hash"] as? String)
      let plans = try program.cohort("plan", "list", "--json").json() as? [[String: Any]]
      #expect(
        plans?.map { ($0["report"] as? [String: Any])?["length_measure"] as? String } == ["bert", "default", "bert"])
      let refused = try program.cohort("length", "drop", "bert", "--json")
      #expect(refused.status == 2)
      #expect(try refused.error()["code"] as? String == "store.length-measure-in-use")
      #expect((try refused.error()["message"] as? String)?.hasSuffix(": lens") == true)
      let missing = try program.cohort("length", "drop", "brt", "--json")
      #expect(missing.status == 3)
      #expect(try missing.error()["hint"] as? String == "Did you mean 'bert'?")
      #expect(try program.cohort("length", "drop", "default").status == 2)
      for arguments in [
        ["length", "add", "x", "--unit", "tokens"], ["length", "add", "x", "--unit", "field"],
        ["length", "add", "x", "--unit", "words", "--tokenizer", Self.tokenizer],
        ["length", "add", "a*b", "--unit", "words"], ["length", "add", "bert", "--unit", "words"],
        ["length", "add", "default", "--unit", "words"],
        ["grouping", "create", "g", "--by", "length:bert", "--quantiles", "3", "--group-size", "9"],
      ] {
        let result = try program.shell("cohort " + arguments.map { "'\($0)'" }.joined(separator: " "))
        #expect(result.status == 2, "\(arguments): \(result)")
      }
      #expect(try program.cohort("grouping", "create", "g", "--by", "length:words").status == 3)

      // A copy has the tokenizer, and measures on; a tokenizer that was changed is an error.
      #expect(try program.cohort("backup", "copy").status == 0)
      try program.write(PipelineTests.lines(10, from: 500), to: "more.jsonl")
      #expect(try program.cohort("--store", "copy", "ingest", "more.jsonl").status == 0)
      #expect(try program.cohort("--store", "copy", "update", "--grouping", "lens").status == 0)
      #expect(try Self.measure("bert", program, store: "copy")["measured"] as? Int == 130)
      let spoilt = try program.shell(
        "echo >> cohort/tokenizers/*.json && cohort ingest more.jsonl && cohort update --json")
      #expect(spoilt.status == 4, "\(spoilt)")
      #expect(spoilt.output.contains("pipeline.other-tokenizer"), "\(spoilt)")

      let dropped = try program.shell(
        """
        set -e
        digest=$(cohort plan digest p --epochs 2)
        cohort grouping drop both && cohort grouping drop lens && cohort length drop bert
        test "$(cohort plan digest p --epochs 2)" = "$digest"
        ls cohort/tokenizers
        cohort length add bert --unit words
        cohort grouping create lens --by length:bert --group-size 20
        cohort update
        cohort verify --replay
        """)
      #expect(dropped.status == 0 && !dropped.output.contains(".json"), "\(dropped)")
      #expect(try Self.measure("bert", program)["measured"] as? Int == 130)

      // A measure that came after the snapshot: what is not measured yet is no length, and nothing is planned by it.
      let late = "plan create late --snapshot s --grouping tasks --batch-size 8 --length late --json"
      #expect(try program.shell("cohort \(late)").status == 3)
      #expect(try program.shell("cohort length add late --unit words && cohort sample delete 3").status == 0)
      let early = try program.shell("cohort \(late)")
      #expect(early.status == 2 && early.output.contains("pipeline.not-measured"), "\(early)")
      #expect(try program.cohort("update").status == 0)
      let after = try program.shell("cohort \(late) && cohort plan digest late --epochs 2")
      #expect(after.status == 0, "\(after)")
    }
  }

  /// SIGKILL at random moments: every sample is measured once, and groups and lengths are those of a run in peace.
  @Test func whatIsKilledGoesOn() throws {
    let seed = Torture.seed
    try withProgram { program in
      let prepare = """
        set -e
        cohort init
        for i in 1 2 3 4 5 6; do cohort ingest \(Self.data)/p3 \(Self.data)/gsm8k --source $i; done
        cohort length add bytes --unit bytes
        cohort length add bert --unit tokens --tokenizer \(Self.tokenizer)
        cohort grouping create lens --by length:bert --quantiles 8
        cohort grouping create sizes --by length:bytes --measure prompt --group-size 500
        """
      func state(_ store: String) throws -> [String] {
        try ["lens", "sizes"].map {
          try program.cohort("--store", store, "group", "list", "--grouping", $0, "--json").output
        }
      }
      #expect(try program.shell(prepare, environment: ["COHORT_STORE": "calm"]).status == 0)
      let started = Date()
      #expect(try program.cohort("--store", "calm", "update").status == 0)
      let longest = Date().timeIntervalSince(started)
      let expected = try state("calm")

      #expect(try program.shell(prepare, environment: ["COHORT_STORE": "stormy"]).status == 0)
      var random = TestRandom(seed: seed)
      for _ in 0..<10 {
        try program.killed(["--store", "stormy", "update", "--workers", "2"], after: longest * random.unit())
      }
      #expect(try program.cohort("--store", "stormy", "update").status == 0, "seed \(seed)")
      #expect(try state("stormy") == expected, "seed \(seed)")
      let samples = (try program.cohort("--store", "stormy", "info", "--json").json() as? [String: Any])?["samples"]
      for measure in [0, 1] {
        let log = try program.cohort("--store", "stormy", "log", "--kind", "measured", "--format", "jsonl").jsonLines()
        let counts = log.compactMap { $0["details"] as? [String: Any] }.filter { $0["measure"] as? Int == measure }
        #expect(counts.compactMap { $0["samples"] as? Int }.reduce(0, +) == samples as? Int, "seed \(seed)")
      }
      let verified = try program.cohort("--store", "stormy", "verify", "--replay")
      #expect(verified.status == 0, "seed \(seed): \(verified)")
    }
  }

  /// One sample that cannot be read keeps its measure, its space and the grouping that reads it behind, and nothing else.
  @Test func theDaemonGoesOnBesideADamagedSample() throws {
    try withProgram { program in
      try program.makeStore()
      try program.write(PipelineTests.lines(60), to: "data.jsonl")
      let made = try program.shell("cohort ingest data.jsonl --task-field kind && cohort update")
      try #require(made.status == 0, "\(made)")
      // A codec that there is not.
      try ForgedStore(path: program.folder.appendingPathComponent("cohort").path).change(.samples, 7) { $0[1] = 77 }
      let added = try program.shell(
        """
        set -e
        cohort length add words --unit words
        cohort space create default
        cohort grouping create subjects --by attribute:subject
        """)
      try #require(added.status == 0, "\(added)")
      let daemon = try DaemonProcess(program, "--task-field", "kind")
      try program.drop(PipelineTests.lines(30, from: 60), as: "cohort/inbox/a.jsonl")
      for (event, part, name) in [
        ("not_measured", "measure", "words"), ("not_embedded", "space", "default"),
        ("not_grouped", "grouping", "subjects"),
      ] {
        let told = try daemon.wait(for: event)
        #expect(told["code"] as? String == "pipeline.content" && told["place"] as? String == "sample 7", "\(told)")
        #expect(told[part] as? String == name, "\(told)")
      }
      for grouping in ["tasks", "lengths"] {
        try daemon.wait("the samples of \(grouping)") {
          let updates = try daemon.events("updated").filter { $0["grouping"] as? String == grouping }
          return updates.compactMap { $0["assigned"] as? Int }.reduce(0, +) == 30
        }
      }
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try daemon.events("trouble").isEmpty && daemon.events("gave_up").isEmpty, "\(daemon.log)")

      let update = try program.cohort("update", "--json")
      #expect(try update.status == 4 && update.error()["code"] as? String == "pipeline.content", "\(update)")
      #expect(try program.daemonOnce("--task-field", "kind").status == 1)
      let mended = try program.shell(
        "cohort grouping drop subjects && cohort sample delete 7 && cohort update && cohort verify")
      #expect(mended.status == 0, "\(mended)")
      #expect(try Self.measure("words", program)["measured"] as? Int == 89)
    }
  }

  @Test func theDaemonMeasuresWhatItTakesIn() throws {
    try withProgram { program in
      let made = try program.shell(
        """
        set -e
        cohort init
        cohort length add bert --unit tokens --tokenizer \(Self.tokenizer)
        cohort length add words --unit words
        cohort grouping create lens --by length:bert --edges 8
        """)
      #expect(made.status == 0, "\(made)")
      let file = try program.shell("ls cohort/tokenizers/*.json && mv cohort/tokenizers/*.json aside")
      let daemon = try DaemonProcess(program)
      try program.drop(PipelineTests.lines(90), as: "cohort/inbox/a.jsonl")
      // One measure has lost its tokenizer: the other goes on.
      try daemon.wait("words") { try Self.measure("words", program)["measured"] as? Int == 90 }
      try daemon.wait(for: "not_measured")
      #expect(try Self.measure("bert", program)["measured"] as? Int == 0)
      #expect(daemon.end() == 0, "\(daemon.log)")
      #expect(try program.shell("mv aside \(file.output)").status == 0)
      let again = try DaemonProcess(program)
      try again.wait("groups") {
        let groups = try program.cohort("group", "list", "--grouping", "lens", "--json").json() as? [[String: Any]]
        return groups?.compactMap { $0["size"] as? Int }.reduce(0, +) == 90
      }
      #expect(again.end() == 0, "\(again.log)")
    }
  }
}
