public import CohortCore

/// The cells of a product of two groupings: a pure function of the two groups of every sample and of the least size of a
/// cell.
///
/// Cell (a, b) is a group when it has at least `minimum` samples; all other samples of group a of the first grouping,
/// those without a group in the second among them, are the *rest* of a. Samples without a group in the first have none.
///
/// A group's number says which cell it is, so it depends neither on time nor on order, and never stands for another
/// cell: Cantor's pairing of a and b + 1, and of a and 0 for the rest.
public struct ProductCells: Sendable {
  /// Which samples a group has.
  public struct Cell: Hashable, Sendable {
    /// The group of the first grouping.
    public var first: GroupID
    /// Nil for the rest of `first`.
    public var second: GroupID?

    public init(first: GroupID, second: GroupID?) {
      self.first = first
      self.second = second
    }
  }

  /// The least number of samples of a cell that is a group of its own; at least 1.
  public let minimum: UInt64
  private var counts: [UInt64: UInt64] = [:]
  private var numbers: [UInt64: GroupID] = [:]
  private var last: (pair: UInt64, group: GroupID)?
  /// The groups with members, and their numbers of samples.
  public private(set) var sizes: [GroupID: UInt64] = [:]
  /// Which cell each group with members is; empty before `decide`.
  public private(set) var cells: [GroupID: Cell] = [:]

  /// Nothing counted yet.
  /// - Parameter minimum: least number of samples of a cell that is a group of its own.
  public init(minimum: Int) { self.minimum = UInt64(max(minimum, 1)) }

  /// Counts a sample with these two groups.
  public mutating func add(_ first: GroupID, _ second: GroupID) {
    guard first != .unassigned else { return }
    counts[Self.pair(first, second), default: 0] += 1
  }

  /// Decides which cells are groups. Called once, when all samples are counted.
  /// - Throws: `clustering.product-size` when a number would not fit.
  public mutating func decide() throws {
    for (pair, count) in counts {
      let first = GroupID(UInt32(pair >> 32))
      let second = GroupID(UInt32(truncatingIfNeeded: pair))
      let cell = Cell(first: first, second: second == .unassigned || count < minimum ? nil : second)
      let group = try Self.number(of: cell)
      numbers[pair] = group
      cells[group] = cell
      sizes[group, default: 0] += count
    }
  }

  /// The group of a sample that was counted.
  /// - Complexity: O(1).
  public mutating func group(_ first: GroupID, _ second: GroupID) -> GroupID {
    let pair = Self.pair(first, second)
    if let last, last.pair == pair { return last.group }
    let group = numbers[pair] ?? .unassigned
    last = (pair, group)
    return group
  }

  /// The number of a cell: Cantor's pairing of its groups.
  /// - Throws: `clustering.product-size` when it does not fit 32 bits.
  public static func number(of cell: Cell) throws -> GroupID {
    let (x, y) = (UInt64(cell.first.rawValue), cell.second.map { UInt64($0.rawValue) + 1 } ?? 0)
    let diagonal = x + y
    let (square, overflow) = diagonal.multipliedReportingOverflow(by: diagonal + 1)
    let number = square / 2 + y
    guard !overflow, number < UInt64(GroupID.unassigned.rawValue) else {
      throw CohortError(
        .clusteringProductSize,
        "Groups \(x) and \(cell.second.map { "\($0)" } ?? "(rest)") are too great for a product",
        hint: "The numbers of two groups may be about 92,000 together; create one of the groupings anew")
    }
    return GroupID(UInt32(number))
  }

  /// The number of the rest that a group folds into: the pairing undone.
  public static func rest(of group: GroupID) throws -> GroupID {
    let number = UInt64(group.rawValue)
    var diagonal = UInt64((Double(8 * number + 1).squareRoot() - 1) / 2)
    while diagonal * (diagonal + 1) / 2 > number { diagonal -= 1 }
    while (diagonal + 1) * (diagonal + 2) / 2 <= number { diagonal += 1 }
    let second = number - diagonal * (diagonal + 1) / 2
    return try Self.number(of: Cell(first: GroupID(UInt32(diagonal - second)), second: nil))
  }

  /// XXH3-64 of each group's number (u32) and size (u64), ascending.
  public var digest: UInt64 {
    var writer = ByteWriter(capacity: sizes.count * 12)
    for (group, size) in sizes.sorted(by: { $0.key < $1.key }) {
      writer.fixed(group.rawValue)
      writer.fixed(size)
    }
    return XXH3.hash64(writer.bytes)
  }

  private static func pair(_ first: GroupID, _ second: GroupID) -> UInt64 {
    UInt64(first.rawValue) << 32 | UInt64(second.rawValue)
  }
}
