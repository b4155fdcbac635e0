import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation

/// A store that a test owns, as the server sees it.
final class IntakeHost: HostedStore {
  let store: Store
  let ingestion: IngestRequest
  /// What is said to be missing on the disk.
  let missing = Locked<CohortError?>(nil)
  let name = "test"

  init(_ store: Store, _ request: IngestRequest = IngestRequest()) {
    self.store = store
    ingestion = request
  }

  func open() throws -> Store { store }
  func perform<R>(_ access: ActionAccess, patience: Double?, _ body: (Store) throws -> R) throws -> R {
    try body(store)
  }
  func shortage() -> CohortError? { missing.withLock { $0 } }
  func wake() {}
  func waitForLog(after sequence: LogSequence, seconds: Double) -> LogSequence { sequence }
  var condition: StoreCondition { StoreCondition() }
}

/// What a client sends.
struct SentBody: Sendable {
  var bytes: [UInt8]
  var query: [(name: String, value: String)] = []
  var key: String?
  var type: String?
  var encoding: String?

  init(
    _ text: String, query: [(name: String, value: String)] = [], key: String? = nil, type: String? = nil,
    encoding: String? = nil
  ) {
    self.init(Array(text.utf8), query: query, key: key, type: type, encoding: encoding)
  }

  init(
    _ bytes: [UInt8], query: [(name: String, value: String)] = [], key: String? = nil, type: String? = nil,
    encoding: String? = nil
  ) {
    (self.bytes, self.query, self.key, self.type, self.encoding) = (bytes, query, key, type, encoding)
  }

  func request(_ intake: SampleIntake) throws(IntakeFailure) -> IntakeRequest {
    try IntakeRequest(
      query: query, contentType: type, contentEncoding: encoding, idempotencyKey: key, defaults: intake.defaults)
  }
}

extension SampleIntake {
  /// Sends a body in pieces, as a connection does.
  func send(_ body: SentBody, piece: Int = 64 << 10) async -> IntakeOutcome {
    let session: IntakeSession
    do throws(IntakeFailure) { session = try begin(body.request(self)) } catch { return .failed(error) }
    var start = 0
    while start < body.bytes.count {
      let end = min(start + piece, body.bytes.count)
      guard await session.write(Array(body.bytes[start..<end])) else { break }
      start = end
    }
    return await session.finish()
  }
}

extension IntakeOutcome {
  /// The answer, or what happened in place of one.
  var text: String {
    switch self {
    case .answered(let json, _): String(decoding: json, as: UTF8.self)
    case .failed(let failure): "\(failure.status) \(failure.error.code): \(failure.error)"
    case .brokenOff: "broken off"
    }
  }

  var isReplay: Bool { if case .answered(_, true) = self { true } else { false } }
  var failure: IntakeFailure? { if case .failed(let failure) = self { failure } else { nil } }

  /// A count of the answer, or of what was stored without one; nil where there is none.
  func count(_ name: String) -> Int? {
    let json: [UInt8]? =
      switch self {
      case .answered(let json, _): json
      case .failed(let failure): failure.stored
      case .brokenOff: nil
      }
    guard let json, let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else {
      return nil
    }
    return object[name] as? Int ?? (object[name] as? [Any])?.count
  }
}

/// Text of records.
enum Lines {
  static func one(_ prompt: String, _ response: String = "r") -> String {
    #"{"prompt":"\#(prompt)","completion":"\#(response)"}"# + "\n"
  }

  /// Records `first ..< first + count` of about `bytes` bytes each.
  static func many(_ count: Int, first: Int = 0, bytes: Int = 60) -> String {
    let response = String(repeating: "x", count: max(bytes - 40, 1))
    return (first..<(first + count)).map { one("p\($0)", response) }.joined()
  }

  /// Three samples, packed by gzip.
  static let gzip = [UInt8](
    Data(base64Encoded: "H4sIAAAAAAACA6tWKijKzy0oUbJSKlDSUUoGsnNSSzLz84ACyUq1XNUUygMA3eiamWAAAAA=") ?? Data())

  /// A frame of zstd (RFC 8878) with bytes as they are.
  static func zstd(_ bytes: [UInt8]) -> [UInt8] {
    frame(
      stride(from: 0, to: max(bytes.count, 1), by: 128 << 10).map { start in
        (0, min(bytes.count - start, 128 << 10), Array(bytes[start..<min(bytes.count, start + 128 << 10)]))
      })
  }

  /// The same with one byte `128 << 10` times for each block: 4 bytes a block.
  static func zstd(_ byte: UInt8, blocks: Int) -> [UInt8] {
    frame([(Int, Int, [UInt8])](repeating: (1, 128 << 10, [byte]), count: blocks))
  }

  private static func frame(_ blocks: [(type: Int, size: Int, content: [UInt8])]) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3]
    for (number, block) in blocks.enumerated() {
      let header = (number == blocks.count - 1 ? 1 : 0) | block.type << 1 | block.size << 3
      frame += [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16)] + block.content
    }
    return frame
  }
}

extension Store {
  /// Everything that is known of each sample, in the order of ids.
  func described() throws -> [String] {
    try read { transaction in
      try (0..<transaction.counters.nextSample).map { id in
        guard let sample = try transaction.sample(SampleID(id)) else { return "deleted" }
        let source = try transaction.source(sample.source)?.name ?? "?"
        let task = try transaction.task(sample.task)?.name ?? "-"
        let text = sample.messages.map { "\($0.role) \($0.text)" }.joined(separator: "|")
        return "\(id) \(source) \(task) \(sample.line) \(text) \(String(decoding: sample.attributes, as: UTF8.self))"
      }
    }
  }

  var samples: Int { get throws { try read { Int(try $0.counters.nextSample) } } }
}

/// Keeps a store's writer busy until it is let go.
final class HeldWriter: Sendable {
  private let isHeld = Locked(false)
  private let isOver = Locked(false)
  private let thread: WorkThread

  init(of store: Store) throws {
    thread = try WorkThread { [isHeld, isOver] in
      try? store.write { _ in
        isHeld.change { $0 = true }
        isOver.wait { $0 ? () : nil }
      }
    }
    isHeld.wait { $0 ? () : nil }
  }

  func release() {
    isOver.change { $0 = true }
    thread.join()
  }
}

/// As `isReached`, without a thread.
func isReachedSoon(within seconds: Double = 30, _ condition: () throws -> Bool) async rethrows -> Bool {
  let end = Date().addingTimeInterval(seconds)
  while Date() < end {
    if try condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return false
}
