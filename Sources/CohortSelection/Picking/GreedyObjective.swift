/// What a greedy choice increases. The worth of a row must never grow as others are picked: then a worth that was computed
/// earlier is a bound, and most rows need not be looked at again (Minoux 1978).
protocol GreedyObjective: AnyObject, Sendable {
  /// How many picks it knows of.
  var picks: Int { get }

  /// The worth of a row now.
  /// - Parameters:
  ///   - known: what it was when `picks` was `known.picks`.
  ///   - bound: below it, any value will do that is not less than the worth, with the picks that it knows of.
  ///   - worker: called by several threads at a time, each with its own number.
  func worth(
    of place: Int, _ vector: UnsafePointer<Float>, known: Worth, bound: Double, worker: Int
  ) -> Worth

  /// The row is picked.
  func accept(_ place: Int, _ vector: UnsafePointer<Float>)
}

/// What picking a row would gain, and how many picks that takes into account.
struct Worth: Sendable {
  var value: Double
  var picks: UInt32
}
