import CohortLMDB
import CohortTesting

/// An environment with two tables, `numbers` (integer keys) and `words` (byte keys), in a folder of its own.
final class EnvironmentFolder: Sendable {
  private let folder: TemporaryFolder

  var path: String { folder.path }

  init() throws { folder = try TemporaryFolder() }

  func open(
    at other: String? = nil, mapSize: UInt64 = 1 << 30, readOnly: Bool = false, withoutLocks: Bool = false
  ) throws -> CohortLMDB.Environment {
    var options = CohortLMDB.Environment.Options()
    options.mapSize = mapSize
    options.readOnly = readOnly || withoutLocks
    options.withoutLocks = withoutLocks
    options.createsTables = !options.readOnly
    return try EnvironmentRegistry.environment(
      at: other ?? path,
      tables: [TableDefinition("numbers", key: .integer), TableDefinition("words", key: .bytes)], options: options)
  }
}

extension CohortLMDB.Environment {
  /// Puts a value of `size` bytes, all `byte`.
  func put(_ key: UInt64, size: Int, byte: UInt8, with writer: WriterThread) throws {
    let value = [UInt8](repeating: byte, count: size)
    try writer.perform {
      try write { transaction in
        try value.withUnsafeBytes { try transaction.put(table("numbers"), key, $0) }
      }
    }
  }

  func value(_ key: UInt64) throws -> [UInt8]? {
    try read { transaction in try transaction.get(table("numbers"), key).map { [UInt8]($0) } }
  }
}
