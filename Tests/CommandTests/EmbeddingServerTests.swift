import CohortCore
import CohortStore
import CohortTesting
import Foundation
import HostileServers
import Synchronization
import Testing

/// Vectors from a server, through the real program: spaces, keys, other models, kills.
@Suite(.serialized) struct EmbeddingServerTests {
  private static let seed = Torture.seed
  private static let rounds = Torture.cases(1, tortured: 20)

  private static func lines(_ texts: [String]) -> String {
    texts.map { #"{"prompt":"\#($0)","completion":"to \#($0)"}"# }.joined(separator: "\n")
  }

  /// SIGKILL while a server reorders, drops, delays, breaks off, refuses and lies: what is in the store is the server's
  /// truth about each text, no text was embedded twice, and the groups are those of a run that nobody killed.
  @Test func everySampleIsEmbeddedOnceWhateverIsKilled() throws {
    var kills = 0
    for round in 0..<Self.rounds {
      let seed = Self.seed + UInt64(round)
      var random = SplitMix64(seed: seed)
      let words = ["reject", "nan", "zero", "short"]
      let texts = (0..<240).map { number in
        Int.random(in: 0..<40, using: &random) == 0 ? "\(words[number % 4]) \(number)" : "text \(number)"
      }
      try withProgram { program in
        try program.write(Self.lines(texts), to: "data.jsonl")
        let calm = HostileServer(.init(seed: ~seed, faults: 150, largest: 8, drips: false))
        let expected = try Self.outcome(program, of: "calm", calm) { "seed \(seed): \($0)" }
        let hostile = HostileServer(.init(seed: seed, faults: 150, largest: 8, drips: false))
        let found = try Self.outcome(program, of: "cohort", hostile, killedBy: &random, &kills) {
          "seed \(seed): \($0)"
        }
        #expect(found == expected, "seed \(seed)")
        try Self.check(program, texts, "seed \(seed)")
      }
    }
    #expect(kills >= (Self.rounds > 1 ? 30 : 1), "seed \(Self.seed)")
    print("\(kills) kills in \(Self.rounds) rounds, seed \(Self.seed)")
  }

  /// What a store holds in the end: its groups, the digest of a snapshot over them, and the state of the grouping.
  private static func outcome(
    _ program: Program, of store: String, _ hostile: HostileServer, _ place: (String) -> String
  ) throws -> [String] {
    var (random, kills) = (SplitMix64(seed: 0), Int.max)
    return try outcome(program, of: store, hostile, killedBy: &random, &kills, place)
  }

  /// - Parameter kills: counts them; nobody is killed where it cannot go higher.
  private static func outcome(
    _ program: Program, of store: String, _ hostile: HostileServer, killedBy random: inout SplitMix64,
    _ kills: inout Int, _ place: (String) -> String
  ) throws -> [String] {
    let server = try hostile.start()
    defer { server.stop() }
    let made = try program.shell(
      """
      set -e
      cohort init --embedding openai --url \(server.url) --model m --batch-texts 9 --concurrency 3 --patience 600
      cohort ingest data.jsonl
      cohort grouping create topics --by embedding --groups 6
      """, environment: ["COHORT_STORE": store])
    try #require(made.status == 0, "\(place("\(made)"))")
    for _ in 0..<(kills == .max ? 0 : 5) {
      let last = server.requests.count + Int.random(in: 4...30, using: &random)
      let process = try program.killed(
        ["update", "--store", store], once: { server.requests.count >= last },
        after: Double.random(in: 0..<0.03, using: &random))
      if process.terminationReason == .uncaughtSignal { kills += 1 }
    }
    let result = try program.cohort("update", "--store", store)
    #expect([0, 6].contains(result.status), "\(place("\(result)"))")
    let snapshot = try program.cohort("snapshot", "create", "end", "--store", store, "--json")
    let digest = (try snapshot.json() as? [String: Any])?["digest"] as? String
    let rounds = try program.cohort("log", "--kind", "round", "--store", store, "--format", "jsonl").jsonLines()
    let state = (rounds.last?["details"] as? [String: Any])?["state"]
    let groups = try program.cohort("group", "list", "--grouping", "topics", "--store", store, "--json").output
    try #require(digest != nil && state != nil && groups.count > 10, "\(place("\(snapshot)"))")
    return [digest ?? "", "\(state ?? "")", groups]
  }

  private static func check(_ program: Program, _ texts: [String], _ place: String) throws {
    let store = try Store.open(at: program.folder.appendingPathComponent("cohort").path)
    #expect(try store.verify().isSound, "\(place)")
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "default"))
      var seen = [Int](repeating: 0, count: texts.count)
      func count(_ first: SampleID, _ many: UInt64, _ what: String) {
        for id in Int(first.rawValue)..<Int(first.rawValue + many) {
          seen[id] += 1
          let fault = ServerTruth.fault(texts[id])
          let expected = fault == nil ? "vector" : fault == "zero" ? "none" : "refused"
          #expect(what == expected, "\(place), \(texts[id])")
        }
      }
      try transaction.forEachEntry { entry in
        if let event = entry.event as? LogEvent.Embed {
          for range in event.ranges { count(range.first, UInt64(range.count), "vector") }
          for range in event.without { count(range.first, UInt64(range.count), "none") }
          for refused in event.refused { count(refused.id, 1, "refused") }
        }
        return true
      }
      #expect(seen.allSatisfy { $0 == 1 }, "\(place): \(seen)")
      for (id, text) in texts.enumerated() where ServerTruth.fault(text) == nil {
        let expected = ServerTruth.vector(text)
        let length = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        try transaction.withChunk(space.vectors, of: UInt64(id)) { chunk in
          let row = try #require(chunk).row(id)
          for (index, value) in expected.enumerated() {
            let stored = Float(Float16(bitPattern: row.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
            #expect(abs(stored - value / length) < 1e-3, "\(place), \(text)")
          }
        }
      }
    }
  }

  @Test(arguments: ["openai", "tei", "ollama"])
  func aServerMakesTheVectorsOfASpace(_ kind: String) throws {
    let isOther = Mutex(false)
    let server = try LoopbackServer { request in
      guard request.method == "POST" else { return .text("no", status: 404) }
      let sign: Float = isOther.withLock { $0 } ? -1 : 1
      return ServerTruth.reply(request, vectors: request.texts.map { ServerTruth.vector($0).map { $0 * sign } })
    }
    defer { server.stop() }
    try withProgram { program in
      let secret = "sk-secret-0123456789"
      try program.write(Self.lines((0..<50).map { "text \($0)" }), to: "data.jsonl")
      try program.write(Self.lines((50..<60).map { "text \($0)" }), to: "more.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init --embedding none
        cohort ingest data.jsonl
        cohort space create far --provider \(kind) --url \(server.url) --model m --api-key-env SERVER_KEY
        cohort grouping create topics --by embedding --groups 4
        cohort update
        cohort space list --json
        """, environment: ["SERVER_KEY": secret])
      #expect(made.status == 0, "\(made)")
      #expect(made.output.contains(#""vectors":50"#), "\(made)")
      #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer \(secret)" })
      // The name of the variable is kept, the key is not.
      let shown = try program.cohort("space", "show", "far", "--json")
      #expect(shown.output.contains(#""api-key-env":"SERVER_KEY""#), "\(shown)")
      let found = try program.shell("grep -rlF \(secret) .")
      #expect(found.status == 1 && found.output.isEmpty, "\(found)")

      // Without the key, and with another model behind the same name, nothing is embedded.
      #expect(try program.cohort("ingest", "more.jsonl").status == 0)
      let without = try program.cohort("update", "--json")
      #expect(without.status == 2, "\(without)")
      #expect(try without.error()["code"] as? String == "embedding.no-key")
      isOther.withLock { $0 = true }
      let other = try program.cohort("update", "--json", environment: ["SERVER_KEY": secret])
      #expect(other.status == 1, "\(other)")
      #expect(try other.error()["code"] as? String == "embedding.model-changed")
      isOther.withLock { $0 = false }
      let again = try program.cohort("embed", "--json", environment: ["SERVER_KEY": secret])
      #expect(again.status == 0 && again.output.contains(#""embedded":10"#), "\(again)")
    }
  }

  /// `init` takes a server as `space create` does: the same space comes out, before anything else is in the store.
  @Test(arguments: ["openai", "tei", "ollama"])
  func aStoreCanBeginWithAServer(_ kind: String) throws {
    let server = try LoopbackServer { request in
      request.method == "POST" ? ServerTruth.reply(request) : .text("no", status: 404)
    }
    defer { server.stop() }
    try withProgram { program in
      let options =
        "--url \(server.url) --model m --dimensions 8 --prefix 'q: ' --api-key-env SERVER_KEY --batch-texts 9"
      try program.write(Self.lines((0..<30).map { "text \($0)" }), to: "data.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init --embedding \(kind) --embed-text both \(options) --json
        cohort space create far --provider \(kind) --text both \(options)
        cohort space drop far
        cohort space create far --provider \(kind) --text both \(options)
        cohort ingest data.jsonl
        cohort grouping create topics --by embedding --groups 4 --space default
        cohort update
        """, environment: ["SERVER_KEY": "sk-secret"])
      #expect(made.status == 0 && made.output.contains(#""embedding":"\#(kind)""#), "\(made)")
      let spaces = try ["default", "far"].map { name -> NSDictionary in
        var shown = try #require(try program.cohort("space", "show", name, "--json").json() as? [String: Any])
        #expect(shown.removeValue(forKey: "name") as? String == name)
        return shown as NSDictionary
      }
      #expect(spaces[0] == spaces[1])
      #expect(spaces[0]["vectors"] as? Int == 30 && spaces[0]["provider"] as? String == kind)
      let stored = try Store.open(at: program.folder.appendingPathComponent("cohort").path)
        .read { try $0.spaces().map(\.recipe) }
      #expect(stored[0] == stored[1] && !stored[0].probe.isEmpty)
    }
  }

  /// `update` says what it embedded and what was refused, and ends as `embed` does.
  @Test func anUpdateCountsWhatItsEncoderRefuses() throws {
    let server = try LoopbackServer { request in
      request.texts.contains { ServerTruth.fault($0) != nil } ? .text("no", status: 400) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    try withProgram { program in
      let bad = ["reject a", "reject b", "reject c"]
      try program.write(Self.lines((0..<20).map { "text \($0)" } + bad), to: "data.jsonl")
      try program.write(Self.lines(["text 20"]), to: "more.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init --embedding openai --url \(server.url) --model m
        cohort ingest data.jsonl
        cohort grouping create tasks --by task
        """)
      #expect(made.status == 0, "\(made)")
      // No grouping follows the space.
      try #require(try program.shell("cp -r cohort plain && cp -r cohort table").status == 0)
      let plain = try program.cohort("--store", "plain", "update", "--json")
      #expect(plain.status == 6, "\(plain)")
      let rows = try #require(try plain.json() as? [[String: Any]])
      #expect(rows.count == 2 && rows[0]["grouping"] as? String == "tasks" && rows[0]["refused"] is NSNull, "\(plain)")
      #expect(rows.last?["grouping"] is NSNull && rows.last?["space"] as? String == "default", "\(plain)")
      #expect(rows.last?["embedded"] as? Int == 20 && rows.last?["refused"] as? Int == 3, "\(plain)")
      #expect(Set(rows[0].keys) == Set(rows[1].keys), "\(plain)")
      let table = try program.cohort("--store", "table", "update")
      #expect(table.status == 6 && table.output.split(separator: "\n").last?.contains("default") == true, "\(table)")

      #expect(try program.cohort("grouping", "create", "topics", "--by", "embedding", "--groups", "3").status == 0)
      let first = try program.cohort("update", "--json")
      #expect(first.status == 6, "\(first)")
      let topics = try #require(try (first.json() as? [[String: Any]])?.last)
      #expect(topics["grouping"] as? String == "topics" && topics["space"] as? String == "default", "\(first)")
      #expect(topics["embedded"] as? Int == 20 && topics["refused"] as? Int == 3, "\(first)")
      // What was refused before is no news.
      #expect(try program.cohort("ingest", "more.jsonl").status == 0)
      let second = try program.cohort("update", "--grouping", "topics", "--json")
      #expect(second.status == 0, "\(second)")
      let again = try #require(try (second.json() as? [[String: Any]])?.first)
      #expect(again["embedded"] as? Int == 1 && again["refused"] as? Int == 0, "\(second)")
    }
  }

  /// Whatever keeps a server from being asked is the same error as for `space create`, and no store is made.
  @Test func initThatFailsLeavesNothing() throws {
    let server = try LoopbackServer { request in
      switch request.headers["authorization"] {
      case "Bearer wrong": .text("who are you?", status: 401)
      case "Bearer nan": ServerTruth.reply(request, vectors: request.texts.map { _ in [.nan, 1] })
      default: .text("not here", status: 404)
      }
    }
    defer { server.stop() }
    try withProgram { program in
      #expect(try program.cohort("init", "--embedding", "none").status == 0)
      let here = "--url \(server.url) --model m --patience 0"
      let cases: [(options: String, key: String, status: Int32)] = [
        ("--url http://127.0.0.1:9 --model m --patience 0", "", 5), (here, "", 3), ("\(here) --api-key-env KEY", "", 2),
        ("\(here) --api-key-env KEY", "wrong", 1), ("\(here) --api-key-env KEY", "nan", 1),
        ("--url \(server.url)", "", 2), ("--url nonsense --model m", "", 2), ("\(here) --dimensions many", "", 2),
        ("--url '\(server.url)/v1?api_key=pa55w0rd' --model m", "", 2),
        ("--url '\(server.url)#pa55w0rd' --model m", "", 2),
        ("\(here) --ca-file /nowhere.pem", "", -1), ("\(here) --api-key-file /nowhere", "", -1),
      ]
      for (options, key, status) in cases {
        let environment = key.isEmpty ? [:] : ["KEY": key]
        let created = try program.shell(
          "cohort space create far --provider openai \(options) --json", environment: environment)
        let begun = try program.shell(
          "cohort --store new init --embedding openai \(options) --json", environment: environment)
        #expect(begun.status == created.status && begun.status != 0, "\(options) \(key): \(begun) \(created)")
        if status > 0 { #expect(begun.status == status, "\(options) \(key): \(begun)") }
        #expect(begun.output == created.output && !begun.output.isEmpty, "\(options) \(key)")
        #expect(!"\(begun) \(created)".contains("pa55w0rd"), "\(options): \(begun)")
        #expect(!program.exists("new"), "\(options) \(key)")
      }
      for wrong in [
        "--embedding openai", "--url http://h", "--embedding builtin --url http://h", "--embedding none --model m",
      ] {
        let result = try program.shell("cohort --store new init \(wrong)")
        #expect(result.status == 2 && !program.exists("new"), "\(wrong): \(result)")
      }
      #expect(try program.cohort("space", "list", "--json").output == "[]\n")
    }
  }

  /// SIGKILL while `init` asks or creates: afterwards there is no store, or a whole one.
  @Test func initThatIsKilledLeavesNoHalf() throws {
    let isSlow = Mutex(true)
    let server = try LoopbackServer { request in
      let reply = ServerTruth.reply(request)
      return isSlow.withLock { $0 } ? .late(5, reply) : reply
    }
    defer { server.stop() }
    var random = SplitMix64(seed: Self.seed)
    try withProgram { program in
      var whole = 0
      for attempt in 0..<12 {
        let store = "store-\(attempt)"
        isSlow.withLock { $0 = attempt == 0 }
        let before = server.requests.count
        try program.killed(
          ["init", "--store", store, "--embedding", "openai", "--url", server.url, "--model", "m"],
          once: { server.requests.count > before }, after: Double.random(in: 0..<0.04, using: &random))
        isSlow.withLock { $0 = false }
        let listed = try program.cohort("space", "list", "--store", store, "--json")
        if listed.status == 0 {
          #expect(listed.output.contains(#""provider":"openai""#), "seed \(Self.seed): \(listed)")
          #expect(try program.cohort("verify", "--store", store).status == 0)
          whole += 1
        } else {
          #expect(listed.status == 3, "seed \(Self.seed): \(listed)")
          let again = try program.cohort(
            "init", "--store", store, "--embedding", "openai", "--url", server.url, "--model", "m")
          #expect(again.status == 0, "seed \(Self.seed): \(again)")
        }
      }
      #expect(whole < 12)
    }
  }

  @Test func whatCannotBeReachedMakesNoSpace() throws {
    try withProgram { program in
      #expect(try program.cohort("init", "--embedding", "none").status == 0)
      let far = "cohort space create far --provider openai --url http://127.0.0.1:9 --model m --patience 0 --json"
      let result = try program.shell(far)
      #expect(result.status == 5, "\(result)")
      #expect(try result.error()["code"] as? String == "embedding.server-unreachable")
      #expect(try program.cohort("space", "list", "--json").output == "[]\n")
      for wrong in ["--url http://h", "--provider other", "--provider tei", "--provider tei --url h"] {
        let result = try program.shell("cohort space create far \(wrong)")
        #expect(result.status == 2, "\(result)")
      }
    }
  }
}
