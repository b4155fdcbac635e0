internal import CohortCore
internal import CLMDB
internal import CohortSystem

/// What was erased.
package struct ErasedRemains: Hashable, Sendable {
  /// Free pages that are zero now.
  package var pages: UInt64 = 0
  /// Whether the disk has these pages back.
  package var areGivenBack = false
  /// Pages in use whose unused bytes are zero now.
  package var gaps: UInt64 = 0
  /// Free pages that a reader of an older state still sees.
  package var inUse: UInt64 = 0
}

extension Environment {
  /// Erases what the file holds of values that were removed: free pages, and the unused bytes of the others. (LMDB
  /// writes pages from buffers that it uses again without clearing them, so an unused part of any page can hold a piece
  /// of any value.) LMDB looks at neither before it writes it anew. Free pages go back to the disk, and the file has holes
  /// there; where the file system has no holes, they are overwritten.
  ///
  /// Of pages that a reader of an older state sees, and of those that the last transaction freed, the unused bytes only:
  /// the latter are the state before it, to which a damaged meta page leads back.
  ///
  /// Call it on the thread of the writer.
  /// - Complexity: O(bytes of the file).
  package func eraseRemains() throws -> ErasedRemains {
    // The buffers go with LMDB's handle.
    try reopen()
    // The write transaction keeps the state as it is: no other commit, and no reader of an older state can begin.
    return try write { _ in
      try read { transaction in
        let statistics = try statistics()
        let pageSize = Int(statistics.pageSize)
        var remains = Remains(
          descriptor: try dataDescriptor(), pageSize: pageSize, pages: statistics.usedBytes / statistics.pageSize,
          place: path)
        let oldest = readers().reduce(transaction.number) { min($0, $1.transaction ?? $0) }
        try transaction.forEachFreePage { page, freedBy in
          try remains.free(page, isErasable: freedBy < oldest, isRecent: freedBy >= transaction.number)
        }
        try remains.eraseFreePages()
        try remains.clearGaps()
        try remains.synchronize()
        return remains.erased
      }
    }
  }

  private func dataDescriptor() throws -> Int32 {
    var descriptor: Int32 = -1
    let status = withPointer { mdb_env_get_fd($0, &descriptor) }
    guard status == 0 else { throw CohortError.lmdb(status, doing: "looking at the store", place: path) }
    return descriptor
  }
}

extension UnsafeTransaction {
  /// Calls `body` with each free page and the transaction that freed it. For read transactions.
  fileprivate func forEachFreePage(_ body: (_ page: UInt64, _ freedBy: UInt64) throws -> Void) throws {
    let list = Table(name: "the free list", key: .integer, handle: 0)
    try walk(list) { transaction, value in
      // A count and that many page numbers.
      let words = value.count / 8
      guard words > 0, value.loadUnaligned(as: UInt64.self) < UInt64(words) else {
        throw CohortError.lmdb(MDB_CORRUPTED, doing: "reading the free list", place: place)
      }
      for index in 0..<Int(value.loadUnaligned(as: UInt64.self)) {
        try body(value.loadUnaligned(fromByteOffset: 8 + 8 * index, as: UInt64.self), transaction)
      }
      return true
    }
  }
}

/// The pages of a data file that nobody changes for now. Layout of a page: see `FreePages`.
private struct Remains {
  private static let headerSize = 16
  private static let branchOrLeaf: UInt16 = 0x03
  private static let leaf: UInt16 = 0x02
  private static let overflow: UInt16 = 0x04

  private let descriptor: Int32
  private let pageSize: Int
  private let place: String
  private var isFree: [Bool]
  private(set) var erased = ErasedRemains()
  private let zeros: [UInt8]

  init(descriptor: Int32, pageSize: Int, pages: UInt64, place: String) {
    self.descriptor = descriptor
    self.pageSize = pageSize
    self.place = place
    isFree = [Bool](repeating: false, count: Int(pages))
    zeros = [UInt8](repeating: 0, count: pageSize)
  }

  mutating func free(_ page: UInt64, isErasable: Bool, isRecent: Bool) throws {
    guard page < UInt64(isFree.count) else { throw damaged() }
    if isErasable {
      isFree[Int(page)] = true
    } else if !isRecent {
      erased.inUse += 1
    }
  }

  /// Gives free pages back to the disk, else overwrites them.
  mutating func eraseFreePages() throws {
    erased.areGivenBack = true
    var page = 2
    while page < isFree.count {
      guard isFree[page] else {
        page += 1
        continue
      }
      let first = page
      while page < isFree.count, isFree[page] { page += 1 }
      if erased.areGivenBack { erased.areGivenBack = try punch(first..<page) }
      if !erased.areGivenBack { for page in first..<page { try clear(UInt64(page), 0..<pageSize) } }
      erased.pages += UInt64(page - first)
    }
  }

  private func punch(_ pages: Range<Int>) throws -> Bool {
    try CohortError.lmdb(doing: "erasing", place: place) { () throws(Errno) in
      try SystemCall.punchHole(descriptor, pages.lowerBound * pageSize..<pages.upperBound * pageSize)
    }
  }

  /// Overwrites what lies between the offsets and the nodes of a page, and behind the end of a large value.
  mutating func clearGaps() throws {
    var tails: [UInt64: Int] = [:]
    var runs: [UInt64: UInt64] = [:]
    var page: UInt64 = 2
    while page < UInt64(isFree.count) {
      if isFree[Int(page)] {
        page += 1
        continue
      }
      let bytes = try read(page)
      let flags = word(bytes, 10, UInt16.self)
      // A page that belongs to nothing: not ours to touch.
      guard word(bytes, 0, UInt64.self) == page, flags & (Self.branchOrLeaf | Self.overflow) != 0 else {
        page += 1
        continue
      }
      if flags & Self.overflow != 0 {
        let count = UInt64(max(word(bytes, 12, UInt32.self), 1))
        runs[page] = count
        page += count
        continue
      }
      let (lower, upper) = (Int(word(bytes, 12, UInt16.self)), Int(word(bytes, 14, UInt16.self)))
      guard lower >= Self.headerSize, lower <= upper, upper <= pageSize else { throw damaged() }
      if bytes[lower..<upper].contains(where: { $0 != 0 }) {
        try clear(page, lower..<upper)
        erased.gaps += 1
      }
      if flags & Self.leaf != 0 { try collectLargeValues(bytes, lower, into: &tails) }
      page += 1
    }
    for (page, size) in tails {
      guard let count = runs[page] else { continue }
      let end = Self.headerSize + size
      let last = page + UInt64(end / pageSize)
      guard end % pageSize != 0, last < page + count else { continue }
      if try read(last)[(end % pageSize)...].contains(where: { $0 != 0 }) {
        try clear(last, (end % pageSize)..<pageSize)
        erased.gaps += 1
      }
    }
  }

  func synchronize() throws {
    try CohortError.lmdb(doing: "erasing", place: place) { () throws(Errno) in
      try SystemCall.synchronize(descriptor)
    }
  }

  private func collectLargeValues(_ bytes: [UInt8], _ lower: Int, into tails: inout [UInt64: Int]) throws {
    for index in 0..<((lower - Self.headerSize) / 2) {
      let node = Int(word(bytes, Self.headerSize + 2 * index, UInt16.self))
      guard node + 8 <= pageSize else { throw damaged() }
      let isLarge = word(bytes, node + 4, UInt16.self) & 1 != 0
      let value = node + 8 + Int(word(bytes, node + 6, UInt16.self))
      guard isLarge else { continue }
      guard value + 8 <= pageSize else { throw damaged() }
      tails[word(bytes, value, UInt64.self)] = Int(word(bytes, node, UInt32.self))
    }
  }

  private func clear(_ page: UInt64, _ range: Range<Int>) throws {
    try CohortError.lmdb(doing: "erasing", place: place) { () throws(Errno) in
      try zeros.withUnsafeBufferPointer { zeros throws(Errno) in
        try SystemCall.writeFully(
          UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(zeros)[..<range.count]), to: descriptor,
          at: Int(page) * pageSize + range.lowerBound)
      }
    }
  }

  private func read(_ page: UInt64) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: pageSize)
    _ = try CohortError.lmdb(doing: "erasing", place: place) { () throws(Errno) in
      try SystemCall.readFully(descriptor, into: &bytes, at: Int(page) * pageSize)
    }
    return bytes
  }

  private func word<T: FixedWidthInteger>(_ bytes: [UInt8], _ at: Int, _ type: T.Type) -> T {
    bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
  }

  private func damaged() -> CohortError { CohortError.lmdb(MDB_CORRUPTED, doing: "erasing", place: place) }
}
