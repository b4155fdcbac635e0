/// How a normalized text is cut into words: the `pre_tokenizer` of `tokenizer.json`.
struct PreTokenizer: Sendable {
  enum Step: Sendable {
    case bert
    case split(TextFinder, SplitBehavior, isInverted: Bool)
    case byteLevel(prependsSpace: Bool, Pattern?)
    case metaspace(Metaspace)
    case fixedLength(Int)
  }

  var steps: [Step] = []

  /// Cuts a range of `scratch.text` into `scratch.pieces`, which is emptied before; they lie in `scratch.pieceText`.
  /// - Parameter isFirst: whether the range is the beginning of the whole text.
  func apply(_ range: Range<Int>, isFirst: Bool, scratch: TokenizerScratch) {
    scratch.isRewritten = false
    scratch.pieces.removeAll()
    scratch.pieces.append(Piece(range.lowerBound, range.upperBound))
    for step in steps {
      swap(&scratch.pieces, &scratch.otherPieces)
      scratch.pieces.removeAll()
      let first = scratch.isRewritten ? 0 : range.lowerBound
      step.apply(firstPiece: isFirst ? first : nil, scratch: scratch)
    }
  }
}

/// How sentence pieces mark the beginnings of words: a visible character takes the place of the space.
struct Metaspace: Sendable {
  enum Prepending: String, Sendable { case always, first, never }

  var replacement: [UInt8]
  var prepending: Prepending
  var splits: Bool
}

extension PreTokenizer.Step {
  /// - Parameter firstPiece: where the piece begins that is the beginning of the whole text.
  fileprivate func apply(firstPiece: Int?, scratch: TokenizerScratch) {
    switch self {
    case .bert:
      let text = scratch.pieceText
      for index in 0..<scratch.otherPieces.count {
        BertSplitter.apply(scratch.otherPieces[index], of: text, into: &scratch.pieces)
      }
    case .split(let finder, let behavior, let isInverted):
      let text = scratch.pieceText
      for index in 0..<scratch.otherPieces.count {
        let piece = scratch.otherPieces[index]
        scratch.cuts.find(finder, in: text.part(piece.range), offset: piece.start, isInverted: isInverted)
        behavior.apply(&scratch.cuts, into: &scratch.pieces)
      }
    case .fixedLength(let length):
      for index in 0..<scratch.otherPieces.count {
        let piece = scratch.otherPieces[index]
        let text = scratch.pieceText.part(piece.range)
        var start = 0
        while start < text.count {
          let end = start + UTF8Text(rebasing: text[start...]).length(ofScalars: length)
          scratch.pieces.append(Piece(piece.start + start, piece.start + end))
          start = end
        }
      }
    case .byteLevel(let prependsSpace, let pattern): Self.byteLevel(prependsSpace, pattern, scratch)
    case .metaspace(let metaspace): Self.metaspace(metaspace, firstPiece, scratch)
    }
  }

  private static func byteLevel(_ prependsSpace: Bool, _ pattern: Pattern?, _ scratch: TokenizerScratch) {
    scratch.otherRewritten.removeAll()
    for index in 0..<scratch.otherPieces.count {
      var piece = scratch.pieceText.part(scratch.otherPieces[index].range)
      if prependsSpace, piece.first != 0x20 {
        scratch.otherText.removeAll()
        scratch.otherText.append(0x20)
        scratch.otherText.append(contentsOf: piece)
        piece = scratch.otherText.view
      }
      scratch.cuts.find(pattern.map { .pattern($0) }, in: piece)
      for cut in 0..<scratch.cuts.count {
        let start = scratch.otherRewritten.count
        ByteAlphabet.append(piece.part(scratch.cuts[cut].range), to: &scratch.otherRewritten)
        scratch.pieces.append(Piece(start, scratch.otherRewritten.count))
      }
    }
    swap(&scratch.rewritten, &scratch.otherRewritten)
    scratch.isRewritten = true
  }

  private static func metaspace(_ metaspace: Metaspace, _ firstPiece: Int?, _ scratch: TokenizerScratch) {
    scratch.otherRewritten.removeAll()
    metaspace.replacement.withUnsafeBufferPointer { replacement in
      for index in 0..<scratch.otherPieces.count {
        let piece = scratch.otherPieces[index]
        let text = scratch.pieceText.part(piece.range)
        var start = scratch.otherRewritten.count
        let isMarked = text.first == 0x20 || text.starts(with: replacement)
        if !isMarked,
          metaspace.prepending == .always || (metaspace.prepending == .first && piece.start == firstPiece)
        {
          scratch.otherRewritten.append(contentsOf: replacement)
        }
        for byte in text {
          if byte == 0x20 {
            scratch.otherRewritten.append(contentsOf: replacement)
          } else {
            scratch.otherRewritten.append(byte)
          }
        }
        if metaspace.splits {
          // Every mark begins a word.
          let whole = scratch.otherRewritten.view
          var place = start + 1
          while place + replacement.count <= whole.count {
            if whole[place] == replacement[0],
              whole.part(place..<(place + replacement.count)).elementsEqual(replacement)
            {
              scratch.pieces.append(Piece(start, place))
              start = place
            }
            place += 1
          }
        }
        if start < scratch.otherRewritten.count { scratch.pieces.append(Piece(start, scratch.otherRewritten.count)) }
      }
    }
    swap(&scratch.rewritten, &scratch.otherRewritten)
    scratch.isRewritten = true
  }
}
