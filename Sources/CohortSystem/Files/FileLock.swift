/// Work that one thread of one process does at a time: `flock` on a file, which the system takes back when the process
/// ends, however it ends.
public enum FileLock {
  /// Waits for the lock of a file, which is made if it is not there and stays, and runs `body` while it is held.
  /// - Throws: what the system says of the file, and what `body` throws.
  public static func whileHeld<R>(_ path: String, _ body: () throws -> R) throws -> R {
    let descriptor = try SystemCall.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    defer {
      // Closing alone would leave it locked while a child that is just being spawned still has the descriptor.
      _ = flock(descriptor, LOCK_UN)
      SystemCall.close(descriptor)
    }
    try SystemCall.lock(descriptor)
    return try body()
  }
}
