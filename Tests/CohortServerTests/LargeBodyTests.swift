import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// Bodies that are read in slices while they come.
@Suite(.serialized) struct LargeBodyTests {
  private let folder: TemporaryFolder
  private let store: Store
  private let host: IntakeHost

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
    host = IntakeHost(store)
  }

  private func limits(_ change: (inout SampleIntake.Limits) -> Void = { _ in }) -> SampleIntake.Limits {
    var limits = SampleIntake.Limits()
    limits.smallBytes = 64 << 10
    limits.pipeBytes = 64 << 10
    // A test is a slow client where others keep Swift's threads.
    limits.idleSeconds = 900
    change(&limits)
    return limits
  }

  @Test(arguments: [1000, 64 << 10, 3 << 20]) func aStreamGivesWhatTheFileGives(piece: Int) async throws {
    let text = Lines.many(40_000) + "{broken\n" + Lines.many(10, first: 39_995)
    let other = try Store.create(at: folder.file("other"))
    let path = try folder.write("in.jsonl", text)
    let report = try IngestJob.run(other, IngestRequest(paths: [path]))
    let intake = SampleIntake(host, limits: limits())
    let outcome = await intake.send(
      SentBody(text, query: [("source", "\(folder.path.split(separator: "/").last ?? "")/in.jsonl")]), piece: piece)
    intake.stop()
    #expect(outcome.count("inserted") == Int(report.inserted), "\(outcome.text)")
    #expect(outcome.count("duplicates") == Int(report.duplicates) && outcome.count("rejected") == 1)
    #expect(try store.described() == other.described())
    #expect(try store.verify().isSound)
  }

  @Test func aClientThatBreaksOffKeepsItsSlicesAndCanSendAgain() async throws {
    let intake = SampleIntake(host, limits: limits())
    let bytes = Array(Lines.many(60_000).utf8)
    let session = try intake.begin(SentBody("", key: "k").request(intake))
    for start in stride(from: 0, to: bytes.count - 500_000, by: 1 << 16) {
      _ = await session.write(Array(bytes[start..<(start + 1 << 16)]))
    }
    session.abort()
    guard case .brokenOff = await session.finish() else { return #expect(Bool(false), "an answer") }
    let kept = try store.samples
    #expect(kept > 30_000 && kept < 60_000)
    // The key is free again.
    let again = await intake.send(SentBody(bytes, key: "k"))
    #expect(again.count("duplicates") == kept && again.count("inserted") == 60_000 - kept, "\(again.text)")
    intake.stop()
    #expect(intake.statistics.failures == 1 && intake.statistics.inserted == 60_000)
  }

  /// While the writer stands still a client can send what fits into the pipe and the reader's blocks, and no more.
  @Test func aSlowWriterSlowsItsClientsDown() async throws {
    let intake = SampleIntake(host, limits: limits())
    let held = try HeldWriter(of: store)
    let sent = Locked(0)
    let pieces = 600
    let piece = Array(Lines.many(1000, bytes: 100).utf8)
    let session = try intake.begin(SentBody("").request(intake))
    let client = Task {
      for _ in 0..<pieces {
        guard await session.write(piece) else { break }
        sent.withLock { $0 += piece.count }
      }
      return await session.finish()
    }
    var before = -1
    while before != sent.withLock({ $0 }) || before <= 0 {
      before = sent.withLock { $0 }
      try await Task.sleep(for: .milliseconds(500))
    }
    let stuck = sent.withLock { $0 }
    #expect(stuck < 40 << 20 && stuck < pieces * piece.count, "\(stuck)")
    held.release()
    let outcome = await client.value
    #expect(outcome.count("records") == 1000 * pieces, "\(outcome.text)")
    #expect(sent.withLock { $0 } == pieces * piece.count)
    intake.stop()
  }

  /// Several at the same time each come forward; small ones do not wait for them.
  @Test func streamsAndSmallBodiesShareTheWriter() async throws {
    let intake = SampleIntake(host, limits: limits { $0.streams = 3 })
    let outcomes = await withTaskGroup(of: Int.self) { group in
      for client in 0..<6 {
        let text = Lines.many(20_000, first: client * 20_000)
        group.addTask { await intake.send(SentBody(text)).count("inserted") ?? 0 }
      }
      for client in 0..<20 {
        group.addTask { await intake.send(SentBody(Lines.one("small \(client)"))).count("inserted") ?? 0 }
      }
      return await group.reduce(0, +)
    }
    intake.stop()
    #expect(outcomes == 6 * 20_000 + 20)
    #expect(try store.verify().isSound)
  }

  @Test func beyondTheLimitStreamsAreTurnedAway() async throws {
    let intake = SampleIntake(host, limits: limits { ($0.streams, $0.waitingStreams, $0.slowStreams) = (1, 1, 0) })
    let piece = Array(Lines.many(2000).utf8)
    let first = try intake.begin(SentBody("").request(intake))
    #expect(await first.write(piece))
    // The second one stands still as soon as its pipe is full.
    let second = try intake.begin(SentBody("").request(intake))
    let sending = Task {
      _ = await second.write(piece)
      return await second.finish()
    }
    #expect(await isReachedSoon { intake.statistics.waitingStreams == 1 && intake.statistics.streams == 1 })
    let third = try intake.begin(SentBody("").request(intake))
    #expect(await third.write(piece) == false)
    let refused = await third.finish()
    #expect(refused.failure?.status == 503 && refused.failure?.retryAfter != nil, "\(refused.text)")
    #expect(await first.finish().count("inserted") == 2000)
    let outcome = await sending.value
    #expect(outcome.count("duplicates") == 2000, "\(outcome.text)")
    intake.stop()
  }

  /// Whoever sends slowly keeps nobody else from being read.
  @Test func slowClientsTakeNobodysTurn() async throws {
    let intake = SampleIntake(host, limits: limits { $0.streams = 2 })
    var slow: [IntakeSession] = []
    for _ in 0..<5 {
      let session = try intake.begin(SentBody("").request(intake))
      #expect(await session.write(Array(Lines.many(2000).utf8)))
      slow.append(session)
    }
    for _ in 0..<3 {
      let outcome = await intake.send(SentBody(Lines.many(5000)))
      #expect(outcome.count("records") == 5000, "\(outcome.text)")
    }
    for session in slow {
      let outcome = await session.finish()
      #expect(outcome.count("records") == 2000, "\(outcome.text)")
    }
    intake.stop()
  }

  @Test func whatStopsWhileItIsReadKeepsItsSlices() async throws {
    let intake = SampleIntake(host, limits: limits())
    let session = try intake.begin(SentBody("").request(intake))
    for part in 0..<40 { _ = await session.write(Array(Lines.many(1000, first: part * 1000).utf8)) }
    await withCheckedContinuation { continuation in
      Thread {
        intake.stop()
        continuation.resume()
      }.start()
    }
    let isWanted = await session.write(Array(Lines.many(10).utf8))
    #expect(!isWanted)
    let outcome = await session.finish()
    #expect(outcome.failure?.status == 503 && outcome.failure?.retryAfter != nil, "\(outcome.text)")
    #expect(outcome.count("inserted") ?? 0 == (try store.samples))
    let refused = await intake.send(SentBody(Lines.one("late")))
    #expect(refused.failure?.status == 503)
  }

  @Test func aDiskThatFillsUpEndsAStreamBetweenTwoSlices() async throws {
    let intake = SampleIntake(host, limits: limits { $0.groupBytes = 1 << 20 })
    let session = try intake.begin(SentBody("").request(intake))
    let part = Array(Lines.many(20_000).utf8)
    for _ in 0..<3 { _ = await session.write(part) }
    host.missing.withLock { $0 = CohortError(ErrorCode(.daemon, "no-room", .temporary), "The disk is nearly full") }
    while await session.write(part) {}
    let outcome = await session.finish()
    #expect(outcome.failure?.status == 507 && outcome.failure?.retryAfter == 60, "\(outcome.text)")
    let refused = await intake.send(SentBody(Lines.one("small")))
    #expect(refused.failure?.status == 507, "\(refused.text)")
    intake.stop()
  }

  @Test func aClientThatSaysNothingIsGivenUp() async throws {
    let intake = SampleIntake(host, limits: limits { $0.idleSeconds = 0.2 })
    let session = try intake.begin(SentBody("").request(intake))
    _ = await session.write(Array(Lines.many(2000).utf8))
    let isGivenUp = await isReachedSoon { intake.statistics.failures == 1 }
    #expect(isGivenUp)
    let outcome = await session.finish()
    #expect(outcome.failure?.status == 408, "\(outcome.text)")
    intake.stop()
  }

  // MARK: Bombs

  /// By the ratio that holds for files, too.
  @Test func whatUnfoldsToFarMoreThanItIsIsRefused() async throws {
    let intake = SampleIntake(host)
    let packed = Lines.zstd(32, blocks: 800)
    let outcome = await intake.send(SentBody(packed, encoding: "zstd"))
    #expect(packed.count < 200_000 && outcome.failure?.status == 413, "\(outcome.text)")
    intake.stop()
  }

  /// Bodies beyond the cap, however they come.
  @Test(arguments: [true, false]) func aBodyBeyondTheCapIsRefused(isPacked: Bool) async throws {
    let intake = SampleIntake(host, limits: limits { $0.bodyBytes = 1 << 20 })
    let text = Array(Lines.many(30_000).utf8)
    let body = isPacked ? Lines.zstd(text) : text
    let outcome = await intake.send(SentBody(body, encoding: isPacked ? "zstd" : nil), piece: 10_000)
    #expect(outcome.failure?.status == 413, "\(outcome.text)")
    if !isPacked {
      let request = try IntakeRequest(query: [], contentLength: 2 << 20, defaults: intake.defaults)
      let refusal = #expect(throws: IntakeFailure.self) { try intake.begin(request) }
      #expect(refusal?.status == 413)
    }
    intake.stop()
  }

  /// Spaces, empty lines, and a line without end take no memory.
  @Test(arguments: [" ", "\n", "x"]) func endlessBodiesTakeNoMemory(letter: String) async throws {
    var request = IngestRequest()
    request.options.limits.decompressionRatio = .max
    request.options.limits.recordBytes = 1 << 20
    let intake = SampleIntake(IntakeHost(store, request))
    // Frames one after the other are one text.
    let head = letter == "x" ? Lines.zstd(Array(#"{"prompt":""#.utf8)) : []
    let tail = Lines.zstd(Array(("\n" + Lines.one("a") + Lines.one("b")).utf8))
    let body = head + Lines.zstd(Array(letter.utf8)[0], blocks: 8 * Self.bombMebibytes) + tail
    let before = Self.peakKilobytes()
    let outcome = await intake.send(SentBody(body, encoding: "zstd"))
    intake.stop()
    #expect(outcome.count("inserted") == 2, "\(outcome.text)")
    #expect(outcome.count("rejected") == (letter == "\n" ? 0 : 1))
    let after = Self.peakKilobytes()
    #expect(after - before < 150 << 10, "\(before) \(after)")
  }

  /// What the bodies unfold to; more of it when somebody wants to see more.
  static let bombMebibytes = Int(ProcessInfo.processInfo.environment["COHORT_BOMB_MIB"] ?? "") ?? 192

  /// The most memory that the process ever had, in KiB; 0 where the system does not tell.
  static func peakKilobytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return Int(line.filter(\.isNumber)) ?? 0
  }
}
