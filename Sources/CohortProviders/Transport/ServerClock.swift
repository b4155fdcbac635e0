internal import CohortSystem

/// The time as retries see it. A value, so that tests wait for nothing.
public struct ServerClock: Sendable {
  /// Seconds since any moment; never goes back.
  public var now: @Sendable () -> Double
  /// Seconds since 1970, for servers that name a date.
  public var date: @Sendable () -> Double
  /// Waits for seconds.
  public var sleep: @Sendable (Double) -> Void

  public init(
    now: @escaping @Sendable () -> Double, date: @escaping @Sendable () -> Double,
    sleep: @escaping @Sendable (Double) -> Void
  ) {
    self.now = now
    self.date = date
    self.sleep = sleep
  }

  /// The system's clocks.
  public static let system = ServerClock(
    now: { Double(SystemClock.steady) / 1e9 }, date: { Double(SystemClock.wall) / 1e9 },
    sleep: { _ = usleep(UInt32(min(max($0, 0), 1000) * 1e6)) })
}
