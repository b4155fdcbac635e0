internal import CohortCore
internal import CohortLMDB

/// One sample of the index of contents: its content's hash, and its id.
struct IdentityEntry: Comparable {
  var hash: UInt64
  var id: UInt64

  static func < (a: Self, b: Self) -> Bool { (a.hash, a.id) < (b.hash, b.id) }
}

/// The value of `meta["identity"]`: the runs of the index of contents.
///
/// Hashes come in no order, and a table with a key for each would have a page changed for nearly every sample. So the
/// samples of a transaction are written as one sorted run, and small runs are merged as they become many, as in a
/// log-structured merge tree (O'Neil et al. 1996).
struct IdentityDirectory: Hashable {
  static let key = [UInt8]("identity".utf8)
  private static let place = SealPlace(.meta, key)

  struct Run: Hashable {
    var number: UInt32
    var entries: UInt64

    var chunks: UInt64 { (entries + UInt64(IdentityChunk.entries) - 1) / UInt64(IdentityChunk.entries) }

    /// How many entries a chunk has; 0 beyond the last.
    func entries(inChunk chunk: UInt64) -> Int {
      let first = chunk * UInt64(IdentityChunk.entries)
      return first >= entries ? 0 : Int(min(entries - first, UInt64(IdentityChunk.entries)))
    }

    static func key(_ run: UInt32, _ chunk: UInt64) -> UInt64 { UInt64(run) << 32 | chunk }
  }

  /// From the oldest to the newest.
  var runs: [Run] = []
  var nextRun: UInt32 = 0

  init() {}

  init(_ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, Self.place, "The runs of the identity table") { reader in
      var directory = IdentityDirectory()
      directory.nextRun = try reader.fixed()
      for _ in 0..<(try reader.count(unit: 5)) {
        let run = Run(number: try reader.fixed(), entries: try reader.varint())
        guard run.number < directory.nextRun, run.entries > 0, run.entries < 1 << 44 else {
          throw CohortError.invalid("a run")
        }
        directory.runs.append(run)
      }
      return directory
    }
  }

  func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(nextRun)
    writer.varint(runs.count)
    for run in runs {
      writer.fixed(run.number)
      writer.varint(run.entries)
    }
    return Sealed.seal(writer.bytes, Self.place)
  }
}

/// A part of a run, in place (`identity[run | chunk]`):
///
/// ```
/// u64 checksum | entry × n: u64 hash, u64 id
/// ```
///
/// Entries ascend by hash, then id, over all chunks of a run; all chunks but the last are full.
struct IdentityChunk {
  /// With its checksum and LMDB's header, a full chunk fills 16 pages of 4 KiB.
  static let entries = 4094
  static let entrySize = 16

  let count: Int
  private let data: UnsafeRawBufferPointer

  /// - Parameter isChecked: whether the checksum is known to be right.
  init(_ bytes: UnsafeRawBufferPointer, key: UInt64, isChecked: Bool = false) throws {
    func place() -> String { "Chunk \(key & 0xffff_ffff) of identity run \(key >> 32)" }
    let body =
      isChecked
      ? UnsafeRawBufferPointer(rebasing: bytes[Sealed.headerSize...])
      : try Sealed.open(bytes, SealPlace(.identity, key), place())
    guard body.count % Self.entrySize == 0, !body.isEmpty, body.count <= Self.entries * Self.entrySize else {
      throw CohortError.corrupted(place(), cause: "its size does not fit")
    }
    count = body.count / Self.entrySize
    data = body
  }

  subscript(index: Int) -> IdentityEntry {
    let offset = index * Self.entrySize
    return IdentityEntry(
      hash: UInt64(littleEndian: data.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
      id: UInt64(littleEndian: data.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
  }

  /// The first entry whose hash is not less.
  func lowerBound(_ hash: UInt64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Chunks of the index that one transaction has read and found right, by their keys: small batches look into the same ones
/// again and again.
final class SoundIdentityChunks {
  private var keys: Set<UInt64> = []

  func contains(_ key: UInt64) -> Bool { keys.contains(key) }
  func insert(_ key: UInt64) { keys.insert(key) }
  /// The table is about to change.
  func forgetAll() { keys.removeAll() }
}

/// Searches a run, best for hashes in ascending order: a chunk is read and checked once.
struct IdentityRunReader {
  private let run: IdentityDirectory.Run
  private let transaction: UnsafeTransaction
  private let table: Table
  private let sound: SoundIdentityChunks?
  private var current: (number: UInt64, chunk: IdentityChunk)?

  /// - Parameter sound: chunks in it are not checked again; nil to check each one.
  init(
    _ run: IdentityDirectory.Run, _ transaction: UnsafeTransaction, _ table: Table, sound: SoundIdentityChunks? = nil
  ) {
    self.sound = sound
    self.run = run
    self.transaction = transaction
    self.table = table
  }

  func chunk(_ number: UInt64) throws -> IdentityChunk {
    let key = IdentityDirectory.Run.key(run.number, number)
    guard let stored = try transaction.get(table, key) else {
      throw CohortError.missing("Chunk \(number) of identity run \(run.number)")
    }
    let isSound = sound?.contains(key) ?? false
    let chunk = try IdentityChunk(stored, key: key, isChecked: isSound)
    if !isSound { sound?.insert(key) }
    guard chunk.count == run.entries(inChunk: number) else {
      throw CohortError.corrupted(
        "Chunk \(number) of identity run \(run.number)", cause: "it has \(chunk.count) entries")
    }
    return chunk
  }

  /// Appends the ids of all entries with a hash.
  mutating func find(_ hash: UInt64, into ids: inout [UInt64]) throws {
    var (number, chunk) = try seek(hash)
    var index = chunk.lowerBound(hash)
    while true {
      while index < chunk.count {
        let entry = chunk[index]
        guard entry.hash == hash else { return }
        ids.append(entry.id)
        index += 1
      }
      number += 1
      guard number < run.chunks else { return }
      chunk = try self.chunk(number)
      index = chunk.lowerBound(hash)
    }
  }

  /// The last chunk that begins before `hash`, or the first one: steps that double from where the last search ended, then
  /// halving.
  private mutating func seek(_ hash: UInt64) throws -> (UInt64, IdentityChunk) {
    var low: (number: UInt64, chunk: IdentityChunk)
    if let current, current.chunk[0].hash < hash { low = current } else { low = (0, try chunk(0)) }
    // Entries that are not less than the hash begin in this chunk: no need to look further.
    if low.chunk[low.chunk.count - 1].hash < hash {
      var step: UInt64 = 1
      var end = run.chunks
      while low.number + step < end {
        let probe = try chunk(low.number + step)
        if probe[0].hash < hash {
          low = (low.number + step, probe)
          step *= 2
        } else {
          end = low.number + step
          break
        }
      }
      while low.number + 1 < end {
        let middle = (low.number + end) / 2
        let probe = try chunk(middle)
        if probe[0].hash < hash { low = (middle, probe) } else { end = middle }
      }
    }
    current = low
    return low
  }
}
