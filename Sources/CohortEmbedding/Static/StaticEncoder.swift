public import CohortCore
package import CohortKernels

/// The built-in encoder: a text's vector is the mean of its tokens' rows in a table (Model2Vec; Tulkens and van Dongen,
/// 2024). No network, and about as fast as the text can be read.
///
/// Agrees with model2vec 0.9 in Python: the text is cut to 512 times the median token length in Unicode scalars and
/// tokenized without special tokens; unknown tokens are dropped and the first 512 kept; each token's row, times its
/// weight if there are weights, counts equally; the mean is scaled to length 1 if the model's configuration says so.
/// (model2vec 0.10 keeps 512 tokens first and drops the unknown ones among them then.)
///
/// Vectors are the same bits whatever the processor, the thread and the other texts of a call.
public final class StaticEncoder: TextEncoder {
  public let identity: EncoderIdentity
  public let batching: EncoderBatching

  /// The model's tokenizer.
  public var tokenizer: Tokenizer { model.tokenizer }

  private let model: StaticModel
  private let mostScalars: Int
  private let mostTokens: Int
  private let path: cohort_path

  /// Loads a model's folder: `config.json`, `model.safetensors` and `tokenizer.json`, or one of the layouts of
  /// sentence-transformers. The table stays in its file and is read as it is needed.
  /// - Parameters:
  ///   - name: what the model is called; by default, what the folder is called.
  ///   - concurrency: how many calls the caller should have under way. Each runs on its caller's thread.
  /// - Throws: `embedding.no-model-folder`, `embedding.no-model`, `embedding.unreadable`, `embedding.damaged-model`;
  ///   `embedding.unsupported-model`, `embedding.unsupported-tokenizer` for kinds that are not known.
  public convenience init(folder: String, name: String? = nil, concurrency: Int = 1) throws(CohortError) {
    try self.init(folder: folder, name: name, concurrency: concurrency, path: COHORT_PATH_BEST)
  }

  /// With a machine-code variant, for tests.
  package init(folder: String, name: String?, concurrency: Int, path: cohort_path) throws(CohortError) {
    model = try StaticModel(folder: folder)
    self.path = path
    identity = EncoderIdentity(
      provider: "builtin", model: name ?? folder.split(separator: "/").last.map(String.init) ?? folder,
      fingerprint: model.fingerprint.description, dimension: model.dimension)
    batching = EncoderBatching(texts: 1024, bytes: 1 << 22, concurrency: max(1, concurrency))
    mostTokens = model.maximumTokens ?? .max
    let product = mostTokens.multipliedReportingOverflow(by: model.tokenizer.medianTokenLength)
    mostScalars = product.overflow ? .max : product.partialValue
  }

  public func encode(_ texts: [String]) throws -> [EncodedText] {
    try tokenizer.withScratch { scratch -> [EncodedText] in
      var weights = UnsafeGrowingBuffer<Float>()
      var encoded: [EncodedText] = []
      encoded.reserveCapacity(texts.count)
      for var text in texts {
        let vector = text.withUTF8 { self.vector(of: $0, scratch: scratch, weights: &weights) }
        guard vector.allSatisfy(\.isFinite) else { throw damagedTable }
        encoded.append(vector.isEmpty ? .none : .vector(vector))
      }
      return encoded
    }
  }

  /// Empty for a text without known tokens, or whose rows are all zero.
  private func vector(
    of text: UTF8Text, scratch: TokenizerScratch, weights: inout UnsafeGrowingBuffer<Float>
  ) -> [Float] {
    tokenizer.encode(text.part(0..<text.length(ofScalars: mostScalars)), scratch: scratch)
    weights.removeAll()
    // In place: what is kept of the ids becomes the rows.
    var kept = 0
    let unknown = tokenizer.unknownID
    for index in 0..<scratch.ids.count where kept < mostTokens {
      let id = scratch.ids[index]
      if id == unknown { continue }
      if let factors = model.weights { weights.append(factors[Int(id)]) }
      scratch.ids[kept] = model.mapping.map { $0[Int(id)] } ?? id
      kept += 1
    }
    guard kept > 0 else { return [] }
    var isPresent: UInt8 = 1
    let vector = [Float](unsafeUninitializedCapacity: model.dimension) { buffer, count in
      guard let out = buffer.baseAddress else { return }
      let factors = model.weights == nil ? nil : UnsafePointer(weights.start)
      cohort_sum_rows(
        path, model.element, model.table.bytes(of: model.embeddings).baseAddress, scratch.ids.start, factors, kept,
        model.dimension, out)
      let size = Float(kept)
      for index in 0..<model.dimension { out[index] /= size }
      if model.normalizes {
        cohort_normalize(path, COHORT_SUM_IN_LANES, out, 1, model.dimension, &isPresent)
      } else if cohort_sum_of_squares(out, model.dimension) == 0 {
        isPresent = 0
      }
      count = model.dimension
    }
    return isPresent == 0 ? [] : vector
  }

  private var damagedTable: CohortError {
    CohortError(
      .embeddingDamagedModel, "a row of the table holds a value that is not finite", place: model.table.file.path,
      hint: "Fetch the model's files again")
  }
}
