/// Where in an epoch a sample comes.
public struct PlanPlace: Hashable, Comparable, Sendable {
  /// The step, counted from 0.
  public let step: UInt64
  /// The index into the step's positions.
  public let index: UInt64

  public init(step: UInt64, index: UInt64) {
    self.step = step
    self.index = index
  }

  /// Earlier steps first.
  public static func < (a: Self, b: Self) -> Bool { (a.step, a.index) < (b.step, b.index) }
}
