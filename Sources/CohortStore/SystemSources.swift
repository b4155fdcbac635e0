internal import CLMDB
public import CohortCore
internal import CohortSystem

/// The system's clock and randomness: defaults of parameters, used nowhere else.
public enum SystemSources {
  /// Milliseconds since 1970, UTC.
  @Sendable public static func milliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  /// 128 random bits.
  public static func randomDigest() -> Digest128 {
    var generator = SystemRandomNumberGenerator()
    return Digest128(high: generator.next(), low: generator.next())
  }
}
