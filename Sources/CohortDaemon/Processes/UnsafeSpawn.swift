import CohortSystem

/// `posix_spawn`, whose parameters are all pointers.
enum UnsafeSpawn {
  /// Starts a program.
  /// - Parameters:
  ///   - arguments: the first is the name that the program sees.
  ///   - environment: `NAME=value`.
  ///   - descriptors: pairs of a descriptor of this process, and its number in the new one. Those here have to be
  ///     larger than all numbers there.
  /// - Returns: the process, in the same process group, with no signal blocked or ignored, and nothing on its standard
  ///   input. It is a child of the calling thread.
  static func start(
    _ path: String, _ arguments: [String], environment: [String], descriptors: [(here: Int32, there: Int32)]
  ) throws(Errno) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (here, there) in descriptors { posix_spawn_file_actions_adddup2(&actions, here, there) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigemptyset(&all)
    // Those with a behaviour that this program may have changed.
    for number in [SIGPIPE, SIGHUP, SIGIO, SIGTERM, SIGINT, SIGQUIT, SIGCHLD] { sigaddset(&all, number) }
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let argumentStrings = arguments.map { strdup($0) } + [nil]
    let environmentStrings = environment.map { strdup($0) } + [nil]
    defer { for string in argumentStrings + environmentStrings { free(string) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, path, &actions, &attributes, argumentStrings, environmentStrings)
    guard failure == 0 else { throw Errno(failure) }
    return child
  }

  /// The environment of this process, as `NAME=value`.
  static var environment: [String] {
    var all: [String] = []
    var place = environ
    while let text = place.pointee {
      all.append(String(cString: text))
      place += 1
    }
    return all
  }
}
