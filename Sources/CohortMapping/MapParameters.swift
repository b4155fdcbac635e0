/// What a map is made with. Part of the map: other values give another map.
public struct MapParameters: Hashable, Sendable {
  /// Nearest samples that pull at each sample, all alike.
  public var neighbours = 15
  /// The whole map from its first layout.
  public var stages = [
    DescentStage(steps: 100, exaggeration: 12, momentum: 0.5), DescentStage(steps: 300),
  ]
  /// New samples among those that stay.
  public var placing = [DescentStage(steps: 75, exaggeration: 4, momentum: 0.5), DescentStage(steps: 150)]
  /// An event in which all samples move a little.
  public var settling = [DescentStage(steps: 200)]
  /// How strongly an event draws samples back to where they were.
  public var hold: Float = 0.003

  public init() {}
}
