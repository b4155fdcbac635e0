import CohortCore
import CohortStore
import Foundation
import HostileServers
import Synchronization
import Testing

/// Vectors from a server, through the real program: spaces, keys, other models, kills.
@Suite(.serialized) struct EmbeddingServerTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["COHORT_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
  private static let rounds = environment["COHORT_TORTURE"] == nil ? 1 : 100

  private static func lines(_ texts: [String]) -> String {
    texts.map { #"{"prompt":"\#($0)","completion":"to \#($0)"}"# }.joined(separator: "\n")
  }

  /// SIGKILL while a server reorders, drops, breaks off, refuses and lies: what is in the store is the server's truth
  /// about each text, and no text was embedded twice.
  @Test func everySampleIsEmbeddedOnceWhateverIsKilled() throws {
    for round in 0..<Self.rounds {
      let seed = Self.seed + UInt64(round)
      var random = SplitMix64(seed: seed)
      let hostile = HostileServer(.init(seed: seed, faults: 150, largest: 8, drips: false))
      let server = try hostile.start()
      defer { server.stop() }
      let words = ["reject", "nan", "zero", "short"]
      let texts = (0..<240).map { number in
        Int.random(in: 0..<40, using: &random) == 0 ? "\(words[number % 4]) \(number)" : "text \(number)"
      }
      try withProgram { program in
        try program.write(Self.lines(texts), to: "data.jsonl")
        let made = try program.shell(
          """
          set -e
          cohort init --embedding none
          cohort ingest data.jsonl
          cohort space create far --provider openai --url \(server.url) --model m --batch-texts 9 --concurrency 3
          """)
        try #require(made.status == 0, "seed \(seed): \(made)")
        var kills = 0
        for _ in 0..<4 {
          let last = server.requests.count + Int.random(in: 4...30, using: &random)
          let process = try program.process(Program.executable("cohort"), ["update"])
          process.standardOutput = FileHandle.nullDevice
          process.standardError = FileHandle.nullDevice
          try process.run()
          while process.isRunning, server.requests.count < last { usleep(1000) }
          if process.isRunning { kills += 1 }
          kill(process.processIdentifier, SIGKILL)
          process.waitUntilExit()
        }
        #expect(kills > 0, "seed \(seed)")
        let result = try program.cohort("update")
        #expect([0, 6].contains(result.status), "seed \(seed): \(result)")
        try Self.check(program, texts, "seed \(seed)")
      }
    }
  }

  private static func check(_ program: Program, _ texts: [String], _ place: String) throws {
    let store = try Store.open(at: program.folder.appendingPathComponent("cohort").path)
    #expect(try store.verify().isSound, "\(place)")
    try store.read { transaction in
      let space = try #require(try transaction.space(named: "far"))
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
        if case .embed(let event) = entry.event {
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
