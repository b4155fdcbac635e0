#if os(Linux)
  import CohortSystem

  /// One record of inotify's stream.
  struct InotifyRecord {
    let watch: Int32
    let mask: UInt32
    /// Nil when there is none, or when it is not UTF-8.
    let name: String?
    let hasName: Bool

    func has(_ flag: some BinaryInteger) -> Bool { mask & UInt32(truncatingIfNeeded: flag) != 0 }
  }

  /// Reads `struct inotify_event`, which has a C array of unknown length at its end:
  /// `int32 watch | uint32 mask | uint32 cookie | uint32 length | length bytes, ended by zeros`.
  enum UnsafeInotifyRecords {
    private static let headerBytes = 16

    /// The records that are there; nil when there are none.
    static func read(_ descriptor: Int32) -> [InotifyRecord]? {
      var records: [InotifyRecord] = []
      let isRead = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
        guard let count = try? SystemCall.read(descriptor, into: buffer), count > 0 else { return false }
        let bytes = UnsafeRawBufferPointer(buffer)
        var offset = 0
        while offset + headerBytes <= count {
          let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
          guard offset + headerBytes + length <= count else { break }
          let start = offset + headerBytes
          let name = bytes[start..<start + length].prefix { $0 != 0 }
          records.append(
            InotifyRecord(
              watch: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self),
              mask: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
              name: name.isEmpty ? nil : String(validating: name, as: UTF8.self), hasName: !name.isEmpty))
          offset = start + length
        }
        return true
      }
      return isRead ? records : nil
    }
  }
#endif
