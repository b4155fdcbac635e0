internal import CohortSystem
internal import CohortCore
internal import CohortLMDB

/// What is needed to read and write payloads and lives as long as the store: digested dictionaries, and working memory
/// of decompressors that no thread uses at the moment.
final class PayloadCodecs: Sendable {
  private struct State {
    var dictionaries: [UInt16: CompressionDictionary] = [:]
    var idle: [IdleDecompressor] = []
    var isUntrainable = false
  }

  /// A decompressor that waits for its next user. Guard of the unchecked conformance: it is in the list or with one
  /// thread, never both.
  private struct IdleDecompressor: @unchecked Sendable {
    let decompressor: PayloadDecompressor
  }

  private let state = Locked(State())

  /// Whether the store's samples did not suffice for a dictionary.
  var isUntrainable: Bool { state.withLock { $0.isUntrainable } }

  func setUntrainable() { state.withLock { $0.isUntrainable = true } }

  /// The dictionary of a number, read from the store on first use. Dictionaries never change.
  func dictionary(_ number: UInt16, _ transaction: UnsafeTransaction, _ tables: StoreTables) throws
    -> CompressionDictionary
  {
    if let known = state.withLock({ $0.dictionaries[number] }) { return known }
    guard let stored = try transaction.get(tables.dictionaries, UInt64(number)) else {
      throw CohortError.corrupted("Dictionary \(number)", cause: "it is missing")
    }
    let made = CompressionDictionary(
      number: number, bytes: try Sealed.open(stored, SealPlace(.dictionaries, UInt64(number)), "Dictionary \(number)"))
    state.withLock { $0.dictionaries[number] = made }
    return made
  }

  /// Lends a decompressor to `body`.
  func withDecompressor<R>(_ body: (PayloadDecompressor) throws -> R) rethrows -> R {
    let decompressor = state.withLock { $0.idle.popLast() }?.decompressor ?? PayloadDecompressor()
    defer {
      let idle = IdleDecompressor(decompressor: decompressor)
      state.withLock { $0.idle.append(idle) }
    }
    return try body(decompressor)
  }
}
