internal import CohortSystem

/// Where in the map a value may lie. LMDB checks no sizes: one damaged length would be read beyond the end of the file,
/// which is a signal, not an error.
///
/// ```
/// value within a page            ends where the page ends, or before
/// value on overflow pages        starts 16 bytes behind the start of a page whose header says:
///    10  u16 flags (4 = overflow)      12  u32 pages
/// ```
struct PageLayout: Sendable {
  private static let headerSize = 16
  private static let overflow: UInt16 = 4
  private let pageSize: Int

  init(pageSize: Int) {
    // Pages of a file from a machine with larger ones may start anywhere in ours.
    self.pageSize = pageSize <= sysconf(Int32(_SC_PAGESIZE)) ? pageSize : 0
  }

  /// Whether a value that lies in the map can be as long as it says.
  func holds(_ value: UnsafeRawBufferPointer) -> Bool {
    guard pageSize > 0, let start = value.baseAddress else { return true }
    let offset = Int(bitPattern: start) & (pageSize - 1)
    if offset + value.count <= pageSize { return true }
    guard offset == Self.headerSize else { return false }
    let header = start - Self.headerSize
    let flags = UInt16(littleEndian: header.load(fromByteOffset: 10, as: UInt16.self))
    let pages = UInt32(littleEndian: header.load(fromByteOffset: 12, as: UInt32.self))
    return flags & Self.overflow != 0 && Self.headerSize + value.count <= Int(pages) * pageSize
  }
}
