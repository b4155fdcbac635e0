/// Makes the parts of a tokenizer from their JSON.
struct TokenizerComponents {
  typealias Value = JSONDocument.Value

  let path: String

  func kind(of value: Value, _ what: String) throws(EmbeddingError) -> String {
    guard let type = value["type"]?.string else {
      throw .damaged("a \(what) of the tokenizer does not say its type", path: path)
    }
    return type
  }

  func flag(_ key: StaticString, of value: Value, default missing: Bool) throws(EmbeddingError) -> Bool {
    guard let member = value[key] else { return missing }
    guard let flag = member.bool else { throw .damaged("\"\(key)\" is not true or false", path: path) }
    return flag
  }

  func normalizer(_ value: Value) throws(EmbeddingError) -> Normalizer {
    var steps: [Normalizer.Step] = []
    let type = try kind(of: value, "normalizer")
    switch type {
    case "BertNormalizer":
      steps.append(
        .bert(
          BertNormalizer(
            cleans: try flag("clean_text", of: value, default: true),
            separatesChinese: try flag("handle_chinese_chars", of: value, default: true),
            stripsAccents: value["strip_accents"]?.bool,
            lowercases: try flag("lowercase", of: value, default: true))))
    default: throw .unsupported("the normalizer \(type)", path: path)
    }
    return Normalizer(steps: steps)
  }

  func preTokenizer(_ value: Value) throws(EmbeddingError) -> PreTokenizer {
    let type = try kind(of: value, "pre-tokenizer")
    switch type {
    case "BertPreTokenizer": return PreTokenizer(steps: [.bert])
    default: throw .unsupported("the pre-tokenizer \(type)", path: path)
    }
  }

  func model(_ value: Value) throws(EmbeddingError) -> any WordModel {
    // Files from before types were written say what they are by their members.
    let type =
      value["type"]?.string ?? (value["merges"] != nil ? "BPE" : value["unk_id"] != nil ? "Unigram" : "WordPiece")
    switch type {
    case "WordPiece": return try wordPiece(value)
    default: throw .unsupported("the tokenizer model \(type)", path: path)
    }
  }

  private func wordPiece(_ value: Value) throws(EmbeddingError) -> WordPiece {
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

  /// The vocabulary of models that write it as an object of tokens and ids.
  func vocabulary(_ value: Value) throws(EmbeddingError) -> UnsafeVocabulary {
    guard let tokens = value["vocab"], tokens.isObject else {
      throw .damaged("the tokenizer has no vocabulary", path: path)
    }
    var count = 0
    try tokens.forEachMember { _, _ throws(EmbeddingError) in count += 1 }
    let vocabulary = UnsafeVocabulary(tokens: count)
    try tokens.forEachMember { token, id throws(EmbeddingError) in
      guard let number = id.count, let id = UInt32(exactly: number), id < UInt32(Int32.max) else {
        throw .damaged(
          "a token has no valid id", path: path, cause: "token \"\(String(decoding: token, as: UTF8.self))\"")
      }
      vocabulary.insert(token, id: id)
    }
    return vocabulary
  }
}
