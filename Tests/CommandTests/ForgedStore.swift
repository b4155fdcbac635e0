import CohortCore
import CohortLMDB
import CohortStore

/// Changes values of a store behind its back, and makes their checksums right: what only a replay of the log can find.
struct ForgedStore {
  /// A table with integer keys, and its number in checksums (`Schemas/store.md`).
  enum Table: UInt64 {
    case log = 2
    case samples = 3
    case columns = 5
    case groups = 7

    var name: String {
      switch self {
      case .log: "log"
      case .samples: "samples"
      case .columns: "columns"
      case .groups: "groups"
      }
    }
  }

  struct Missing: Error {
    var key: UInt64
  }

  let path: String

  /// Changes the bytes behind the checksum of a value, as a transaction of its own.
  func change(_ table: Table, _ key: UInt64, _ body: (inout [UInt8]) -> Void) throws {
    let environment = try EnvironmentRegistry.environment(
      at: path, tables: [TableDefinition(table.name, key: .integer), TableDefinition("meta", key: .bytes)],
      options: Environment.Options())
    let (handle, meta) = (try environment.table(table.name), try environment.table("meta"))
    let counters = [UInt8]("counters".utf8)
    let writer = WriterThread()
    defer { writer.stop() }
    try writer.perform {
      try environment.write { transaction in
        guard let stored = try transaction.get(handle, key) else { throw Missing(key: key) }
        var bytes = [UInt8](stored.dropFirst(8))
        body(&bytes)
        try Self.sealed(bytes, table.rawValue, key).withUnsafeBytes { try transaction.put(handle, key, $0) }
        // The counters name the transaction that was the last one, 78 bytes behind their checksum.
        guard let before = try transaction.get(meta, counters) else { throw Missing(key: 0) }
        bytes = [UInt8](before.dropFirst(8))
        withUnsafeBytes(of: transaction.number.littleEndian) { bytes.replaceSubrange(78..<86, with: $0) }
        try Self.sealed(bytes, 1, XXH3.hash64(counters)).withUnsafeBytes { try transaction.put(meta, counters, $0) }
      }
    }
  }

  private static func sealed(_ bytes: [UInt8], _ table: UInt64, _ key: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(XXH3.hash64(bytes) ^ Mixing.finalize(key ^ Mixing.finalize(table &+ 0x9e37_79b9_7f4a_7c15)))
    writer.raw(bytes)
    return writer.bytes
  }
}
