/// A sample, and how far its vector is from one that was asked for.
public struct NearRow: Hashable, Comparable, Sendable {
  /// The sample's id.
  public var id: UInt64
  /// 1 - cosine: 0 for the same direction, 2 for the opposite one. Computed in fixed-order Float64, so it is the same bits
  /// on every machine.
  public var distance: Double

  public init(id: UInt64, distance: Double) {
    self.id = id
    self.distance = distance
  }

  /// Nearer ones first, equally near ones by their ids.
  public static func < (a: Self, b: Self) -> Bool { (a.distance, a.id) < (b.distance, b.id) }
}
