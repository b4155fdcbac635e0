import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// Bodies that are stored at once, with others.
@Suite struct SmallBodyTests {
  private let folder: TemporaryFolder
  private let store: Store
  private let host: IntakeHost

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
    host = IntakeHost(store)
  }

  @Test func aBodyIsAnsweredWithWhatBecameOfItsRecords() async throws {
    let intake = SampleIntake(host)
    let body =
      Lines.one("a") + "{broken\n" + Lines.one("b") + Lines.one("a") + #"{"prompt":"x","completion":""}"# + "\n"
    let outcome = await intake.send(SentBody(body, query: [("source", "web"), ("task", "chat")]))
    let answer = outcome.text
    #expect(outcome.count("inserted") == 2 && outcome.count("duplicates") == 1, "\(answer)")
    #expect(outcome.count("quarantined") == 2 && outcome.count("records") == 5 && outcome.count("rejected") == 2)
    #expect(answer.contains(#""rejected":[{"line":2,"reason":"invalid-json""#), "\(answer)")
    #expect(answer.contains(#""source":"web","path":"http""#), "\(answer)")
    #expect(
      try store.described() == [
        "0 web chat 1 user a|assistant r ", "1 web chat 3 user b|assistant r ",
      ])
    #expect(try store.read { try $0.source(named: "web")?.origin } == "http")
    intake.stop()
    let statistics = intake.statistics
    #expect(statistics.inserted == 2 && statistics.duplicates == 1 && statistics.quarantined == 2)
    #expect(statistics.requests == 1 && statistics.bytes == UInt64(body.utf8.count))
    #expect(statistics.commitSeconds.count == 1 && statistics.commitSeconds.sum > 0)
  }

  @Test func onlyTheFirstHundredRejectedRecordsAreNamed() async throws {
    let intake = SampleIntake(host)
    let outcome = await intake.send(SentBody(Lines.one("a") + String(repeating: "{no}\n", count: 1000)))
    #expect(outcome.count("quarantined") == 1000 && outcome.count("rejected") == 100, "\(outcome.text)")
    intake.stop()
  }

  /// Formats, layouts and compression are found as in files.
  @Test func whatFilesAreReadAsBodiesAreReadAs() async throws {
    let intake = SampleIntake(host)
    let bodies: [SentBody] = [
      SentBody(#"[{"instruction":"i","input":"","output":"o"}]"#, type: "application/json"),
      SentBody("prompt,completion\na,b\n", type: "text/csv; charset=utf-8"),
      SentBody("prompt\tcompletion\na2\tb\n", type: "text/tab-separated-values"),
      SentBody("prompt;completion\na3;b\n", query: [("layout", "csv")]),
      SentBody(#"{"messages":[{"role":"user","content":"m"},{"role":"assistant","content":"n"}]}"#),
      SentBody(Lines.gzip, encoding: "gzip"),
      SentBody(Lines.zstd(Array(Lines.one("z").utf8)), encoding: "zstd"),
      SentBody(#"{"q":"u","a":"v"}"#, query: [("map", "prompt=q,response=a"), ("task_field", "q")]),
    ]
    for body in bodies {
      let outcome = await intake.send(body)
      #expect(outcome.count("inserted") == 1 && outcome.failure == nil, "\(outcome.text)")
    }
    let texts = try store.described().map { $0.split(separator: " ").dropFirst(4).joined(separator: " ") }
    #expect(
      texts == [
        "user i|assistant o", "user a|assistant b", "user a2|assistant b", "user a3|assistant b",
        "user m|assistant n", "user p|assistant c", "user z|assistant r", "user u|assistant v",
      ])
    intake.stop()
  }

  /// While the writer is busy bodies gather; they are stored in one transaction, and come out as one ingestion after the
  /// other does.
  @Test(arguments: [1, 2, 3]) func bodiesTogetherAreBodiesOneAfterTheOther(seed: UInt64) async throws {
    var random = TestRandom(seed: seed)
    var bodies: [SentBody] = []
    for number in 0..<40 {
      var text = ""
      for _ in 0..<random.below(30) {
        switch random.below(10) {
        case 0: text += "{\"broken\n"
        case 1: text += Lines.one("p\(random.below(20))", "")
        default: text += Lines.one("p\(random.below(60))", "r\(random.below(2))")
        }
      }
      var body = SentBody(text)
      if random.below(3) > 0 { body.query.append(("source", "s\(random.below(4))")) }
      if random.below(2) > 0 { body.query.append(("task", "t\(random.below(4))")) }
      if random.below(5) == 0 { body.query.append(("licence", "l")) }
      if random.below(4) == 0 { body.query.append(("update_labels", "true")) }
      if random.below(3) == 0 { body.key = "k\(number)" }
      bodies.append(body)
    }
    let other = try Store.create(at: folder.file("other"), id: store.id)
    var expected: [UInt64] = []
    for body in bodies {
      var request = try body.requestForFiles(host.ingestion)
      request.sources = [.memory(body.bytes, name: "http", path: "http")]
      let report = try IngestJob.run(other, request)
      expected += [report.inserted, report.duplicates, report.quarantined]
    }
    let intake = SampleIntake(host)
    let held = try HeldWriter(of: store)
    var sessions: [IntakeSession] = []
    var outcomes: [Task<IntakeOutcome, Never>] = []
    for body in bodies {
      let session = try intake.begin(body.request(intake))
      _ = await session.write(body.bytes)
      sessions.append(session)
      // In order: the next one is whole after this one.
      let begun = Locked(false)
      outcomes.append(
        Task {
          begun.withLock { $0 = true }
          return await session.finish()
        })
      let before = sessions.count
      _ = await isReachedSoon { intake.statistics.waitingBodies >= before }
    }
    held.release()
    var found: [UInt64] = []
    for outcome in outcomes {
      let outcome = await outcome.value
      for name in ["inserted", "duplicates", "quarantined"] { found.append(UInt64(outcome.count(name) ?? -1)) }
    }
    intake.stop()
    #expect(found == expected, "seed \(seed)")
    #expect(try store.described() == other.described(), "seed \(seed)")
    func log(_ store: Store) throws -> [String] {
      var entries: [String] = []
      try store.read {
        try $0.forEachEntry { entry in
          entries.append("\(entry.event)")
          return true
        }
      }
      return entries
    }
    #expect(try log(store) == log(other), "seed \(seed)")
    #expect(intake.statistics.groups < 20, "\(intake.statistics.groups) transactions for 40 bodies")
    #expect(try store.verify().isSound)
  }

  @Test func manyClientsAreAllAnswered() async throws {
    let intake = SampleIntake(host)
    let inserted = await withTaskGroup(of: Int.self) { group in
      for client in 0..<64 {
        group.addTask {
          var inserted = 0
          for number in 0..<10 {
            let text = (0..<3).map { Lines.one("c\(client) n\(number) \($0)") }.joined()
            let outcome = await intake.send(SentBody(text, query: [("source", "s\(client)")]))
            inserted += outcome.count("inserted") ?? 0
          }
          return inserted
        }
      }
      return await group.reduce(0, +)
    }
    intake.stop()
    #expect(inserted == 64 * 30)
    #expect(try store.samples == 64 * 30)
    #expect(
      Set(try store.described().map { $0.split(separator: " ").dropFirst(4).joined(separator: " ") }).count == 64 * 30)
    #expect(intake.statistics.groups < 640, "\(intake.statistics.groups)")
    #expect(try store.verify().isSound)
  }

  /// One that cannot be read, or has options that make no sense, is its own trouble.
  @Test func aBadBodyAmongOthersIsRefusedAlone() async throws {
    let intake = SampleIntake(host)
    let held = try HeldWriter(of: store)
    async let good = intake.send(SentBody(Lines.one("a")))
    async let damaged = intake.send(SentBody([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
    async let unknown = intake.send(SentBody(#"{"what":1,"is":2,"this":3}"# + "\n"))
    async let text = intake.send(SentBody("no data at all"))
    async let parquet = intake.send(SentBody("PAR1xxxx"))
    async let alsoGood = intake.send(SentBody(Lines.one("b")))
    held.release()
    let outcomes = await [good, damaged, unknown, text, parquet, alsoGood]
    intake.stop()
    #expect(outcomes[0].count("inserted") == 1 && outcomes[5].count("inserted") == 1)
    #expect(outcomes[1...3].map { $0.failure?.status } == [422, 422, 422], "\(outcomes.map(\.text))")
    #expect(outcomes[4].failure?.status == 415, "\(outcomes[4].text)")
    #expect(outcomes.allSatisfy { $0.failure?.stored == nil })
    #expect(try store.samples == 2)
  }

  @Test func anEmptyBodyIsNoRecords() async throws {
    let intake = SampleIntake(host)
    for body in ["", " \n\n "] {
      let outcome = await intake.send(SentBody(body))
      #expect(outcome.count("records") == 0, "\(outcome.text)")
    }
    intake.stop()
  }
}

extension SentBody {
  /// What the same words ask for of an ingestion of files.
  func requestForFiles(_ defaults: IngestRequest) throws -> IngestRequest {
    var request = defaults
    for (name, value) in query {
      switch name {
      case "source": request.options.sourceName = value
      case "task": request.options.task = .fixed(value)
      case "licence": request.terms.licence = .text(value)
      case "update_labels": request.updatesLabels = true
      default: break
      }
    }
    return request
  }
}
