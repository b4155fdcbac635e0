internal import CohortCore
internal import CohortLMDB

/// The index of contents in a write transaction: what is stored, and what the transaction adds. The additions become one
/// run when the transaction ends.
///
/// Used by one transaction, on the writer thread.
final class IdentityWriter {
  /// Runs that would become larger than this are not merged: so much is rewritten at most in one transaction.
  static let largestMerge: UInt64 = 1 << 20

  private let transaction: UnsafeTransaction
  private let tables: StoreTables
  /// Sorted runs, each more than twice as long as the next: batches of one sample cost what large ones do.
  private var added: [[IdentityEntry]] = []
  /// Chunks of the table that were read and found right. The table changes only when the transaction ends.
  private let sound = SoundIdentityChunks()

  init(_ transaction: UnsafeTransaction, tables: StoreTables) {
    self.transaction = transaction
    self.tables = tables
  }

  /// Adds entries, which must be sorted.
  func add(_ entries: [IdentityEntry]) {
    guard !entries.isEmpty else { return }
    var entries = entries
    while let last = added.last, last.count <= 2 * entries.count {
      entries = Self.merged(last, entries)
      added.removeLast()
    }
    added.append(entries)
  }

  /// Lends a search over all runs. Nothing may be written to the table meanwhile.
  func withSearch<R>(_ body: (inout Search) throws -> R) throws -> R {
    var search = Search(
      readers: try directory().runs.map { IdentityRunReader($0, transaction, tables.identity, sound: sound) },
      added: added.map { AddedRun(entries: $0) })
    return try body(&search)
  }

  /// For hashes in ascending order.
  struct Search {
    fileprivate var readers: [IdentityRunReader]
    fileprivate var added: [AddedRun]

    /// The ids of all samples with a hash, ascending; deleted ones included.
    mutating func ids(of hash: UInt64) throws -> [UInt64] {
      var ids: [UInt64] = []
      for index in readers.indices { try readers[index].find(hash, into: &ids) }
      for index in added.indices { added[index].find(hash, into: &ids) }
      if ids.count > 1 { ids.sort() }
      return ids
    }
  }

  /// Entries that the transaction adds, sorted.
  fileprivate struct AddedRun {
    let entries: [IdentityEntry]
    /// Those before it have smaller hashes than any that is still looked for.
    var next = 0

    mutating func find(_ hash: UInt64, into ids: inout [UInt64]) {
      // Steps that double, then halving: the next hash of a large batch is near.
      var step = 1
      while next + step <= entries.count, entries[next + step - 1].hash < hash {
        next += step
        step *= 2
      }
      var end = min(next + step, entries.count)
      while next < end {
        let middle = (next + end) / 2
        if entries[middle].hash < hash { next = middle + 1 } else { end = middle }
      }
      var index = next
      while index < entries.count, entries[index].hash == hash {
        ids.append(entries[index].id)
        index += 1
      }
    }
  }

  /// Writes the additions as a run, together with the last runs that are not much larger: the runs' sizes fall from the
  /// oldest to the newest, and there are O(log(samples)) of them below the largest size.
  func flush() throws {
    guard var entries = added.popLast() else { return }
    while let other = added.popLast() { entries = Self.merged(other, entries) }
    sound.forgetAll()
    var directory = try directory()
    while let last = directory.runs.last, last.entries <= 2 * UInt64(entries.count),
      last.entries + UInt64(entries.count) <= Self.largestMerge
    {
      entries = Self.merged(try read(last), entries)
      try remove(last)
      directory.runs.removeLast()
    }
    directory.runs.append(try write(entries, as: directory.nextRun))
    directory.nextRun += 1
    try put(directory)
  }

  func directory() throws -> IdentityDirectory {
    guard let stored = try transaction.get(tables.meta, IdentityDirectory.key) else {
      throw CohortError.missing("The list of runs of the identity table")
    }
    return try IdentityDirectory(stored)
  }

  func put(_ directory: IdentityDirectory) throws {
    try directory.encode().withUnsafeBytes { try transaction.put(tables.meta, IdentityDirectory.key, $0) }
  }

  /// Writes sorted entries as the chunks of a run, without adding it to the directory.
  func write(_ entries: [IdentityEntry], as number: UInt32) throws -> IdentityDirectory.Run {
    let run = IdentityDirectory.Run(number: number, entries: UInt64(entries.count))
    for chunk in 0..<run.chunks {
      let count = run.entries(inChunk: chunk)
      let first = Int(chunk) * IdentityChunk.entries
      let key = IdentityDirectory.Run.key(number, chunk)
      try transaction.reserve(
        tables.identity, key, count: Sealed.headerSize + count * IdentityChunk.entrySize
      ) { bytes in
        for index in 0..<count {
          let offset = Sealed.headerSize + index * IdentityChunk.entrySize
          let entry = entries[first + index]
          bytes.storeBytes(of: entry.hash.littleEndian, toByteOffset: offset, as: UInt64.self)
          bytes.storeBytes(of: entry.id.littleEndian, toByteOffset: offset + 8, as: UInt64.self)
        }
        Sealed.close(bytes, SealPlace(.identity, key))
      }
    }
    return run
  }

  private func read(_ run: IdentityDirectory.Run) throws -> [IdentityEntry] {
    let reader = IdentityRunReader(run, transaction, tables.identity)
    var entries: [IdentityEntry] = []
    entries.reserveCapacity(Int(run.entries))
    for number in 0..<run.chunks {
      let chunk = try reader.chunk(number)
      for index in 0..<chunk.count { entries.append(chunk[index]) }
    }
    return entries
  }

  private func remove(_ run: IdentityDirectory.Run) throws {
    for chunk in 0..<run.chunks {
      try transaction.delete(tables.identity, IdentityDirectory.Run.key(run.number, chunk))
    }
  }

  private static func merged(_ a: [IdentityEntry], _ b: [IdentityEntry]) -> [IdentityEntry] {
    [IdentityEntry](unsafeUninitializedCapacity: a.count + b.count) { buffer, count in
      var (i, j) = (0, 0)
      while i < a.count || j < b.count {
        let takesFirst = j == b.count || (i < a.count && a[i] < b[j])
        buffer.initializeElement(at: i + j, to: takesFirst ? a[i] : b[j])
        if takesFirst { i += 1 } else { j += 1 }
      }
      count = i + j
    }
  }
}
