/// How a normalized text is cut into words: the `pre_tokenizer` of `tokenizer.json`.
struct PreTokenizer: Sendable {
  enum Step: Sendable {
    case bert
  }

  var steps: [Step] = []

  /// Cuts `scratch.text` from `range` on into `scratch.pieces`, which is emptied before. Steps may rewrite the text.
  /// - Parameter isFirst: whether the range is the beginning of the whole text.
  func apply(_ range: Range<Int>, isFirst: Bool, scratch: TokenizerScratch) {
    scratch.pieces.removeAll()
    scratch.pieces.append(Piece(range.lowerBound, range.upperBound))
    for step in steps {
      swap(&scratch.pieces, &scratch.otherPieces)
      scratch.pieces.removeAll()
      step.apply(scratch: scratch)
    }
  }
}

extension PreTokenizer.Step {
  fileprivate func apply(scratch: TokenizerScratch) {
    switch self {
    case .bert:
      let text = scratch.text.view
      for index in 0..<scratch.otherPieces.count {
        BertSplitter.apply(scratch.otherPieces[index], of: text, into: &scratch.pieces)
      }
    }
  }
}
