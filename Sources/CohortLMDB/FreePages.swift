internal import CohortSystem

/// The free list of an LMDB data file (`FREE_DBI` of LMDB 0.9, 64-bit), walked with plain I/O: for a file that must not
/// be mapped yet.
///
/// ```
/// every page:          0 u64 number   10 u16 flags   12 u16 lower   14 u16 upper   16 u16 offsets of nodes
/// node, branch:        0 u48 child page
/// node, leaf:          0 u32 data size   4 u16 flags (1 = data on overflow pages)   6 u16 key size   8 key, data
/// overflow page:       16 data
/// data of the list:    0 u64 count   8 u64 page numbers
/// ```
struct FreePages {
  private static let branch: UInt16 = 0x01
  private static let leaf: UInt16 = 0x02
  private static let overflow: UInt16 = 0x04
  /// A tree of LMDB is never deeper.
  private static let maximumDepth = 32

  let descriptor: Int32
  let pageSize: Int
  let lastPage: UInt64

  /// How many pages from `first` to the end of the file are free; nil when the list cannot be read.
  ///
  /// - Complexity: O(free pages); a page of the tree is read once.
  func count(from first: UInt64, root: UInt64) -> UInt64? {
    var walk = Walk(first: first)
    guard root == UInt64.max || visit(root, &walk) else { return nil }
    return UInt64(walk.found.count)
  }

  private struct Walk {
    let first: UInt64
    var visited = Set<UInt64>()
    var found = Set<UInt64>()
  }

  private func visit(_ number: UInt64, depth: Int = 0, _ walk: inout Walk) -> Bool {
    // A page that comes twice is a cycle: the file is damaged.
    guard depth < Self.maximumDepth, walk.visited.insert(number).inserted,
      let page = bytes(ofPage: number, count: pageSize)
    else { return false }
    let flags = Self.word(page, 10, UInt16.self) ?? 0
    guard flags & (Self.branch | Self.leaf) != 0, let lower = Self.word(page, 12, UInt16.self),
      lower >= 16, Int(lower) <= pageSize
    else { return false }
    for index in 0..<((Int(lower) - 16) / 2) {
      guard let offset = Self.word(page, 16 + 2 * index, UInt16.self),
        let low = Self.word(page, Int(offset), UInt32.self),
        let high = Self.word(page, Int(offset) + 4, UInt16.self)
      else { return false }
      if flags & Self.branch != 0 {
        let child = UInt64(low) | UInt64(high) << 32
        guard visit(child, depth: depth + 1, &walk) else { return false }
      } else {
        guard let keySize = Self.word(page, Int(offset) + 6, UInt16.self) else { return false }
        let at = Int(offset) + 8 + Int(keySize)
        guard collect(page, at: at, size: Int(low), isBig: high & 1 != 0, &walk) else { return false }
      }
    }
    return true
  }

  /// Adds the page numbers of one entry of the list.
  private func collect(_ page: [UInt8], at start: Int, size: Int, isBig: Bool, _ walk: inout Walk) -> Bool {
    var list = page
    var start = start
    if isBig {
      guard let number = Self.word(page, start, UInt64.self), let big = bytes(ofPage: number, count: 16 + size),
        let flags = Self.word(big, 10, UInt16.self), flags & Self.overflow != 0
      else { return false }
      (list, start) = (big, 16)
    }
    guard size >= 8, start + size <= list.count, let count = Self.word(list, start, UInt64.self),
      count <= UInt64(size / 8 - 1)
    else { return false }
    for index in 0..<Int(count) {
      guard let number = Self.word(list, start + 8 + 8 * index, UInt64.self) else { return false }
      if number >= walk.first && number <= lastPage { walk.found.insert(number) }
    }
    return true
  }

  private func bytes(ofPage number: UInt64, count: Int) -> [UInt8]? {
    guard number <= lastPage, count >= 16, count <= 1 << 30 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    let isRead = try? SystemCall.readFully(descriptor, into: &bytes, at: Int(number) * pageSize)
    guard isRead == true, Self.word(bytes, 0, UInt64.self) == number else { return nil }
    return bytes
  }

  private static func word<T: FixedWidthInteger>(_ bytes: [UInt8], _ at: Int, _ type: T.Type) -> T? {
    guard at >= 0, at + MemoryLayout<T>.size <= bytes.count else { return nil }
    return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
  }
}
