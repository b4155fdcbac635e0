/// What happens to a text before it is cut: the `normalizer` of `tokenizer.json`.
struct Normalizer: Sendable {
  enum Step: Sendable {
    case bert(BertNormalizer)
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
  fileprivate func apply(
    _ text: UTF8Text, into output: inout UnsafeGrowingBuffer<UInt8>, scalars: inout CanonicalForms.Scalars
  ) {
    switch self {
    case .bert(let bert): bert.apply(text, into: &output, scalars: &scalars)
    }
  }
}
