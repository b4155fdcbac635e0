internal import CSystemCalls

/// Calls of the system, with one policy: what a signal broke off is tried again, everything else that fails is an `Errno`.
/// Descriptors are never inherited by programs that this one starts.
public enum SystemCall {
  // MARK: The end

  /// Ends this process at once, with what the C library has still to write written. Unlike `exit` it runs no destructors of
  /// C++:
  /// threads that go on until the last moment would meet objects that are gone, and end a program by a signal that had said
  /// that all went well.
  public static func end(_ code: Int32) -> Never {
    fflush(nil)
    _exit(code)
  }

  // MARK: Looking

  /// What is at a path; symbolic links are followed.
  public static func status(of path: String) throws(Errno) -> FileStatus {
    var raw = stat()
    try check { stat(path, &raw) }
    return FileStatus(raw)
  }

  /// What is at a path itself, be it a symbolic link.
  public static func linkStatus(of path: String) throws(Errno) -> FileStatus {
    var raw = stat()
    try check { lstat(path, &raw) }
    return FileStatus(raw)
  }

  /// What is behind an open descriptor.
  public static func status(of descriptor: Int32) throws(Errno) -> FileStatus {
    var raw = stat()
    try check { fstat(descriptor, &raw) }
    return FileStatus(raw)
  }

  /// Whether something is at a path itself, be it a symbolic link that leads nowhere.
  public static func exists(_ path: String) -> Bool { (try? linkStatus(of: path)) != nil }

  /// Whether a folder is at a path itself; a symbolic link to one is none.
  public static func isFolder(_ path: String) -> Bool { (try? linkStatus(of: path))?.kind == .folder }

  /// The path without symbolic links, `.` and `..`; nil when it leads nowhere.
  public static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The path from the root on; symbolic links, `.` and `..` stay. Good for as long as the process keeps its own folder, and
  /// the result for longer.
  public static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let own = getcwd(nil, 0) else { return path }
    defer { free(own) }
    return "\(String(cString: own))/\(path)"
  }

  /// The names in a folder, without `.` and `..`, in byte order. Bytes that are not UTF-8 are replaced.
  public static func names(in folder: String) throws(Errno) -> [String] {
    try rawNames(in: folder).map { String(decoding: $0, as: UTF8.self) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names in a folder as the system has them, without `.` and `..`, in no order.
  /// - Parameter flags: `O_NOFOLLOW` refuses a symbolic link.
  public static func rawNames(in folder: String, _ flags: Int32 = 0) throws(Errno) -> [[UInt8]] {
    let descriptor = try open(folder, O_RDONLY | O_DIRECTORY | flags)
    guard let directory = fdopendir(descriptor) else {
      let reason = Errno.last
      close(descriptor)
      throw reason
    }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name) }
    }
    return names
  }

  // MARK: Descriptors

  /// Opens a file, and makes it when the flags say so, with the permissions of `mode`.
  /// - Parameter folder: an open folder that a relative path starts from; else the current one.
  /// - Returns: a descriptor that the caller closes.
  public static func open(
    _ path: String, _ flags: Int32 = O_RDONLY, mode: mode_t = 0o600, in folder: Int32 = AT_FDCWD
  ) throws(Errno) -> Int32 {
    try repeated { openat(folder, path, flags | O_CLOEXEC, mode) }
  }

  /// Opens the same file once more.
  /// - Returns: a second descriptor for the same open file, which the caller closes.
  public static func duplicate(_ descriptor: Int32) throws(Errno) -> Int32 {
    try repeated { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
  }

  /// Waits for the exclusive lock (`flock`) of an open file.
  public static func lock(_ descriptor: Int32) throws(Errno) { try check { flock(descriptor, LOCK_EX) } }

  /// Closes a descriptor. Never repeated: the descriptor may belong to another thread by then.
  public static func close(_ descriptor: Int32) { _ = callClose(descriptor) }

  /// Reads at least one byte unless the input has ended; 0 at the end.
  public static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try repeated { callRead(descriptor, buffer.baseAddress, buffer.count) }
  }

  /// Reads at least one byte at `offset` unless the file has ended there; 0 at the end.
  public static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(Errno) -> Int {
    try repeated { pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  /// Reads exactly `buffer.count` bytes at `offset`; false when the file ends before.
  public static func readFully(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(Errno) -> Bool {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try read(descriptor, into: rest, at: offset + done)
      if count == 0 { return false }
      done += count
    }
    return true
  }

  /// Fills an array with the bytes at `offset`; false when the file ends before.
  public static func readFully(
    _ descriptor: Int32, into bytes: inout [UInt8], at offset: Int
  ) throws(Errno) -> Bool {
    try bytes.withUnsafeMutableBufferPointer { bytes throws(Errno) in
      try readFully(descriptor, into: UnsafeMutableRawBufferPointer(bytes), at: offset)
    }
  }

  /// All of a file's bytes.
  /// - Parameter limit: nil is returned for a file that has more bytes.
  public static func contents(of path: String, limit: Int = .max) throws(Errno) -> [UInt8]? {
    let descriptor = try open(path)
    defer { close(descriptor) }
    return try contents(of: descriptor, limit: limit)
  }

  /// All bytes that are left of an open file.
  public static func contents(of descriptor: Int32, limit: Int = .max) throws(Errno) -> [UInt8]? {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try repeated { block.withUnsafeMutableBytes { callRead(descriptor, $0.baseAddress, $0.count) } }
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else { return nil }
      bytes += block[..<count]
    }
  }

  /// Writes some of the bytes, and says how many. Waits for a descriptor that takes none at the moment.
  public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        return try repeated { callWrite(descriptor, bytes.baseAddress, bytes.count) }
      } catch {
        guard error.number == EAGAIN else { throw error }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&waiting, 1, -1)
      }
    }
  }

  /// Writes all of the bytes.
  public static func writeFully(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(Errno) {
    var done = 0
    while done < bytes.count {
      done += try write(UnsafeRawBufferPointer(rebasing: bytes[done...]), to: descriptor)
    }
  }

  /// Writes all of the bytes.
  public static func writeFully(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
    try bytes.withUnsafeBufferPointer { bytes throws(Errno) in
      try writeFully(UnsafeRawBufferPointer(bytes), to: descriptor)
    }
  }

  /// Writes all of the bytes, unless the descriptor takes no more: what cannot be told there is lost. Async-signal-safe, as
  /// it neither allocates nor locks.
  public static func put(_ bytes: UnsafeRawBufferPointer, on descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let count = callWrite(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno != EINTR {
        return
      }
    }
  }

  /// Writes all of a text, in UTF-8, unless the descriptor takes no more.
  public static func put(_ text: String, on descriptor: Int32) {
    var text = text
    text.withUTF8 { put(UnsafeRawBufferPointer($0), on: descriptor) }
  }

  /// Writes all of the bytes at `offset`.
  public static func writeFully(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
  ) throws(Errno) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      done += try repeated { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
    }
  }

  /// Hands what was written to the disk. Nothing to do for what has no disk.
  public static func synchronize(_ descriptor: Int32) throws(Errno) {
    do throws(Errno) {
      _ = try repeated { fsync(descriptor) }
    } catch {
      if error.number != EINVAL { throw error }
    }
  }

  /// Gives the blocks of a piece of a file back to the file system: it reads as zeros, and the file stays as long as it is.
  /// - Returns: false where the file system cannot do that: nothing has happened then.
  public static func punchHole(_ descriptor: Int32, _ piece: Range<Int>) throws(Errno) -> Bool {
    do throws(Errno) {
      try check { cohort_punch_hole(descriptor, Int64(piece.lowerBound), Int64(piece.count)) }
      return true
    } catch {
      if error.number == EOPNOTSUPP || error.number == ENOSYS { return false }
      throw error
    }
  }

  // MARK: Names

  /// Gives a file or folder another name, in one step; a file that has that name is replaced.
  public static func rename(_ path: String, to target: String) throws(Errno) { try check { callRename(path, target) } }

  /// Removes a file; one that is gone is no error.
  public static func remove(_ path: String) throws(Errno) {
    do throws(Errno) {
      try check { unlink(path) }
    } catch {
      if error.number != ENOENT { throw error }
    }
  }

  /// Removes a file, or a folder with all in it, as far as that can be done; links are not followed.
  public static func removeTree(_ path: String) {
    guard let status = try? linkStatus(of: path) else { return }
    guard status.kind == .folder else {
      unlink(path)
      return
    }
    for name in (try? names(in: path)) ?? [] { removeTree("\(path)/\(name)") }
    rmdir(path)
  }

  /// Makes a folder and those above it that are missing; one that is there is no error.
  public static func makeFolder(_ path: String, mode: mode_t = 0o700) throws(Errno) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw .last }
    try makeFolder(String(path[..<slash]), mode: mode)
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .last }
  }

  // MARK: Processes and disks

  /// Waits for the end of a child.
  /// - Returns: its status, as `waitpid` gives it.
  public static func wait(for child: pid_t) throws(Errno) -> Int32 {
    var status: Int32 = 0
    _ = try repeated { waitpid(child, &status, 0) }
    return status
  }

  /// Bytes of the disk that a path lies on: all, and what an unprivileged process may still write.
  public static func room(at path: String) throws(Errno) -> (total: UInt64, free: UInt64) {
    var info = statvfs()
    try check { statvfs(path, &info) }
    return (UInt64(info.f_blocks) * UInt64(info.f_frsize), UInt64(info.f_bavail) * UInt64(info.f_frsize))
  }

  /// The size that files of this process may reach (`ulimit -f`), in bytes; nil without a limit.
  public static var largestFile: UInt64? {
    var limit = rlimit()
    #if canImport(Darwin)
      let kind = RLIMIT_FSIZE
    #else
      let kind = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #endif
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < rlim_t(Int64.max) else { return nil }
    return UInt64(limit.rlim_cur)
  }

  // MARK: The policy

  /// A call that gives a negative number when it fails.
  private static func repeated<T: SignedInteger>(_ call: () -> T) throws(Errno) -> T {
    while true {
      let result = call()
      if result >= 0 { return result }
      guard errno == EINTR else { throw .last }
    }
  }

  private static func check(_ call: () -> Int32) throws(Errno) { _ = try repeated(call) }
}

// The C library's calls whose names the functions above hide.

private func callClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func callRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
private func callWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
private func callRename(_ path: String, _ target: String) -> Int32 { rename(path, target) }
