/// What happens to a text before it is cut: the `normalizer` of `tokenizer.json`.
struct Normalizer: Sendable {
  enum Step: Sendable {
    case bert(BertNormalizer)
    case canonical(composes: Bool, compatibility: Bool)
    case lowercase
    case stripAccents
    case strip(left: Bool, right: Bool)
    case prepend([UInt8])
    case replace(TextFinder, with: [UInt8])
    case neuralTranslation
    case characterMap(CharacterMap)
    case byteLevel
  }

  var steps: [Step] = []

  /// Writes the normal form of `text` to `scratch.text`, which is emptied before.
  func apply(_ text: UTF8Text, scratch: TokenizerScratch) {
    scratch.text.removeAll()
    guard let first = steps.first else {
      scratch.text.append(contentsOf: text)
      return
    }
    first.apply(text, into: &scratch.text, scalars: &scratch.scalars)
    for step in steps.dropFirst() {
      swap(&scratch.text, &scratch.otherText)
      scratch.text.removeAll()
      step.apply(scratch.otherText.view, into: &scratch.text, scalars: &scratch.scalars)
    }
  }

  /// The normal form of a token, while loading.
  func apply(_ text: UTF8Text) -> [UInt8] {
    let scratch = TokenizerScratch()
    apply(text, scratch: scratch)
    return Array(scratch.text.view)
  }
}

extension Normalizer.Step {
  typealias Output = UnsafeGrowingBuffer<UInt8>

  fileprivate func apply(_ text: UTF8Text, into output: inout Output, scalars: inout CanonicalForms.Scalars) {
    switch self {
    case .bert(let bert): bert.apply(text, into: &output, scalars: &scalars)
    case .canonical(let composes, let compatibility):
      Self.canonical(text, composes: composes, compatibility: compatibility, into: &output, scalars: &scalars)
    case .lowercase: text.forEachScalar { scalar, _ in output.append(lowercase: scalar) }
    case .stripAccents:
      text.forEachScalar { scalar, _ in
        if scalar < 0x300 || !UnicodeProperties(scalar).isCombiningMark { output.append(scalar: scalar) }
      }
    case .strip(let left, let right): output.append(contentsOf: Self.stripped(text, left: left, right: right))
    case .prepend(let prefix):
      if text.isEmpty { return }
      prefix.withUnsafeBufferPointer { output.append(contentsOf: $0) }
      output.append(contentsOf: text)
    case .replace(let finder, let replacement):
      var done = 0
      finder.forEachMatch(in: text) { match in
        output.append(contentsOf: text.part(done..<match.lowerBound))
        replacement.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        done = match.upperBound
      }
      output.append(contentsOf: text.part(done..<text.count))
    case .neuralTranslation: text.forEachScalar { scalar, _ in Self.neuralTranslation(scalar, into: &output) }
    case .characterMap(let map): map.apply(text, into: &output)
    case .byteLevel: ByteAlphabet.append(text, to: &output)
    }
  }

  private static func canonical(
    _ text: UTF8Text, composes: Bool, compatibility: Bool, into output: inout Output,
    scalars: inout CanonicalForms.Scalars
  ) {
    if text.allSatisfy({ $0 < 0x80 }) {
      output.append(contentsOf: text)
      return
    }
    scalars.removeAll()
    text.forEachScalar { scalar, _ in
      CanonicalForms.appendDecomposed(scalar, compatibility: compatibility, to: &scalars)
    }
    CanonicalForms.order(&scalars)
    if composes { CanonicalForms.compose(&scalars) }
    for index in 0..<scalars.count { output.append(scalar: scalars[index]) }
  }

  private static func stripped(_ text: UTF8Text, left: Bool, right: Bool) -> UTF8Text {
    var (start, end) = (0, text.count)
    while left, start < end, case let (scalar, length) = text.scalar(at: start), UnicodeProperties(scalar).isWhitespace
    {
      start += length
    }
    while right, end > start, case let (scalar, length) = text.scalar(before: end),
      UnicodeProperties(scalar).isWhitespace
    {
      end -= length
    }
    return text.part(start..<end)
  }

  /// SentencePiece's `nmt` rules: control characters out, other blanks a space.
  private static func neuralTranslation(_ scalar: UInt32, into output: inout Output) {
    switch scalar {
    case 0x01...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0x8f, 0x9f: break
    case 0x09, 0x0a, 0x0c, 0x0d, 0x1680, 0x200b...0x200f, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd: output.append(0x20)
    default: output.append(scalar: scalar)
    }
  }
}
