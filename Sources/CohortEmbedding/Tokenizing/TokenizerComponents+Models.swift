internal import CohortCore

extension TokenizerComponents {
  func model(_ value: Value) throws(CohortError) -> any WordModel {
    // Files from before types were written say what they are by their members.
    let guess = value["merges"] != nil ? "BPE" : value["vocab"]?.isArray == true ? "Unigram" : "WordPiece"
    let type = value["type"]?.string ?? guess
    switch type {
    case "WordPiece": return try wordPiece(value)
    case "BPE": return try bytePairs(value)
    case "Unigram": return try unigram(value)
    default: throw .unsupported("the tokenizer model \(type)", path: path)
    }
  }

  private func wordPiece(_ value: Value) throws(CohortError) -> WordPiece {
    let vocabulary = try vocabulary(value)
    let unknown = value["unk_token"]?.string ?? "[UNK]"
    guard let id = vocabulary.id(of: unknown) else {
      throw .damaged("the vocabulary lacks the token \(unknown) for unknown words", path: path)
    }
    return WordPiece(
      vocabulary: vocabulary, unknown: id,
      prefix: value["continuing_subword_prefix"]?.text.map(Array.init) ?? Array("##".utf8),
      longestWord: value["max_input_chars_per_word"]?.count ?? 100)
  }

  private func bytePairs(_ value: Value) throws(CohortError) -> BytePairs {
    if let dropout = value["dropout"]?.double, dropout != 0 {
      throw .unsupported("the option dropout, which makes ids random,", path: path)
    }
    let vocabulary = try vocabulary(value)
    let prefix = value["continuing_subword_prefix"]?.text.map(Array.init) ?? []
    guard let list = value["merges"], list.isArray else { throw .damaged("the tokenizer has no merges", path: path) }
    var count = 0
    try list.forEachElement { _ throws(CohortError) in count += 1 }
    let merges = UnsafePairTable(pairs: count)
    var rank: UInt32 = 0
    var merged = UnsafeGrowingBuffer<UInt8>()
    try list.forEachElement { value throws(CohortError) in
      guard let (first, second) = Self.pair(value) else {
        throw .damaged("a merge is not a pair of tokens", path: path, cause: "merge \(rank)")
      }
      // Files from before 2020 have a line of comment.
      if second.isEmpty { return }
      merged.removeAll()
      merged.append(contentsOf: first)
      merged.append(contentsOf: second.part(min(prefix.count, second.count)..<second.count))
      guard let a = vocabulary.id(of: first), let b = vocabulary.id(of: second),
        let id = vocabulary.id(of: merged.view)
      else {
        let pair = [first, second].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        throw .damaged("a merge is of tokens that the vocabulary lacks", path: path, cause: pair)
      }
      merges.insert(a, b, UnsafePairTable.Merge(rank: rank, id: id))
      rank += 1
    }
    let options = BytePairs.Options(
      prefix: prefix, suffix: value["end_of_word_suffix"]?.text.map(Array.init) ?? [],
      fusesUnknown: value["fuse_unk"]?.bool ?? false,
      byteTokens: value["byte_fallback"]?.bool == true ? Self.byteTokens(vocabulary) : nil,
      prefersWholeWords: value["ignore_merges"]?.bool ?? false)
    let unknown = value["unk_token"]?.string.flatMap { vocabulary.id(of: $0) }
    return BytePairs(vocabulary: vocabulary, merges: merges, unknown: unknown, options: options)
  }

  private func unigram(_ value: Value) throws(CohortError) -> Unigram {
    guard let tokens = value["vocab"], tokens.isArray else {
      throw .damaged("the tokenizer has no vocabulary", path: path)
    }
    var scores: [Double] = []
    let vocabulary = UnsafeVocabulary(tokens: 1 << 15)
    try tokens.forEachElement { entry throws(CohortError) in
      let parts = entry.elements
      guard parts.count == 2, let token = parts[0].text, let score = parts[1].double, score.isFinite else {
        throw .damaged("an entry of the vocabulary is not a token and its score", path: path)
      }
      vocabulary.insert(token, id: UInt32(scores.count))
      scores.append(UnigramScore.asRead(score))
    }
    guard let unknown = value["unk_id"]?.count, unknown < scores.count else {
      throw .damaged("the vocabulary lacks a token for what is unknown", path: path, cause: "see \"unk_id\"")
    }
    return Unigram(
      vocabulary: vocabulary, scores: scores, unknown: UInt32(unknown),
      byteTokens: value["byte_fallback"]?.bool == true ? Self.byteTokens(vocabulary) : nil)
  }

  /// The two tokens of a merge, written as an array of two or as one text with a space. The second is empty for a line of
  /// comment.
  private static func pair(_ value: Value) -> (UTF8Text, UTF8Text)? {
    if value.isArray {
      let parts = value.elements
      guard parts.count == 2, let first = parts[0].text, let second = parts[1].text, !second.isEmpty else { return nil }
      return (first, second)
    }
    guard let text = value.text else { return nil }
    if text.starts(with: "#version".utf8) { return (text, text.part(0..<0)) }
    guard let space = text.firstIndex(of: 0x20), text.lastIndex(of: 0x20) == space, space + 1 < text.count else {
      return nil
    }
    return (text.part(0..<space), text.part((space + 1)..<text.count))
  }

  /// The ids of `<0x00>` to `<0xFF>`.
  private static func byteTokens(_ vocabulary: UnsafeVocabulary) -> [UInt32?] {
    let digits = Array("0123456789ABCDEF")
    return (0..<256).map { vocabulary.id(of: "<0x\(digits[$0 >> 4])\(digits[$0 & 15])>") }
  }

  /// The vocabulary of models that write it as an object of tokens and ids.
  private func vocabulary(_ value: Value) throws(CohortError) -> UnsafeVocabulary {
    guard let tokens = value["vocab"], tokens.isObject else {
      throw .damaged("the tokenizer has no vocabulary", path: path)
    }
    var count = 0
    try tokens.forEachMember { _, _ throws(CohortError) in count += 1 }
    let vocabulary = UnsafeVocabulary(tokens: count)
    try tokens.forEachMember { token, id throws(CohortError) in
      guard let number = id.count, number < Int(Int32.max) else {
        throw .damaged(
          "a token has no valid id", path: path, cause: "token \"\(String(decoding: token, as: UTF8.self))\"")
      }
      vocabulary.insert(token, id: UInt32(number))
    }
    return vocabulary
  }
}
