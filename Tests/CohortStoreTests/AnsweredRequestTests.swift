import CohortCore
import CohortLMDB
import CohortStore
import CohortSystem
import CohortTesting
import Testing

/// Answers are kept with what they tell of, for a day, and not too many.
@Suite struct AnsweredRequestTests {
  private let folder: TemporaryFolder
  private let store: Store
  private let time = Locked<Int64>(1_000_000)

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), clock: { [time] in time.withLock { $0 } })
  }

  private func answered(_ key: String) throws -> AnsweredRequest? {
    try store.read { try $0.answered(key, at: time.withLock { $0 }) }
  }

  private func remember(_ key: String, _ answer: String = "{}", limit: Int = AnsweredRequest.limit) throws {
    try store.write { try $0.remember(key, digest: digest, answer: Array(answer.utf8), limit: limit) }
  }

  private var digest: Digest128 { XXH3.hash128(Array("body".utf8)) }

  @Test func anAnswerIsThereAgainAfterOpening() throws {
    #expect(try answered("a") == nil && store.read { try $0.answeredRequests() } == 0)
    try remember("a", "first")
    try remember("b", "second")
    #expect(try answered("a") == AnsweredRequest(time: 1_000_000, digest: digest, answer: Array("first".utf8)))
    #expect(try answered("b")?.answer == Array("second".utf8) && answered("ab") == nil)
    #expect(try store.read { try $0.answeredRequests() } == 2)
    let report = try store.verify()
    #expect(report.isSound && report.tables.last?.name == "requests")
    let reader = try Store.open(at: store.path)
    #expect(try reader.read { try $0.answered("a", at: 1_000_000) }?.answer == Array("first".utf8))
  }

  @Test func aTransactionThatFailsKeepsNothing() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try store.write { transaction in
        try transaction.remember("a", digest: digest, answer: [])
        throw Failure()
      }
    }
    #expect(try answered("a") == nil)
    #expect(throws: CohortError.self) { try remember("") }
    #expect(throws: CohortError.self) { try remember("two words") }
  }

  @Test func anAnswerEndsAfterADay() throws {
    try remember("old")
    time.withLock { $0 += AnsweredRequest.lifetime - 1 }
    #expect(try answered("old") != nil)
    time.withLock { $0 += 1 }
    #expect(try answered("old") == nil)
    // The next one that is kept forgets it for good.
    try remember("new")
    #expect(try store.read { try $0.answeredRequests() } == 1)
    #expect(try answered("new") != nil)
    #expect(try store.verify().isSound)
  }

  @Test func theOldestGoWhenThereAreTooMany() throws {
    for number in 0..<20 {
      time.withLock { $0 += 1 }
      try remember("k\(number)", limit: 5)
    }
    for number in 0..<20 { #expect(try (answered("k\(number)") != nil) == (number >= 15)) }
    // One that is kept again is young again.
    time.withLock { $0 += 1 }
    try remember("k15", "again", limit: 5)
    time.withLock { $0 += 1 }
    try remember("k20", limit: 5)
    #expect(try answered("k15")?.answer == Array("again".utf8) && answered("k16") == nil)
    #expect(try store.read { try $0.answeredRequests() } == 5)
    #expect(try store.verify().isSound)
  }

  /// The bytes are those of the document.
  @Test func theLayoutIsTheDocuments() throws {
    try remember("k", "{}")
    func bytes(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
    var values: [(key: [UInt8], value: [UInt8])] = []
    try RawTables(at: store.path).environment.read { transaction in
      let table = try #require(transaction.table(AnsweredRequest.table.definition))
      try transaction.walk(table, from: []) { (key: UnsafeRawBufferPointer, value) in
        values.append(([UInt8](key), [UInt8](value)))
        return true
      }
    }
    #expect(values.map(\.key) == [Array("kk".utf8), Array("t".utf8) + bytes(1_000_000).reversed() + Array("k".utf8)])
    #expect(
      Array(values[0].value.dropFirst(8)) == [1] + bytes(1_000_000) + bytes(digest.high) + bytes(digest.low) + [2]
        + Array("{}".utf8))
    #expect(values[1].value.count == 8)
  }
}
