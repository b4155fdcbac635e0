internal import CUnicodeTables

/// What a Unicode scalar is, according to the library that our tokenizers agree with.
struct UnicodeProperties {
  private let bits: Int

  @inline(__always)
  init(_ scalar: UInt32) { bits = Int(cunicode_properties(scalar)) }

  var isWhitespace: Bool { bits & Int(CUNICODE_WHITESPACE) != 0 }
  var isOther: Bool { bits & Int(CUNICODE_OTHER) != 0 }
  var isPunctuation: Bool { bits & Int(CUNICODE_PUNCTUATION) != 0 }
  var isNonspacingMark: Bool { bits & Int(CUNICODE_NONSPACING) != 0 }
  var isCombiningMark: Bool { bits & Int(CUNICODE_COMBINING) != 0 }
  var isNumeric: Bool { bits & Int(CUNICODE_NUMERIC) != 0 }
  /// `\w` in added tokens and in the pre-tokenizer `Whitespace`.
  var isWord: Bool { bits & Int(CUNICODE_RUST_WORD) != 0 }
}
