/// What is at a path, and what tells whether it is still the one that it was, with the content that it had.
public struct FileStatus: Hashable, Sendable {
  /// What can be at a path, as far as reading it differs.
  public enum Kind: Hashable, Sendable {
    /// A file, a folder, or a symbolic link itself.
    case regular, folder, link
    /// A pipe, a socket, a terminal: read once.
    case stream
    /// A block device, or what else the system has.
    case other
  }

  /// What is there; a link only where links were not followed.
  public let kind: Kind
  /// Number of the file system that holds it.
  public let device: UInt64
  /// Its number in that file system; given again once it is removed.
  public let inode: UInt64
  /// Size of its content in bytes.
  public let size: Int64
  /// What it takes of its disk, in bytes: less than `size` where it has holes.
  public let allocated: Int64
  /// When its content changed last, in nanoseconds since 1970.
  public let modified: Int64
  /// When anything about it changed, its name included.
  public let changed: Int64
  /// The permission bits, those for set-id and sticky included.
  public let mode: UInt32
  /// The user whose it is.
  public let owner: UInt32

  /// Takes over what `stat` or `lstat` filled in.
  public init(_ raw: stat) {
    switch raw.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .folder
    case S_IFLNK: kind = .link
    case S_IFIFO, S_IFCHR, S_IFSOCK: kind = .stream
    default: kind = .other
    }
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    size = Int64(raw.st_size)
    allocated = Int64(raw.st_blocks) * 512
    mode = UInt32(raw.st_mode & 0o7777)
    owner = raw.st_uid
    #if canImport(Darwin)
      let (modification, change) = (raw.st_mtimespec, raw.st_ctimespec)
    #else
      let (modification, change) = (raw.st_mtim, raw.st_ctim)
    #endif
    modified = Int64(modification.tv_sec) * 1_000_000_000 + Int64(modification.tv_nsec)
    changed = Int64(change.tv_sec) * 1_000_000_000 + Int64(change.tv_nsec)
  }

  /// The same file with the same content; a new name does not matter.
  public func hasContent(of other: FileStatus) -> Bool {
    kind == other.kind && device == other.device && inode == other.inode && size == other.size
      && modified == other.modified
  }

  /// How long ago it changed last, by the system's clock. Negative when that clock was set back.
  public var age: Duration { .nanoseconds(SystemClock.wall - max(modified, changed)) }
}
