public import CohortCore
internal import CohortSystem

/// The system's clock and randomness: defaults of parameters, used nowhere else.
public enum SystemSources {
  /// Milliseconds since 1970, UTC.
  @Sendable public static func milliseconds() -> Int64 { SystemClock.wall / 1_000_000 }

  /// 128 random bits.
  public static func randomDigest() -> Digest128 {
    var generator = SystemRandomNumberGenerator()
    return Digest128(high: generator.next(), low: generator.next())
  }
}
