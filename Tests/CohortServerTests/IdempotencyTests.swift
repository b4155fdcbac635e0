import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// A request that is sent again under its key is carried out once.
@Suite struct IdempotencyTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("store")
    _ = try Store.create(at: path)
  }

  /// A child that another test starts holds the lock for a moment, too.
  private func open() throws -> Store {
    var store: Store?
    _ = isReached(within: 10) {
      store = try? Store.open(at: path, access: .owner(name: "test"))
      return store != nil
    }
    return try #require(store)
  }

  private var limits: SampleIntake.Limits {
    var limits = SampleIntake.Limits()
    limits.smallBytes = 64 << 10
    // A test is a slow client where others keep Swift's threads.
    limits.idleSeconds = 900
    return limits
  }

  @Test(arguments: [3, 5000]) func theSameRequestGetsTheSameAnswer(records: Int) async throws {
    let body = SentBody(Lines.many(records) + "{broken\n", query: [("source", "s")], key: "one")
    var first: IntakeOutcome?
    do {
      let intake = SampleIntake(IntakeHost(try open()), limits: limits)
      first = await intake.send(body)
      #expect(first?.count("inserted") == records && first?.isReplay == false, "\(first?.text ?? "")")
      let second = await intake.send(body)
      #expect(second.isReplay && second.text == first?.text)
      intake.stop()
      #expect(intake.statistics.replays == 1 && intake.statistics.requests == 1)
    }
    // Also by another process.
    let store = try open()
    let intake = SampleIntake(IntakeHost(store), limits: limits)
    let third = await intake.send(body, piece: 1000)
    #expect(third.isReplay && third.text == first?.text)
    #expect(try store.samples == records)
    // A body that is not the same, and parameters that are not.
    for other in [
      SentBody(Lines.many(records), query: body.query, key: "one"), SentBody(body.bytes, key: "one"),
      SentBody(body.bytes, query: [("source", "s"), ("task", "t")], key: "one"),
    ] {
      let outcome = await intake.send(other)
      #expect(outcome.failure?.status == 422, "\(outcome.text)")
      #expect(outcome.failure?.error.code.name == "server.idempotency")
    }
    let other = await intake.send(SentBody(body.bytes, query: body.query, key: "two"))
    #expect(!other.isReplay && other.count("duplicates") == records)
    intake.stop()
    #expect(try store.verify().isSound)
  }

  @Test func aKeyThatIsUnderWayIsAConflict() async throws {
    let intake = SampleIntake(IntakeHost(try open()))
    let session = try intake.begin(SentBody("", key: "k").request(intake))
    let refused = await intake.send(SentBody(Lines.one("a"), key: "k"))
    #expect(refused.failure?.status == 409 && refused.failure?.retryAfter == 1, "\(refused.text)")
    let other = await intake.send(SentBody(Lines.one("a"), key: "other"))
    #expect(other.count("inserted") == 1)
    _ = await session.write(Array(Lines.one("b").utf8))
    let outcome = await session.finish()
    #expect(outcome.count("inserted") == 1)
    let again = await intake.send(SentBody(Lines.one("b"), key: "k"))
    #expect(again.isReplay)
    intake.stop()
  }

  /// What failed can be tried again under the same key.
  @Test func aFailureIsNotKept() async throws {
    let host = IntakeHost(try open())
    let intake = SampleIntake(host)
    host.missing.withLock { $0 = CohortError(ErrorCode(.daemon, "no-room", .temporary), "The disk is nearly full") }
    let failed = await intake.send(SentBody(Lines.one("a"), key: "k"))
    #expect(failed.failure?.status == 507)
    host.missing.withLock { $0 = nil }
    let unreadable = await intake.send(SentBody("nothing", key: "k"))
    #expect(unreadable.failure?.status == 422)
    let good = await intake.send(SentBody(Lines.one("a"), key: "k"))
    #expect(good.count("inserted") == 1 && !good.isReplay)
    intake.stop()
  }

  /// Where nobody looks for duplicates, a request is stored as a whole or not at all, and once.
  @Test func withoutALookForDuplicatesAKeyIsNeeded() async throws {
    let store = try open()
    let intake = SampleIntake(IntakeHost(store), limits: limits)
    let query = [(name: "dedupe", value: "none")]
    let without = await intake.send(SentBody(Lines.many(3), query: query))
    #expect(without.failure?.status == 400, "\(without.text)")
    #expect(without.failure?.error.code.name == "server.needs-idempotency-key")
    for isReplay in [false, true] {
      let with = await intake.send(SentBody(Lines.many(3) + Lines.many(3), query: query, key: "k"))
      #expect(with.count("inserted") == 6 && with.isReplay == isReplay, "\(with.text)")
    }
    let large = await intake.send(SentBody(Lines.many(5000), query: query, key: "large"))
    #expect(large.failure?.status == 413 && large.failure?.error.code.name == "server.not-at-once", "\(large.text)")
    #expect(try store.samples == 6)
    intake.stop()
  }

  @Test func aKeyIsVisibleASCII() throws {
    for key in ["", "a b", "ü", String(repeating: "k", count: 256), "a\n"] {
      let refusal = #expect(throws: IntakeFailure.self) {
        try IntakeRequest(query: [], idempotencyKey: key, defaults: IngestRequest())
      }
      #expect(refusal?.status == 400 && refusal?.error.code.name == "server.idempotency-key")
    }
    _ = try IntakeRequest(query: [], idempotencyKey: String(repeating: "~", count: 255), defaults: IngestRequest())
  }
}
