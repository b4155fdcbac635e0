internal import CLMDB  // Its header brings `statfs`.
internal import CohortCore
internal import CohortSystem

/// What a folder's file system is, as far as LMDB cares: memory maps and locks do not work across a network.
package enum FileSystemKind: Hashable, Sendable {
  case local
  case network(String)

  package init(ofFolder path: String) throws {
    var info = statfs()
    guard statfs(path, &info) == 0 else {
      throw CohortError.lmdb(Errno.last.number, doing: "looking at the file system", place: path)
    }
    #if os(Linux)
      let names: [UInt32: String] = [
        0x6969: "NFS", 0x517b: "SMB", 0xff53_4d42: "CIFS", 0xfe53_4d42: "SMB2", 0x0102_1997: "9P", 0x00c3_6400: "Ceph",
        0x5346_414f: "AFS", 0x0bd0_0bd0: "Lustre", 0x4750_4653: "GPFS", 0x7375_7245: "Coda", 0x564c: "NCP",
      ]
      let type = UInt32(truncatingIfNeeded: info.f_type)
      self = names[type].map { .network($0) } ?? .local
    #else
      self = info.f_flags & UInt32(MNT_LOCAL) != 0 ? .local : .network("network")
    #endif
  }

  /// Bytes that an unprivileged process may still write in this folder.
  package static func freeBytes(ofFolder path: String) -> UInt64? {
    try? SystemCall.room(at: path).free
  }

  /// Why a write into a store's data file ended short, where that can be seen: `ENOSPC`, or `EFBIG` at the limit of this
  /// process. LMDB says `EIO` of both, because the system wrote a part.
  static func reasonOfShortWrite(inStore path: String) -> Int32? {
    if let free = freeBytes(ofFolder: path), free < closeToFull { return ENOSPC }
    guard let largest = SystemCall.largestFile, let size = try? SystemCall.status(of: path + "/data.mdb").size else {
      return nil
    }
    return UInt64(clamping: size) + closeToFull > largest ? EFBIG : nil
  }

  /// LMDB writes runs of pages of up to this size.
  private static let closeToFull: UInt64 = 1 << 20
}
