import CohortCore
import CohortEmbedding
import CohortProviders
import CohortTesting
import Foundation
import HostileServers
import Synchronization
import Testing

@Suite struct HostileServerTests {
  static var seeds: [UInt64] {
    let isLong = Torture.isOn
    return isLong ? Array(1...200) : Array(1...12)
  }

  /// Whatever the server does, each text has exactly one outcome, and it is the server's truth about that text.
  @Test(arguments: seeds)
  func everyTextHasItsOutcome(_ seed: UInt64) throws {
    var generator = SplitMix64(seed: Mixing.key(seed, 7))
    let largest = [3, 8, Int.max].randomElement(using: &generator) ?? 8
    let hostile = HostileServer(
      .init(seed: seed, faults: Int.random(in: 0...700, using: &generator), largest: largest))
    let server = try hostile.start()
    defer { server.stop() }

    let words = ["reject", "nan", "zero", "crash", "short", "hangup"]
    let evil = Int.random(in: 0...8, using: &generator)
    let texts = (0..<Int.random(in: 1...160, using: &generator)).map { index -> String in
      guard Int.random(in: 0..<100, using: &generator) < evil else { return index % 11 == 3 ? "" : "text \(index / 2)" }
      return (words.randomElement(using: &generator) ?? "nan") + " \(index)"
    }
    var configuration = ProviderConfiguration(kind: .openai, url: server.url, model: "m")
    configuration.texts = Int.random(in: 4...40, using: &generator)
    configuration.tokens = Int.random(in: 8...400, using: &generator)
    configuration.concurrency = 3
    // Real seconds, for answers that drip; the waits between tries take none.
    configuration.timeout = 1.5
    configuration.patience = 1e5
    configuration.format = [.automatic, .base64, .float].randomElement(using: &generator) ?? .automatic
    // No more than three texts at a time is a server that cannot take the probe at once.
    if largest < 4 { configuration.texts = 3 }
    let encoder = try ServerEncoder(connecting: configuration, key: nil, options: FakeClock().options(seed: seed))

    let size = Int.random(in: 1...64, using: &generator)
    let calls = stride(from: 0, to: texts.count, by: size).map { Array(texts[$0..<min($0 + size, texts.count)]) }
    let outcomes = Mutex([Int: [EncodedText]]())
    let errors = Mutex([String]())
    DispatchQueue.concurrentPerform(iterations: calls.count) { index in
      do {
        let result = try encoder.encode(calls[index])
        outcomes.withLock { $0[index] = result }
      } catch {
        errors.withLock { $0.append("\(error)") }
      }
    }
    #expect(errors.withLock { $0 } == [], "seed \(seed)")
    for (index, call) in calls.enumerated() {
      let outcomes = outcomes.withLock { $0[index] } ?? []
      #expect(outcomes.count == call.count, "seed \(seed), call \(index)")
      for (outcome, text) in zip(outcomes, call) {
        #expect(ServerTruth.matches(outcome, text), "seed \(seed), '\(text)': \(outcome)")
      }
    }
    // A fault costs a try and perhaps a look at the witness; a text that fails for good costs its way down to it.
    let culprits = texts.filter { ServerTruth.fault($0) != nil }.count
    let bound = 4 + 2 * texts.count + 3 * hostile.faults + culprits * 48
    #expect(server.requests.count <= bound, "seed \(seed): \(server.requests.count) requests, at most \(bound)")
  }
}
