internal import CohortCore

/// Makes the parts of a tokenizer from their JSON.
struct TokenizerComponents {
  typealias Value = JSONDocument.Value

  let path: String

  /// Steps of steps of steps: sequences may be nested, but not without end.
  private static let deepest = 8

  func normalizer(_ value: Value) throws(CohortError) -> Normalizer {
    var steps: [Normalizer.Step] = []
    try append(normalizer: value, to: &steps, depth: 0)
    return Normalizer(steps: steps)
  }

  func preTokenizer(_ value: Value) throws(CohortError) -> PreTokenizer {
    var steps: [PreTokenizer.Step] = []
    try append(preTokenizer: value, to: &steps, depth: 0)
    return PreTokenizer(steps: steps)
  }

  private func append(
    normalizer value: Value, to steps: inout [Normalizer.Step], depth: Int
  ) throws(CohortError) {
    let type = try kind(of: value, "normalizer")
    switch type {
    case "Sequence":
      guard depth < Self.deepest else { throw .unsupported("a deeply nested normalizer", path: path) }
      try value["normalizers"]?.forEachElement { part throws(CohortError) in
        try append(normalizer: part, to: &steps, depth: depth + 1)
      }
    case "BertNormalizer":
      let bert = BertNormalizer(
        cleans: try flag("clean_text", of: value, default: true),
        separatesChinese: try flag("handle_chinese_chars", of: value, default: true),
        stripsAccents: value["strip_accents"]?.bool, lowercases: try flag("lowercase", of: value, default: true))
      steps.append(.bert(bert))
    case "NFC": steps.append(.canonical(composes: true, compatibility: false))
    case "NFD": steps.append(.canonical(composes: false, compatibility: false))
    case "NFKC": steps.append(.canonical(composes: true, compatibility: true))
    case "NFKD": steps.append(.canonical(composes: false, compatibility: true))
    case "Lowercase": steps.append(.lowercase)
    case "StripAccents": steps.append(.stripAccents)
    case "Strip":
      steps.append(
        .strip(
          left: try flag("strip_left", of: value, default: true),
          right: try flag("strip_right", of: value, default: true)))
    case "Prepend": steps.append(.prepend(try text("prepend", of: value)))
    case "Replace": steps.append(.replace(try finder(value), with: try text("content", of: value)))
    case "Nmt": steps.append(.neuralTranslation)
    case "Precompiled":
      guard let encoded = value["precompiled_charsmap"]?.text, let bytes = Base64.decode(encoded),
        let map = CharacterMap(bytes)
      else { throw .damaged("the precompiled character map is not valid", path: path) }
      steps.append(.characterMap(map))
    case "ByteLevel": steps.append(.byteLevel)
    default: throw .unsupported("the normalizer \(type)", path: path)
    }
  }

  private func append(
    preTokenizer value: Value, to steps: inout [PreTokenizer.Step], depth: Int
  ) throws(CohortError) {
    let type = try kind(of: value, "pre-tokenizer")
    switch type {
    case "Sequence":
      guard depth < Self.deepest else { throw .unsupported("a deeply nested pre-tokenizer", path: path) }
      try value["pretokenizers"]?.forEachElement { part throws(CohortError) in
        try append(preTokenizer: part, to: &steps, depth: depth + 1)
      }
    case "BertPreTokenizer": steps.append(.bert)
    case "WhitespaceSplit": steps.append(.split(.whitespace, .removed, isInverted: false))
    case "Whitespace": steps.append(.split(.words, .removed, isInverted: true))
    case "Digits":
      let single = try flag("individual_digits", of: value, default: false)
      steps.append(.split(.numeric, single ? .isolated : .contiguous, isInverted: false))
    case "Punctuation": steps.append(.split(.punctuation, try behavior(of: value), isInverted: false))
    case "CharDelimiterSplit":
      guard let delimiter = value["delimiter"]?.string?.unicodeScalars.first else {
        throw .damaged("a delimiter is missing", path: path)
      }
      steps.append(.split(.scalar(delimiter.value), .removed, isInverted: false))
    case "Split":
      let isInverted = try flag("invert", of: value, default: false)
      steps.append(.split(try finder(value), try behavior(of: value), isInverted: isInverted))
    case "ByteLevel":
      let pattern =
        try flag("use_regex", of: value, default: true)
        ? try self.pattern(#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#) : nil
      steps.append(.byteLevel(prependsSpace: try flag("add_prefix_space", of: value, default: true), pattern))
    case "Metaspace": steps.append(.metaspace(try metaspace(value)))
    case "FixedLength": steps.append(.fixedLength(max(1, value["length"]?.count ?? 5)))
    default: throw .unsupported("the pre-tokenizer \(type)", path: path)
    }
  }

  private func metaspace(_ value: Value) throws(CohortError) -> Metaspace {
    let replacement = try text("replacement", of: value)
    let name = value["prepend_scheme"]?.string ?? "always"
    guard var prepending = Metaspace.Prepending(rawValue: name), !replacement.isEmpty else {
      throw .damaged("the pre-tokenizer Metaspace is not valid", path: path)
    }
    if value["add_prefix_space"]?.bool == false { prepending = .never }
    return Metaspace(
      replacement: replacement, prepending: prepending, splits: try flag("split", of: value, default: true))
  }

  private func behavior(of value: Value) throws(CohortError) -> SplitBehavior {
    guard let name = value["behavior"]?.string else { return .isolated }
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw .unsupported("the way to split \(name)", path: path)
    }
    return behavior
  }

  private func finder(_ value: Value) throws(CohortError) -> TextFinder {
    if let text = value["pattern"]?["String"]?.text, !text.isEmpty { return .text(Array(text)) }
    guard let expression = value["pattern"]?["Regex"]?.string else {
      throw .damaged("a pattern is neither a text nor an expression", path: path)
    }
    return .pattern(try pattern(expression))
  }

  private func pattern(_ expression: String) throws(CohortError) -> Pattern {
    do {
      return try Pattern(expression)
    } catch {
      var unsupported = CohortError.unsupported("the pattern \(expression)", path: path)
      unsupported.cause = error.reason
      throw unsupported
    }
  }

  private func kind(of value: Value, _ what: String) throws(CohortError) -> String {
    guard let type = value["type"]?.string else {
      throw .damaged("a \(what) of the tokenizer does not say its type", path: path)
    }
    return type
  }

  private func flag(_ key: StaticString, of value: Value, default missing: Bool) throws(CohortError) -> Bool {
    guard let member = value[key] else { return missing }
    guard let flag = member.bool else { throw .damaged("\"\(key)\" is not true or false", path: path) }
    return flag
  }

  private func text(_ key: StaticString, of value: Value) throws(CohortError) -> [UInt8] {
    guard let text = value[key]?.text else { throw .damaged("\"\(key)\" is not a text", path: path) }
    return Array(text)
  }
}
