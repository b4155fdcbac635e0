internal import CohortSystem

/// How two divisions of the same samples into groups overlap, and how alike they are.
///
/// All measures are those of scikit-learn with its defaults: mutual information over the mean of both entropies, the adjusted
/// Rand index of Hubert and Arabie (1985), homogeneity, completeness and V-measure of Rosenberg and Hirschberg (2007). Sums
/// are taken in the order of the groups, so the same table gives the same values.
public struct Contingency: Sendable {
  /// A group of the first division and one of the second.
  public struct Pair: Hashable, Comparable, Sendable {
    public var first: UInt32
    public var second: UInt32

    public init(_ first: UInt32, _ second: UInt32) {
      self.first = first
      self.second = second
    }

    public static func < (a: Self, b: Self) -> Bool { (a.first, a.second) < (b.first, b.second) }
  }

  /// Samples that are in both groups of a pair.
  public struct Cell: Hashable, Sendable {
    public var pair: Pair
    public var size: UInt64
  }

  /// Pairs that have samples, ascending.
  public let cells: [Cell]
  /// Samples of each group of the first division, and of the second.
  public let firstSizes: [UInt32: UInt64]
  public let secondSizes: [UInt32: UInt64]
  /// All of them.
  public let samples: UInt64
  private let entropies: (first: Double, second: Double, firstGivenSecond: Double, secondGivenFirst: Double)

  /// - Parameter counts: the samples of each pair.
  /// - Complexity: O(pairs log pairs).
  public init(_ counts: [Pair: UInt64]) {
    let cells = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { Cell(pair: $0.key, size: $0.value) }
    var (first, second): ([UInt32: UInt64], [UInt32: UInt64]) = ([:], [:])
    for cell in cells {
      first[cell.pair.first, default: 0] += cell.size
      second[cell.pair.second, default: 0] += cell.size
    }
    samples = cells.reduce(0) { $0 + $1.size }
    let total = Double(max(samples, 1))
    func entropy(_ sizes: [UInt32: UInt64]) -> Double {
      sizes.sorted { $0.key < $1.key }.reduce(0) { $0 - Double($1.value) / total * log(Double($1.value) / total) }
    }
    // H(X|Y) = -sum over the cells of p(x, y) log(p(x, y) / p(y)).
    var (firstGivenSecond, secondGivenFirst) = (0.0, 0.0)
    for cell in cells {
      let share = Double(cell.size) / total
      firstGivenSecond -= share * log(Double(cell.size) / Double(second[cell.pair.second] ?? 1))
      secondGivenFirst -= share * log(Double(cell.size) / Double(first[cell.pair.first] ?? 1))
    }
    (self.cells, firstSizes, secondSizes) = (cells, first, second)
    entropies = (entropy(first), entropy(second), firstGivenSecond, secondGivenFirst)
  }

  /// How far each group of the second division holds samples of one group of the first only: 0 to 1.
  public var homogeneity: Double { Self.share(entropies.firstGivenSecond, of: entropies.first) }

  /// How far all samples of a group of the first division are in one group of the second: 0 to 1.
  public var completeness: Double { Self.share(entropies.secondGivenFirst, of: entropies.second) }

  /// The harmonic mean of homogeneity and completeness.
  public var vMeasure: Double {
    let (a, b) = (homogeneity, completeness)
    return a + b == 0 ? 0 : 2 * a * b / (a + b)
  }

  /// Mutual information over the arithmetic mean of the entropies: 0 to 1. Two divisions of one group each have 1.
  public var normalizedMutualInformation: Double {
    let mean = (entropies.first + entropies.second) / 2
    return mean == 0 ? 1 : min(max((entropies.first - entropies.firstGivenSecond) / mean, 0), 1)
  }

  /// The share of pairs of samples on which both divisions agree, corrected for chance: 1 for equal divisions, about 0 for
  /// independent ones.
  public var adjustedRandIndex: Double {
    func squares(_ sizes: some Sequence<UInt64>) -> Double { sizes.reduce(0) { $0 + Double($1) * Double($1) } }
    let both = squares(cells.map(\.size))
    let total = Double(samples)
    let (first, second) = (
      squares(firstSizes.sorted { $0.key < $1.key }.map(\.value)),
      squares(secondSizes.sorted { $0.key < $1.key }.map(\.value))
    )
    // Ordered pairs that are together in both, in the first only, in the second only, and in neither.
    let (together, onlyFirst, onlySecond) = (both - total, first - both, second - both)
    let apart = total * total - total - together - onlyFirst - onlySecond
    if onlyFirst == 0, onlySecond == 0 { return 1 }
    return 2 * (together * apart - onlyFirst * onlySecond)
      / ((together + onlyFirst) * (onlyFirst + apart) + (together + onlySecond) * (onlySecond + apart))
  }

  /// The share of samples that are in the commonest first group of their second group.
  public var purity: Double { Self.share(of: samples, best: cells, by: \.second) }

  /// The share of samples that are in the commonest second group of their first group.
  public var inversePurity: Double { Self.share(of: samples, best: cells, by: \.first) }

  /// The second group that has most of each first group; of equals the one with the lowest number.
  public var matches: [UInt32: UInt32] {
    var best: [UInt32: Cell] = [:]
    for cell in cells where cell.size > best[cell.pair.first]?.size ?? 0 { best[cell.pair.first] = cell }
    return best.mapValues(\.pair.second)
  }

  /// Cells that are not where most of their first group is, greatest first.
  /// - Parameter isSame: whether both divisions are of one grouping: then those that stay are in the group of the same number.
  public func moves(isSame: Bool) -> [Cell] {
    let matches = matches
    return cells.filter { isSame ? $0.pair.first != $0.pair.second : matches[$0.pair.first] != $0.pair.second }
      .sorted { ($1.size, $0.pair) < ($0.size, $1.pair) }
  }

  private static func share(_ conditional: Double, of entropy: Double) -> Double {
    entropy == 0 ? 1 : min(max(1 - conditional / entropy, 0), 1)
  }

  private static func share(of samples: UInt64, best cells: [Cell], by side: KeyPath<Pair, UInt32>) -> Double {
    var best: [UInt32: UInt64] = [:]
    for cell in cells { best[cell.pair[keyPath: side]] = max(best[cell.pair[keyPath: side]] ?? 0, cell.size) }
    return samples == 0 ? 1 : Double(best.values.reduce(0, +)) / Double(samples)
  }
}
