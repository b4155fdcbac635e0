/// A run of equal steps of gradient descent.
public struct DescentStage: Hashable, Sendable {
  public var steps: Int
  /// What the attraction is multiplied with: above 1, neighbours gather before they spread.
  public var exaggeration: Float
  /// The share of a point's last move that is kept.
  public var momentum: Float

  public init(steps: Int, exaggeration: Float = 1, momentum: Float = 0.8) {
    (self.steps, self.exaggeration, self.momentum) = (steps, exaggeration, momentum)
  }
}
