import CohortSystem
import CohortTesting
import Foundation
import Synchronization
import Testing

/// Many who write and many who read, and a SIGKILL in the middle: what was acknowledged is there, once.
@Suite struct DaemonLoadTests {
  /// What the clients share.
  private final class Tally: Sendable {
    struct State {
      var acknowledged: Set<String> = []
      var sent: Set<String> = []
      var batches: [Double] = []
      var reads: [Double] = []
      var statuses: [String: Int] = [:]
      var problems: [String] = []
      var broken = 0
      var isOver = false
    }
    let state = Mutex(State())

    var isOver: Bool { state.withLock { $0.isOver } }

    func note(_ what: String, _ status: Int) { state.withLock { $0.statuses["\(what) \(status)", default: 0] += 1 } }

    func problem(_ text: String) { state.withLock { $0.problems.append(text) } }
  }

  private static let clients = Torture.cases(8, tortured: 64)
  private static let seconds = Torture.cases(10.0, tortured: 600.0)
  private static let rows = 50

  @Test func acknowledgedRowsSurviveAKillUnderLoad() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      let descriptors = try #require(door.descriptors)
      let tally = Tally()
      let port = door.port
      let base = door.base
      let threads = TestThreads(2 * Self.clients) { number in
        if number < Self.clients {
          Self.write(number, port: port, base: base, tally)
        } else {
          Self.read(number, port: port, base: base, tally)
        }
      }
      let begun = Date()
      let kill = Self.seconds * (0.3 + 0.2 * random.unit())
      usleep(UInt32(kill * 1e6))
      #expect(
        door.daemon.end(by: SIGKILL) == -SIGKILL, "seed \(seed): it ended by itself\n\(door.daemon.log.suffix(2000))")
      try door.restart()
      // What the second life needs: some time to warm up, then it has to stay as it is.
      usleep(UInt32(Self.seconds * 0.2 * 1e6))
      let early = (door.memory ?? 0, door.descriptors?.all ?? 0)
      usleep(UInt32(max(0, Self.seconds - Date().timeIntervalSince(begun)) * 1e6))
      let late = (door.memory ?? 0, door.descriptors?.all ?? 0)
      tally.state.withLock { $0.isOver = true }
      threads.wait()

      let state = tally.state.withLock { $0 }
      print(
        "\(Self.clients) writers, \(Self.clients) readers, \(Int(Self.seconds)) s, seed \(seed):",
        "\(state.acknowledged.count) rows acknowledged; batches \(Self.spread(state.batches)); reads \(Self.spread(state.reads));",
        "\(state.broken) connections broken by the kill; memory \(Int(early.0)) to \(Int(late.0)) MiB,",
        "descriptors \(early.1) to \(late.1); \(state.statuses.sorted { $0.key < $1.key })")
      #expect(state.problems.isEmpty, "seed \(seed): \(state.problems.prefix(10))")
      #expect(state.acknowledged.count > 20 * Self.rows && state.reads.count > 100, "seed \(seed)")
      #expect(late.0 < early.0 * 1.2 + 64 && late.1 <= early.1 + 8, "seed \(seed)")
      #expect(door.isBack(to: descriptors), "seed \(seed)")

      let stored = try Self.stored(program)
      let lost = state.acknowledged.filter { stored[$0] == nil }
      #expect(lost.isEmpty, "seed \(seed): \(lost.count) acknowledged rows are lost: \(lost.prefix(5))")
      let doubled = stored.filter { $0.value > 1 }
      #expect(doubled.isEmpty, "seed \(seed): \(doubled.count) rows are doubled: \(doubled.prefix(5))")
      let strangers = Set(stored.keys).subtracting(state.sent)
      #expect(strangers.isEmpty, "seed \(seed): \(strangers.prefix(5))")

      let ending = Date()
      #expect(door.daemon.end() == 0, "seed \(seed): \(door.daemon.log.suffix(2000))")
      #expect(Date().timeIntervalSince(ending) < 10)
      #expect(try program.cohort("verify").status == 0, "seed \(seed)")
    }
  }

  /// SIGTERM under load: new work is refused or told, the end comes in time, and what was acknowledged is there.
  @Test func aTerminationUnderLoadLosesNothing() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      let tally = Tally()
      let port = door.port
      let base = door.base
      let threads = TestThreads(2 * Self.clients) { number in
        if number < Self.clients {
          Self.write(number, port: port, base: base, tally)
        } else {
          Self.read(number, port: port, base: base, tally)
        }
      }
      usleep(2_000_000)
      let begun = Date()
      #expect(door.daemon.end() == 0, "\(door.daemon.log.suffix(2000))")
      let seconds = Date().timeIntervalSince(begun)
      tally.state.withLock { $0.isOver = true }
      threads.wait()
      let state = tally.state.withLock { $0 }
      print("SIGTERM under load: ended after \(seconds) s; \(state.statuses.sorted { $0.key < $1.key })")
      #expect(seconds < 10)
      #expect(state.problems.isEmpty, "\(state.problems.prefix(10))")
      let stored = try Self.stored(program)
      #expect(state.acknowledged.allSatisfy { stored[$0] == 1 })
      #expect(stored.allSatisfy { $0.value == 1 })
      #expect(try program.cohort("verify").status == 0)
    }
  }

  // MARK: Clients

  private static func request(
    _ method: String, _ path: String, port: Int, headers: [String], body: String?, token: String
  ) -> [UInt8] {
    let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
    let lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Authorization: Bearer \(token)"]
    return Array(((lines + headers + length).map { $0 + "\r\n" }.joined() + "\r\n" + (body ?? "")).utf8)
  }

  /// A batch after the other, each until it is acknowledged; the same key again when nobody knows what became of it.
  private static func write(_ number: Int, port: Int, base: String, _ tally: Tally) {
    var connection: RawConnection?
    for batch in 0... {
      if tally.isOver { return }
      let keys = (0..<rows).map { "\(number)-\(batch)-\($0)" }
      let body = keys.map {
        #"{"prompt":"question \#($0)","completion":"answer","kind":"sum","load_key":"\#($0)"}"# + "\n"
      }
      .joined()
      let bytes = request(
        "POST", "\(base)/samples?source=load-\(number)&task_field=kind", port: port,
        headers: ["Content-Type: application/x-ndjson", "Idempotency-Key: load-\(number)-\(batch)"], body: body,
        token: DoorProcess.writing)
      tally.state.withLock { $0.sent.formUnion(keys) }
      // A batch that is under way at the end is asked for a little longer.
      let patience = Date().addingTimeInterval(60)
      while Date() < patience {
        let begun = Date()
        guard let answer = exchange(bytes, "POST", &connection, port) else {
          tally.state.withLock { $0.broken += 1 }
          if tally.isOver { return }
          continue
        }
        tally.note("POST samples", answer.status)
        if answer.status == 503 || answer.status == 429 {
          if tally.isOver { return }
          usleep(50_000)
          continue
        }
        guard answer.status == 200 || answer.status == 201, let told = try? answer.object() else {
          tally.problem("POST samples: \(answer.status) \(answer.text.prefix(300))")
          break
        }
        let counts = ["inserted", "duplicates", "quarantined"].map { told[$0] as? Int ?? -1 }
        if counts[0] + counts[1] != rows || counts[2] != 0 { tally.problem("\(number)-\(batch): \(told)") }
        tally.state.withLock { state in
          state.acknowledged.formUnion(keys)
          state.batches.append(Date().timeIntervalSince(begun))
        }
        break
      }
    }
  }

  private static func read(_ number: Int, port: Int, base: String, _ tally: Tally) {
    var connection: RawConnection?
    var turn = number
    while !tally.isOver {
      turn += 1
      let (method, path, body): (String, String, String?) =
        switch turn % 6 {
        case 0: ("GET", base, nil)
        case 1: ("GET", "\(base)/samples/\(turn * 31 % 300)", nil)
        case 2: ("GET", "\(base)/samples?after=\(turn * 17 % 200)&limit=10", nil)
        case 3: ("GET", "\(base)/groupings/tasks/groups", nil)
        case 4: ("GET", "\(base)/plans/first/steps?epoch=0&from=0&to=3", nil)
        default: ("POST", "\(base)/sql", #"{"sql":"SELECT name, inserted FROM sources","limit":10}"#)
        }
      let headers = body == nil ? [] : ["Content-Type: application/json"]
      let bytes = request(method, path, port: port, headers: headers, body: body, token: DoorProcess.reading)
      let begun = Date()
      guard let answer = exchange(bytes, method, &connection, port) else {
        tally.state.withLock { $0.broken += 1 }
        continue
      }
      tally.note("read", answer.status)
      switch answer.status {
      case 200: tally.state.withLock { $0.reads.append(Date().timeIntervalSince(begun)) }
      case 429, 503: usleep(50_000)
      default: tally.problem("\(method) \(path): \(answer.status) \(answer.text.prefix(300))")
      }
    }
  }

  /// - Returns: nil when the connection broke; the next exchange makes another.
  private static func exchange(
    _ bytes: [UInt8], _ method: String, _ connection: inout RawConnection?, _ port: Int
  ) -> RawAnswer? {
    if connection == nil { connection = try? RawConnection(port: port) }
    guard let open = connection else {
      usleep(20_000)
      return nil
    }
    open.send(bytes)
    guard let answer = open.answer(seconds: 60, to: method) else {
      connection = nil
      usleep(20_000)
      return nil
    }
    if open.isEnded || answer.headers["connection"]?.lowercased() == "close" { connection = nil }
    return answer
  }

  // MARK: The end

  /// How often each key is in the store.
  private static func stored(_ program: Program) throws -> [String: Int] {
    let export = try program.cohort("export", "-", "--as", "messages", "--progress", "off")
    guard export.status == 0 else { throw Program.Unusable(text: export.description) }
    var found: [String: Int] = [:]
    for line in try export.jsonLines() {
      if let key = line["load_key"] as? String { found[key, default: 0] += 1 }
    }
    return found
  }

  private static func spread(_ values: [Double]) -> String {
    let ordered = values.sorted()
    guard let last = ordered.last else { return "none" }
    let texts = [ordered[ordered.count / 2], ordered[ordered.count * 99 / 100], last].map { "\(Int($0 * 1000))" }
    return "p50 \(texts[0]), p99 \(texts[1]), max \(texts[2]) ms of \(values.count)"
  }
}
