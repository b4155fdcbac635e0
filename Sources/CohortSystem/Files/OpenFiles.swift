public import CohortCore

/// How many files and sockets this process may have open. Libraries of the network end a process that has too few, in the
/// midst of its work; whoever needs them asks here before.
public enum OpenFiles {
  /// Makes sure that some more can be opened: raises the limit as far as the system lets this process, and tries.
  /// - Throws: `system.open-files` when there is no room for so many.
  /// - Complexity: `count` system calls, twice.
  public static func require(_ count: Int) throws(CohortError) {
    raise()
    var taken: [Int32] = []
    defer { for descriptor in taken { SystemCall.close(descriptor) } }
    for _ in 0..<count {
      do throws(Errno) {
        taken.append(try SystemCall.open("/dev/null"))
      } catch {
        guard error.number == EMFILE || error.number == ENFILE else { return }
        throw CohortError(
          .systemOpenFiles, "Too few files may be open at the same time",
          cause: "\(count) more are needed: \(error.text)")
      }
    }
  }

  private static func raise() {
    var limit = rlimit()
    #if canImport(Darwin)
      let kind = RLIMIT_NOFILE
    #else
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    // More than this nobody needs here, and tables of descriptors cost memory.
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
    _ = setrlimit(kind, &limit)
  }
}
