internal import CohortCore
internal import CohortLMDB

/// The value of `meta["drafts"]`, which is there while a snapshot is written in several transactions, or after that was cut
/// short: the numbers of snapshots whose pieces are, in part, in `membership` before there is a record.
///
/// ```
/// u64 checksum | varint n | n x u32 snapshot
/// ```
struct SnapshotDrafts: Equatable {
  static let key = [UInt8]("drafts".utf8)
  private static let place = SealPlace(.meta, key)

  var ids: [UInt32] = []

  /// What the store has; nothing where it has no such value.
  init(in transaction: UnsafeTransaction, _ tables: StoreTables) throws {
    guard let stored = try transaction.get(tables.meta, Self.key) else { return }
    self = try SnapshotDrafts(stored)
  }

  init(_ bytes: UnsafeRawBufferPointer) throws {
    ids = try Sealed.decode(bytes, Self.place, "The record of unfinished snapshots") { reader in
      try (0..<(try reader.count(unit: 4))).map { _ in try reader.fixed() }
    }
  }

  private func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(ids.count)
    for id in ids { writer.fixed(id) }
    return Sealed.seal(writer.bytes, Self.place)
  }

  func write(in transaction: UnsafeTransaction, _ tables: StoreTables) throws {
    if ids.isEmpty {
      try transaction.delete(tables.meta, Self.key)
    } else {
      try encode().withUnsafeBytes { try transaction.put(tables.meta, Self.key, $0) }
    }
  }
}
