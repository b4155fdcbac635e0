internal import CLMDB
internal import CohortCore
internal import CohortSystem

/// The two meta pages at the head of an LMDB data file (`MDB_meta` of LMDB 0.9, 64-bit), read with plain I/O before the
/// file is mapped: touching a map beyond the end of its file is a signal, not an error.
///
/// ```
/// page 0 and page 1:
///  16  u32  magic 0xBEEFC0DE      20  u32  version (1)
///  24  u64  map address           32  u64  map size
///  40  u32  page size (md_pad of the free list's record)
///  80  u64  root of the free list (2^64 - 1 = empty)
/// 136  u64  last page in use     144  u64  transaction
/// ```
package struct MetaPage {
  package var pageSize: UInt64
  package var lastPage: UInt64
  package var transaction: UInt64
  /// The root page of the free list.
  package var freeRoot: UInt64

  /// How often a file that looks too short is looked at, and the pause before the next look: another process may be
  /// committing.
  private static let looks = 5
  private static let pauseMicroseconds: UInt32 = 5_000

  /// Checks that the two meta pages fit together, and that the file has every page that is in use by the newer one. A file that does not exist or is empty
  /// is fine: LMDB will create it.
  ///
  /// Pages that a transaction took and gave back are counted in the meta page, but LMDB does not write them. So a file
  /// may be shorter than the meta page says, if what is missing is free: a process that was killed right after its commit
  /// leaves such a file.
  ///
  /// Must not be called while this process has the environment open: closing the descriptor would drop its locks.
  package static func check(dataFile path: String) throws {
    let descriptor: Int32
    do throws(Errno) {
      descriptor = try SystemCall.open(path)
    } catch {
      if error.number == ENOENT { return }
      throw CohortError.lmdb(error.number, doing: "opening the data file", place: path)
    }
    defer { SystemCall.close(descriptor) }
    var failure: CohortError?
    for look in 0..<looks {
      if look > 0 { usleep(pauseMicroseconds) }
      failure = try failureOf(descriptor, path: path)
      if failure == nil { return }
    }
    if let failure { throw failure }
  }

  /// Why the file is not whole; nil when it is.
  private static func failureOf(_ descriptor: Int32, path: String) throws -> CohortError? {
    // The meta pages first and the size after them: a commit in between makes the file longer, never shorter.
    let first = try read(descriptor, at: 0, path: path)
    let second = try first.flatMap { try read(descriptor, at: $0.pageSize, path: path) }
    let size = try CohortError.lmdb(doing: "looking at the data file", place: path) { () throws(Errno) in
      try UInt64(SystemCall.status(of: descriptor).size)
    }
    if size == 0 { return nil }
    guard let first else { return truncated(path, "its first meta page is not readable") }
    // Transactions write the two pages in turn, the even ones the first.
    if let second, first.transaction > 0 || second.transaction > 0 {
      let (even, odd) = (first.transaction, second.transaction)
      guard even % 2 == 0, odd % 2 == 1, even &+ 1 == odd || odd &+ 1 == even else {
        return damaged(path, "its meta pages are of transactions \(even) and \(odd)")
      }
    }
    let newest = second.map { $0.transaction > first.transaction ? $0 : first } ?? first
    let (need, overflow) = (newest.lastPage &+ 1).multipliedReportingOverflow(by: newest.pageSize)
    if !overflow {
      if size >= need { return nil }
      let present = size / newest.pageSize
      let free = FreePages(descriptor: descriptor, pageSize: Int(newest.pageSize), lastPage: newest.lastPage)
      if free.count(from: present, root: newest.freeRoot) == newest.lastPage + 1 - present { return nil }
    }
    return truncated(
      path, "it has \(size) bytes where its meta page promises \(overflow ? "more than 2^64" : String(need))")
  }

  private static func damaged(_ path: String, _ cause: String) -> CohortError {
    CohortError(
      .lmdbMeta, "The store's data file is damaged", place: path, cause: cause, hint: "Restore the last backup")
  }

  private static func truncated(_ path: String, _ cause: String) -> CohortError {
    CohortError(
      .lmdbTruncated, "The store's data file is cut short or damaged", place: path, cause: cause,
      hint: "Restore the last backup; copy stores with cohort backup, never as files")
  }

  private static func read(_ descriptor: Int32, at offset: UInt64, path: String) throws -> MetaPage? {
    var bytes = [UInt8](repeating: 0, count: 152)
    let isWhole = try CohortError.lmdb(doing: "reading the meta page", place: path) { () throws(Errno) in
      try SystemCall.readFully(descriptor, into: &bytes, at: Int(offset))
    }
    guard isWhole else { return nil }
    return bytes.withUnsafeBytes { raw in
      func word<T: FixedWidthInteger>(_ at: Int) -> T {
        T(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: T.self))
      }
      let magic: UInt32 = word(16)
      let version: UInt32 = word(20)
      let pageSize: UInt32 = word(40)
      guard magic == 0xbeef_c0de, version == 1, pageSize >= 512, pageSize <= 65_536, pageSize & (pageSize - 1) == 0
      else {
        return nil
      }
      return MetaPage(pageSize: UInt64(pageSize), lastPage: word(136), transaction: word(144), freeRoot: word(80))
    }
  }
}
