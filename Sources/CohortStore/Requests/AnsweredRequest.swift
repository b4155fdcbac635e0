public import CohortCore
internal import CohortLMDB

/// A request that was carried out, by the key that its client chose: sent again, it is answered and not carried out again.
///
/// `requests` has two values for each: the answer by its key, and nothing by its time and key, so that the oldest are found.
///
/// ```
/// 'k' | key                 u8 layout version (1) | i64 time | digest | blob answer
/// 't' | i64 time BE | key   (empty)
/// ```
public struct AnsweredRequest: Hashable, Sendable {
  /// When it was carried out, in milliseconds since 1970.
  public var time: Int64
  /// Of everything that decides about the outcome: another request under the same key is told apart by it.
  public var digest: Digest128
  /// What the client was told.
  public var answer: [UInt8]

  public init(time: Int64, digest: Digest128, answer: [UInt8]) {
    self.time = time
    self.digest = digest
    self.answer = answer
  }

  /// How long an answer is kept, in milliseconds.
  public static let lifetime: Int64 = 24 * 3600 * 1000
  /// How many are kept; beyond them the oldest go.
  public static let limit = 10_000

  /// A reader that does not know them reads everything else right.
  package static let table = OptionalTable(
    "requests", key: .bytes, number: 14, feature: StoreFeature(bit: 0, "requests", isRequired: false))

  static let layoutVersion: UInt8 = 1
  /// What one transaction forgets at most, so that none takes long after a day of many requests.
  static let forgottenAtOnce = 256

  /// Whether a text can be a key: 1 to 255 visible ASCII characters.
  public static func isKey(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }

  static func key(_ key: String) -> [UInt8] { [UInt8(ascii: "k")] + key.utf8 }

  static func timeKey(_ time: Int64, _ key: some Sequence<UInt8>) -> [UInt8] {
    [UInt8(ascii: "t")] + withUnsafeBytes(of: UInt64(max(time, 0)).bigEndian) { [UInt8]($0) } + key
  }

  /// The time and the client's key of a key in the order of time; nil for others.
  static func place(_ key: UnsafeRawBufferPointer) -> (time: Int64, key: [UInt8])? {
    guard key.count > 9, key[0] == UInt8(ascii: "t") else { return nil }
    let time = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    return (Int64(clamping: time), [UInt8](key[9...]))
  }

  var encoded: [UInt8] {
    var writer = ByteWriter(capacity: answer.count + 32)
    writer.fixed(Self.layoutVersion)
    writer.fixed(time)
    writer.fixed(digest.high)
    writer.fixed(digest.low)
    writer.blob(answer)
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws {
    do {
      self = try ByteReader.decode(bytes) { reader in
        let version = try reader.fixed(UInt8.self)
        guard version == Self.layoutVersion else {
          throw CohortError.invalid("its layout version", cause: "\(version)")
        }
        let time = try reader.fixed(Int64.self)
        let digest = Digest128(high: try reader.fixed(), low: try reader.fixed())
        return AnsweredRequest(time: time, digest: digest, answer: [UInt8](try reader.blob()))
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.corrupted("The answer to a request", cause: error.description)
    }
  }
}

extension ReadTransaction {
  /// What was answered to the request of a key; nil when there was none, or its answer is too old to count.
  /// - Parameter now: milliseconds since 1970.
  /// - Throws: `store.corrupted`.
  public func answered(_ key: String, at now: Int64) throws -> AnsweredRequest? {
    guard let value = try value(AnsweredRequest.key(key), of: AnsweredRequest.table) else { return nil }
    let request = try AnsweredRequest(value)
    return now - request.time < AnsweredRequest.lifetime ? request : nil
  }

  /// How many answers are kept, those that are too old and not yet forgotten included.
  public func answeredRequests() throws -> Int {
    guard let table = unsafe.table(AnsweredRequest.table.definition) else { return 0 }
    return try unsafe.count(table) / 2
  }
}

extension WriteTransaction {
  /// Keeps the answer to a request with everything else that the transaction does, and forgets what is too old or too much.
  /// - Parameters:
  ///   - key: as `AnsweredRequest.isKey` says; an older answer of the same key is replaced.
  ///   - limit: how many are kept.
  /// - Complexity: O(log n), and as much for each that is forgotten.
  public func remember(
    _ key: String, digest: Digest128, answer: [UInt8], limit: Int = AnsweredRequest.limit
  ) throws {
    guard AnsweredRequest.isKey(key) else {
      throw CohortError(.storeName, "The key of a request is not 1 to 255 visible ASCII characters")
    }
    let stored = AnsweredRequest.key(key)
    let table = try unsafe.make(AnsweredRequest.table.definition)
    if let before = try reading.value(stored, of: AnsweredRequest.table) {
      _ = try unsafe.delete(table, AnsweredRequest.timeKey(try AnsweredRequest(before).time, key.utf8))
    }
    let request = AnsweredRequest(time: state.time, digest: digest, answer: answer)
    try put(request.encoded, stored, in: AnsweredRequest.table)
    try put([], AnsweredRequest.timeKey(state.time, key.utf8), in: AnsweredRequest.table)
    try forget(table, limit: limit)
  }

  private func forget(_ table: Table, limit: Int) throws {
    var excess = try unsafe.count(table) / 2 - limit
    var keys: [[UInt8]] = []
    try unsafe.walk(table, from: [UInt8(ascii: "t")]) { (key: UnsafeRawBufferPointer, _) in
      guard keys.count < 2 * AnsweredRequest.forgottenAtOnce, let place = AnsweredRequest.place(key),
        excess > 0 || state.time - place.time >= AnsweredRequest.lifetime
      else { return false }
      excess -= 1
      keys.append([UInt8](key))
      keys.append([UInt8(ascii: "k")] + place.key)
      return true
    }
    for key in keys { _ = try unsafe.delete(table, key) }
  }
}
