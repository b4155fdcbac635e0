internal import CohortSystem

/// The checksums of chunks that were found right, so that whoever reads a few rows here and there, again and again, checks
/// each chunk once and not each time. A chunk that was written anew has another checksum, and is checked again.
///
/// May be used by several threads.
public final class SoundChunks: Sendable {
  private let checksums = Locked<[UInt64: UInt64]>([:])

  /// Knows of no chunk yet: the first look at each one computes its checksum.
  public init() {}

  /// Forgets everything: damage that came meanwhile is found again.
  public func removeAll() { checksums.withLock { $0.removeAll() } }

  /// Whether the chunk under a key was found right when it had the checksum that it has now.
  func contains(_ chunk: UnsafeRawBufferPointer, of key: UInt64) -> Bool {
    guard let checksum = Self.checksum(of: chunk) else { return false }
    return checksums.withLock { $0[key] == checksum }
  }

  /// Notes a chunk that was found right.
  func insert(_ chunk: UnsafeRawBufferPointer, of key: UInt64) {
    guard let checksum = Self.checksum(of: chunk) else { return }
    checksums.withLock { $0[key] = checksum }
  }

  private static func checksum(of chunk: UnsafeRawBufferPointer) -> UInt64? {
    chunk.count < Sealed.headerSize ? nil : chunk.loadUnaligned(as: UInt64.self)
  }
}
