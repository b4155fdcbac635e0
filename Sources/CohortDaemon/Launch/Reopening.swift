import CohortCore
import CohortSystem

/// A daemon whose store was deleted, moved or replaced under it becomes a new one: the same process runs the same program from
/// its start, so that nothing of the old store is left in it. Its number stays, and so do the sockets of a service manager.
/// (The process of one store among several just ends: its supervisor starts the next one.)
enum Reopening {
  private static let variable = "COHORTD_REOPENING"

  /// Whether this process is such a new beginning: then a store that is not there yet is waited for. Asked once.
  static func takeFromEnvironment() -> Bool {
    defer { unsetenv(variable) }
    return getenv(variable) != nil
  }

  /// Begins anew.
  /// - Parameter inherited: the descriptors that this process was started with: whoever started it may wait for their end.
  /// - Returns: only when that is impossible.
  static func begin(_ manager: ServiceManager, keeping inherited: Set<Int32>) -> CohortError {
    DescriptorsOfOwn.closeOnExec(but: inherited)
    manager.giveBack()
    setenv(variable, "1", 1)
    let path = ProgramFile.path
    let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv(path, arguments)
    let reason = Errno.last
    for argument in arguments { free(argument) }
    return .system(.daemonSpawn, "The daemon could not be started again", place: path, reason)
  }

  /// Seconds until the next try, after so many that failed.
  static func pause(after failures: Int) -> Int { min(1 << min(failures, 6), 60) }
}

/// The file of this program.
enum ProgramFile {
  /// A newer one may have taken its place; processes are of the same version as this one.
  static var path: String {
    #if os(Linux)
      let running = "/proc/self/exe"
      // Under its own name, if it still has that, the system's lists show it so.
      guard let path = SystemCall.resolved(running), let there = try? SystemCall.status(of: path),
        let here = try? SystemCall.status(of: running), (here.device, here.inode) == (there.device, there.inode)
      else { return running }
      return path
    #else
      return CommandLine.arguments.first ?? "cohortd"
    #endif
  }
}

/// The open descriptors of this process.
enum DescriptorsOfOwn {
  /// Those that are open, but for the standard ones.
  static var all: Set<Int32> {
    #if os(Linux)
      let folder = "/proc/self/fd"
    #else
      let folder = "/dev/fd"
    #endif
    let names = (try? SystemCall.names(in: folder)) ?? []
    // The one by which they were listed is closed by now.
    return Set(names.compactMap { Int32($0) }.filter { $0 > STDERR_FILENO && fcntl($0, F_GETFD) >= 0 })
  }

  /// What was inherited, from a service manager for example, and what libraries opened, is for this process alone.
  static func closeOnExec(but kept: Set<Int32> = []) {
    for descriptor in all where !kept.contains(descriptor) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
  }
}
