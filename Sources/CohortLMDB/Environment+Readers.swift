internal import CLMDB
internal import CohortSystem

extension Environment {
  /// A taken slot of the reader table.
  struct Reader {
    var process: Int32
    /// The transaction that it sees; nil between two reads.
    var transaction: UInt64?
  }

  /// The readers of all processes. Call it inside a transaction, or `holdingHandle`.
  func readers() -> [Reader] {
    final class Found {
      var readers: [Reader] = []
    }
    let found = Found()
    // After a heading, one line for each slot: process, thread, transaction, which is a dash between two reads.
    withPointer { pointer in
      _ = mdb_reader_list(
        pointer,
        { line, context in
          guard let line, let context else { return 0 }
          let words = String(cString: line).split(whereSeparator: { $0 == " " || $0 == "\n" })
          if words.count >= 3, let process = Int32(words[0]) {
            Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().readers.append(
              Reader(process: process, transaction: UInt64(words[2])))
          }
          return 0
        }, Unmanaged.passUnretained(found).toOpaque())
    }
    return found.readers
  }

  /// How many commits behind the newest state the oldest active reader, of any process, is; nil when nobody reads.
  package func readerLag() throws -> UInt64? {
    let (oldest, newest) = try holdingHandle {
      (readers().compactMap(\.transaction).min(), try statistics().lastTransaction)
    }
    return oldest.map { newest - min($0, newest) }
  }

  /// How many slots belong to processes that are not there any more.
  package func deadReaders() -> Int {
    holdingHandle { readers().count { kill($0.process, 0) != 0 && Errno.last.number == ESRCH } }
  }
}
