public import CohortCore

/// Some of a store's samples: a bit for each id.
public struct SampleSet: Hashable, Sendable {
  private var words: [UInt64] = []

  /// - Complexity: O(ids + largest id / 64).
  public init(_ ids: some Sequence<SampleID>) { insert(ids) }

  /// - Complexity: O(ids), and O(largest id / 64) when it grows.
  mutating func insert(_ ids: some Sequence<SampleID>) {
    for id in ids {
      let word = Int(id.rawValue >> 6)
      if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
      words[word] |= 1 << (id.rawValue & 63)
    }
  }

  /// Whether the sample of an id belongs to it.
  public func contains(_ row: UInt64) -> Bool {
    let word = Int(row >> 6)
    return word < words.count && words[word] & 1 << (row & 63) != 0
  }
}
