internal import CohortCore
internal import CohortSearch
internal import CohortStore
internal import CohortTables
internal import Foundation
internal import GRDB

/// The sizes of samples that a transaction of the index changes: how many words each has, 4,096 samples a row.
struct SearchSizes {
  private let database: Database
  private var chunks: [UInt64: [UInt8]] = [:]

  init(_ database: Database) { self.database = database }

  /// - Returns: what the sample had before.
  mutating func replace(_ id: UInt64, with size: UInt32) throws -> UInt32 {
    let (number, row) = id.quotientAndRemainder(dividingBy: SearchRules.chunk)
    let at = Int(row) * 4
    if chunks[number] == nil {
      let stored = try Data.fetchOne(
        database, sql: "SELECT words FROM sample_sizes WHERE chunk = ?", arguments: [Int64(clamping: number)])
      chunks[number] = stored.map { [UInt8]($0) } ?? []
    }
    return chunks[number]?.exchange(size, at: at) ?? 0
  }

  /// Writes what was changed.
  func write() throws {
    let statement = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO sample_sizes (chunk, words) VALUES (?, ?)")
    for (number, bytes) in chunks.sorted(by: { $0.key < $1.key }) {
      try statement.execute(arguments: [Int64(clamping: number), DatabaseValue.bytes(bytes)])
    }
  }
}

extension [UInt8] {
  fileprivate mutating func exchange(_ value: UInt32, at offset: Int) -> UInt32 {
    if count < offset + 4 { append(contentsOf: repeatElement(0, count: offset + 4 - count)) }
    return withUnsafeMutableBytes { bytes in
      let old = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
      return old
    }
  }
}

extension SearchPosition {
  func write(_ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO search_state
          (id, store_id, rules, applied_sequence, applied_mark, next_sample, samples, words, dead)
        VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      store, rules, Int64(clamping: applied.rawValue), mark, Int64(clamping: next), Int64(clamping: samples),
      Int64(clamping: words), Int64(clamping: dead),
    ])
  }
}
