/// BERT's words: white space separates them and is dropped, every punctuation character is a word.
enum BertSplitter {
  private static let word: UInt8 = 0
  private static let space: UInt8 = 1
  private static let punctuation: UInt8 = 2
  private static let long: UInt8 = 3

  private static let classes: [UInt8] = (0..<256).map { byte in
    guard byte < 0x80 else { return long }
    return kind(of: UInt32(byte))
  }

  private static func kind(of scalar: UInt32) -> UInt8 {
    let properties = UnicodeProperties(scalar)
    return properties.isWhitespace ? space : properties.isPunctuation ? punctuation : word
  }

  static func apply(_ piece: Piece, of text: UTF8Text, into pieces: inout UnsafeGrowingBuffer<Piece>) {
    classes.withUnsafeBufferPointer { classes in
      var start = piece.start
      var index = start
      while index < piece.end {
        var kind = classes[Int(text[index])]
        var length = 1
        if kind == long {
          let (scalar, bytes) = text.scalar(at: index)
          kind = Self.kind(of: scalar)
          length = bytes
        }
        if kind != word {
          if start < index { pieces.append(Piece(start, index)) }
          start = index + length
          if kind == punctuation { pieces.append(Piece(index, start)) }
        }
        index += length
      }
      if start < piece.end { pieces.append(Piece(start, piece.end)) }
    }
  }
}
