internal import CohortCore

/// What a `tokenizer.json` describes, as parts that work.
struct TokenizerFile {
  let rawTokens: AddedTokens
  let normalizedTokens: AddedTokens
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let model: any WordModel
  let vocabularySize: Int
  let medianTokenLength: Int
  let largestID: UInt32

  init(_ root: JSONDocument.Value, path: String) throws(CohortError) {
    guard root.isObject else { throw .damaged("the file is not a JSON object", path: path) }
    guard let model = root["model"] else {
      throw .damaged("the file has no tokenizer model", path: path, cause: "there is no member \"model\"")
    }
    let reader = TokenizerComponents(path: path)
    self.model = try reader.model(model)
    let normalizer = try root["normalizer"].map(reader.normalizer) ?? Normalizer()
    self.normalizer = normalizer
    preTokenizer = try root["pre_tokenizer"].map(reader.preTokenizer) ?? PreTokenizer()

    let vocabulary = self.model.vocabulary
    var lengths = LengthCounts()
    try vocabulary.forEach { token, _ throws(CohortError) in lengths.add(token.scalarCount) }
    var raw: [(content: [UInt8], token: AddedTokens.Token)] = []
    var normalized: [(content: [UInt8], token: AddedTokens.Token)] = []
    // As the library does: an added token has the vocabulary's id, or the next one after it; the file's is not used.
    var ids: [[UInt8]: UInt32] = [:]
    var next = UInt32(vocabulary.count)
    var largest = vocabulary.largestID
    try root["added_tokens"]?.forEachElement { value throws(CohortError) in
      guard let content = value["content"]?.text.map(Array.init) else {
        throw .damaged("an added token has no content", path: path)
      }
      guard !content.isEmpty else { return }
      var id = content.withUnsafeBufferPointer { vocabulary.id(of: $0) } ?? ids[content]
      if id == nil {
        id = next
        next += 1
        lengths.add(content.withUnsafeBufferPointer { $0.scalarCount })
      }
      guard let id else { return }
      ids[content] = id
      largest = max(largest, id)
      let token = AddedTokens.Token(
        id: id, isSingleWord: value["single_word"]?.bool ?? false, stripsLeft: value["lstrip"]?.bool ?? false,
        stripsRight: value["rstrip"]?.bool ?? false)
      if value["normalized"]?.bool ?? true {
        normalized.append((content.withUnsafeBufferPointer { normalizer.apply($0) }, token))
      } else {
        raw.append((content, token))
      }
    }
    (rawTokens, normalizedTokens) = (AddedTokens(raw), AddedTokens(normalized))
    vocabularySize = lengths.total
    largestID = largest
    medianTokenLength = lengths.median
  }
}

/// How many tokens have which length.
private struct LengthCounts {
  private var counts: [Int] = []
  private(set) var total = 0

  mutating func add(_ length: Int) {
    while counts.count <= length { counts.append(0) }
    counts[length] += 1
    total += 1
  }

  /// The length in the middle; of two, their mean, rounded down.
  var median: Int { total == 0 ? 0 : (length(at: (total - 1) / 2) + length(at: total / 2)) / 2 }

  private func length(at rank: Int) -> Int {
    var before = 0
    for (length, count) in counts.enumerated() {
      before += count
      if rank < before { return length }
    }
    return 0
  }
}
