/// Where bytes lie in the memory of a batch: from `begin` up to, but not including, `end`. Two 64-bit integers, so that C can
/// read it.
public struct TextExtent: Hashable, BitwiseCopyable, Sendable {
  public var begin: Int64
  public var end: Int64

  /// Nothing, anywhere.
  public static let empty = TextExtent(begin: 0, end: 0)

  /// A range within bytes that begin at `start`.
  init(_ range: Range<Int>, from start: Int) {
    begin = Int64(start + range.lowerBound)
    end = Int64(start + range.upperBound)
  }

  private init(begin: Int64, end: Int64) { (self.begin, self.end) = (begin, end) }

  /// As a range of indices.
  public var range: Range<Int> { Int(begin)..<Int(end) }
}
