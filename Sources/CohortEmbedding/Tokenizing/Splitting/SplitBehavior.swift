/// What becomes of the matches that a piece is split at.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Appends what is left as pieces, none of them empty.
  func apply(_ cuts: inout UnsafeGrowingBuffer<Cut>, into pieces: inout UnsafeGrowingBuffer<Piece>) {
    switch self {
    case .removed:
      for index in 0..<cuts.count where !cuts[index].isMatch {
        pieces.append(Piece(cuts[index].start, cuts[index].end))
      }
    case .isolated:
      for index in 0..<cuts.count { pieces.append(Piece(cuts[index].start, cuts[index].end)) }
    case .contiguous:
      merge(cuts, into: &pieces) { previous, cut in previous == cut }
    case .mergedWithPrevious:
      merge(cuts, into: &pieces) { previous, cut in cut && !previous }
    case .mergedWithNext:
      var index = 0
      while index < cuts.count {
        // Of several matches in a row only the last has a next that is none.
        let joins = cuts[index].isMatch && index + 1 < cuts.count && !cuts[index + 1].isMatch
        pieces.append(Piece(cuts[index].start, cuts[index + (joins ? 1 : 0)].end))
        index += joins ? 2 : 1
      }
    }
  }

  /// Joins each cut to the one before it where `joins`, of whether that one and this one are matches, says so. What
  /// comes first counts as behind something that is no match.
  private func merge(
    _ cuts: borrowing UnsafeGrowingBuffer<Cut>, into pieces: inout UnsafeGrowingBuffer<Piece>,
    joins: (Bool, Bool) -> Bool
  ) {
    let first = pieces.count
    var previous = false
    for index in 0..<cuts.count {
      let cut = cuts[index]
      if joins(previous, cut.isMatch), pieces.count > first {
        pieces[pieces.count - 1].end = cut.end
      } else {
        pieces.append(Piece(cut.start, cut.end))
      }
      previous = cut.isMatch
    }
  }
}

/// A match, or what lies between two of them.
struct Cut: BitwiseCopyable {
  var start: Int
  var end: Int
  var isMatch: Bool

  var range: Range<Int> { start..<end }
}

extension UnsafeGrowingBuffer<Cut> {
  /// Becomes the matches in `text` and what lies between them, in order, none empty; places grow by `offset`.
  mutating func find(_ finder: TextFinder?, in text: UTF8Text, offset: Int = 0, isInverted: Bool = false) {
    removeAll()
    var done = 0
    finder?.forEachMatch(in: text) { match in
      if done < match.lowerBound {
        append(Cut(start: offset + done, end: offset + match.lowerBound, isMatch: isInverted))
      }
      append(Cut(start: offset + match.lowerBound, end: offset + match.upperBound, isMatch: !isInverted))
      done = match.upperBound
    }
    if done < text.count { append(Cut(start: offset + done, end: offset + text.count, isMatch: isInverted)) }
  }
}
