import Foundation

/// How long tests of faults go on, and from which seed: `COHORT_TORTURE` makes them long, `COHORT_SEED` replays a
/// failure, which says its seed.
package enum Torture {
  private static let environment = ProcessInfo.processInfo.environment

  package static let isOn = environment["COHORT_TORTURE"] != nil

  /// The number in `COHORT_TORTURE`, if it is one.
  package static let number = environment["COHORT_TORTURE"].flatMap { Int($0) }

  /// The seed that was asked for.
  package static let givenSeed = environment["COHORT_SEED"].flatMap { UInt64($0) }

  /// The seed that was asked for, or another one in each process.
  package static let seed = givenSeed ?? UInt64.random(in: 0..<1 << 32)

  package static func cases<T>(_ usually: T, tortured: T) -> T { isOn ? tortured : usually }
}
