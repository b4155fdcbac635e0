public import CohortCore

/// Consecutive sample ids: `first ..< first + count`.
public struct IDRange: Hashable, Sendable {
  /// The lowest id of the range.
  public var first: SampleID
  /// How many ids follow each other from `first` on.
  public var count: UInt64

  public init(first: SampleID, count: UInt64) {
    self.first = first
    self.count = count
  }

  /// Ids in any order as runs of consecutive ones, in the same order.
  public static func runs(_ ids: some Sequence<SampleID>) -> [IDRange] {
    var runs: [IDRange] = []
    for id in ids {
      if let last = runs.last, last.first.rawValue + last.count == id.rawValue {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(IDRange(first: id, count: 1))
      }
    }
    return runs
  }
}

extension [IDRange] {
  /// How many ids they hold together.
  public var total: UInt64 { reduce(0) { $0 &+ $1.count } }
}

extension ByteWriter {
  mutating func digest(_ value: Digest128) {
    fixed(value.high)
    fixed(value.low)
  }

  mutating func ranges(_ values: [IDRange]) {
    varint(values.count)
    for range in values {
      varint(range.first.rawValue)
      varint(range.count)
    }
  }
}

extension ByteReader {
  mutating func digest() throws -> Digest128 { Digest128(high: try fixed(), low: try fixed()) }

  /// First id and count, whose sum is an id as well.
  mutating func idRange() throws -> IDRange {
    let at = offset
    let (first, count) = (try varint(), try varint())
    guard !first.addingReportingOverflow(count).overflow else { throw CohortError.invalid("a range of ids", at: at) }
    return IDRange(first: SampleID(first), count: count)
  }

  mutating func ranges() throws -> [IDRange] {
    var values: [IDRange] = []
    for _ in 0..<(try count(unit: 2)) { values.append(try idRange()) }
    return values
  }
}
