/// The clocks of the system, in nanoseconds.
public enum SystemClock {
  /// The time of day, since 1970 in UTC. Somebody may set it.
  public static var wall: Int64 { read(CLOCK_REALTIME) }

  /// Since some moment in the past. Nobody sets it.
  public static var steady: Int64 { read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
