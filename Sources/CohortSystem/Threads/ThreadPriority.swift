/// How much of the processors a thread gets while others want them, too.
public enum ThreadPriority {
  /// Lets the calling thread, and those that it starts from now on, step back behind others of the process: for work in
  /// the background. Does nothing where threads have no priority of their own.
  public static func stepBack() {
    #if os(Linux)
      _ = setpriority(__priority_which_t(UInt32(PRIO_PROCESS.rawValue)), 0, 10)
    #endif
  }
}
