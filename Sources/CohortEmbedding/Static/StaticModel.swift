internal import CohortCore
internal import CohortKernels

/// The files of a static embedding model: a folder in the layout of Model2Vec or of sentence-transformers.
struct StaticModel: Sendable {
  /// Which file is where.
  private struct Layout {
    var config: String
    var tensors: String
    var tokenizer: String
    var name: String
  }

  // In the order in which model2vec 0.9 looks for them.
  private static let layouts = [
    Layout(config: "config.json", tensors: "model.safetensors", tokenizer: "tokenizer.json", name: "embeddings"),
    Layout(
      config: "config_sentence_transformers.json", tensors: "model.safetensors", tokenizer: "tokenizer.json",
      name: "embedding.weight"),
    Layout(
      config: "config_sentence_transformers.json", tensors: "0_StaticEmbedding/model.safetensors",
      tokenizer: "0_StaticEmbedding/tokenizer.json", name: "embedding.weight"),
  ]

  let tokenizer: Tokenizer
  let table: SafeTensors
  let embeddings: SafeTensors.Tensor
  let element: cohort_element
  let rows: Int
  let dimension: Int
  /// By token id; nil when row i belongs to token i.
  let mapping: [UInt32]?
  /// By token id; nil when all are 1.
  let weights: [Float]?
  let normalizes: Bool
  /// Most tokens of a text; nil for no limit.
  let maximumTokens: Int?
  let fingerprint: Digest128

  init(folder: String) throws(CohortError) {
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    let complete = Self.layouts.first { layout in
      [layout.config, layout.tensors, layout.tokenizer].allSatisfy { MappedFile.exists(base + $0) }
    }
    guard let layout = complete else {
      guard MappedFile.exists(folder) else {
        throw CohortError(.embeddingNoModelFolder, "there is no such folder", place: folder)
      }
      throw CohortError(
        .embeddingNoModel, "the folder holds no static embedding model", place: folder,
        hint: "It needs config.json, model.safetensors and tokenizer.json, as model2vec saves them")
    }
    let tensors = try SafeTensors(base + layout.tensors)
    let tokenizer = try Tokenizer(contentsOf: base + layout.tokenizer)
    var found = try tensors.tensor(layout.name)
    if found == nil { found = try tensors.tensor(layout.name == "embeddings" ? "embedding.weight" : "embeddings") }
    guard let embeddings = found else {
      throw .damaged("the file has no tensor \"\(layout.name)\"", path: tensors.file.path)
    }
    guard embeddings.shape.count == 2, embeddings.shape[0] > 0, (1...65_536).contains(embeddings.shape[1]) else {
      throw .damaged(
        "the embeddings are not a table of rows", path: tensors.file.path, cause: "their shape is \(embeddings.shape)")
    }
    switch embeddings.element {
    case .float16: element = COHORT_ELEMENT_F16
    case .brainFloat16: element = COHORT_ELEMENT_BF16
    case .float32: element = COHORT_ELEMENT_F32
    case .float64: element = COHORT_ELEMENT_F64
    case .int8: element = COHORT_ELEMENT_I8
    case .int32, .int64:
      throw .damaged("the embeddings have type \(embeddings.element.rawValue)", path: tensors.file.path)
    }
    (table, self.embeddings, self.tokenizer) = (tensors, embeddings, tokenizer)
    (rows, dimension) = (embeddings.shape[0], embeddings.shape[1])
    let ids = Int(tokenizer.largestID) + 1
    mapping = try tensors.mapping(tokens: ids, rows: rows)
    weights = try tensors.weights(tokens: ids)
    guard mapping != nil || rows >= ids else {
      throw .damaged(
        "the tokenizer knows more tokens than the table has rows", path: tensors.file.path,
        cause: "\(ids) tokens, \(rows) rows")
    }
    let config = try StaticConfiguration(base + layout.config)
    (normalizes, maximumTokens) = (config.normalizes, config.maximumTokens)
    fingerprint = Self.fingerprint(tensors.file, tokenizer, config)
  }

  /// One hash over all that decides a vector. The fields of the configuration that don't are left out, so a model keeps
  /// its fingerprint when it is described better.
  private static func fingerprint(
    _ tensors: MappedFile, _ tokenizer: Tokenizer, _ config: StaticConfiguration
  ) -> Digest128 {
    var digest = StreamingDigest()
    digest.update(UInt64(tensors.bytes.count))
    digest.update(tensors.bytes)
    digest.update(tokenizer.digest.high)
    digest.update(tokenizer.digest.low)
    digest.update(UInt8(config.normalizes ? 1 : 0))
    digest.update(Int64(config.maximumTokens ?? -1))
    return digest.finish()
  }
}

/// What `config.json` of a static model decides. Anything else in it is for people and for distillation.
struct StaticConfiguration {
  var normalizes: Bool
  var maximumTokens: Int?

  init(_ path: String) throws(CohortError) {
    let file = try MappedFile(path)
    var isNormalizing = false
    var limit: Int? = 512
    var fault: String?
    try JSONDocument.read(file.bytes, path: path) { root throws(CohortError) in
      guard root.isObject else { throw .damaged("the configuration is not a JSON object", path: path) }
      try root.forEachMember { key, value throws(CohortError) in
        switch String(decoding: key, as: UTF8.self) {
        case "normalize" where !value.isNull:
          if let flag = value.bool { isNormalizing = flag } else { fault = "normalize" }
        case "max_length":
          limit = value.count
          if !value.isNull, value.count ?? 0 == 0 { fault = "max_length" }
        default: break
        }
      }
    }
    (normalizes, maximumTokens) = (isNormalizing, limit)
    if let fault { throw .damaged("\"\(fault)\" has no valid value", path: path) }
  }
}

extension SafeTensors {
  /// The tensor `mapping`: a row of the table for each token.
  fileprivate func mapping(tokens: Int, rows: Int) throws(CohortError) -> [UInt32]? {
    guard let tensor = try tensor("mapping") else { return nil }
    guard tensor.shape.count == 1, tensor.shape[0] >= tokens, tensor.element == .int32 || tensor.element == .int64
    else {
      throw .damaged("the mapping does not give a row for each token", path: file.path)
    }
    let bytes = bytes(of: tensor)
    var mapping: [UInt32] = []
    mapping.reserveCapacity(tensor.shape[0])
    for index in 0..<tensor.shape[0] {
      let row =
        tensor.element == .int32
        ? Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
        : Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
      guard row >= 0, row < rows, let row = UInt32(exactly: row) else {
        throw .damaged(
          "the mapping names a row that is not there", path: file.path, cause: "token \(index), row \(row)")
      }
      mapping.append(row)
    }
    return mapping
  }

  /// The tensor `weights`: a factor for each token's row.
  fileprivate func weights(tokens: Int) throws(CohortError) -> [Float]? {
    guard let tensor = try tensor("weights") else { return nil }
    guard tensor.shape.count == 1, tensor.shape[0] >= tokens else {
      throw .damaged("the weights do not give a factor for each token", path: file.path)
    }
    let bytes = bytes(of: tensor)
    let count = tensor.shape[0]
    var weights = [Float](repeating: 0, count: count)
    switch tensor.element {
    case .float32:
      for index in 0..<count { weights[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
    case .float64:
      for index in 0..<count { weights[index] = Float(bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self)) }
    case .float16:
      for index in 0..<count {
        var half = bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
        cohort_half_to_float(&half, &weights[index], 1)
      }
    default: throw .damaged("the weights have type \(tensor.element.rawValue)", path: file.path)
    }
    guard weights.allSatisfy(\.isFinite) else {
      throw .damaged("a weight is not a finite number", path: file.path)
    }
    return weights
  }
}
