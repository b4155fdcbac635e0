internal import CohortCore
internal import CohortEmbedding
internal import CohortStore
internal import CohortVectors

/// What became of a batch of samples.
struct EncodedBatch: Sendable {
  var rows: VectorRows
  var without: [SampleID] = []
  var refused: [RefusedSample] = []
}

/// Turns samples into rows of a space.
struct BatchEncoding: Sendable {
  let store: Store
  let space: EmbeddingSpace
  let encoder: any TextEncoder

  /// - Throws: what the encoder throws; `pipeline.encoder` when it does not keep its word; `pipeline.content` at a sample
  ///   that is damaged.
  func encode(_ ids: [SampleID]) throws -> EncodedBatch {
    var batch = EncodedBatch(rows: VectorRows(for: space, capacity: ids.count))
    var texts: [(id: SampleID, text: String)] = []
    try store.read { transaction in
      for id in ids {
        // Nil: deleted in the meantime.
        let text = try transaction.withLiveSample(id) { try space.recipe.text.read(from: $0) }
        guard let text else { continue }
        if text.utf8.allSatisfy({ $0 <= 0x20 }) {
          batch.without.append(id)
        } else {
          texts.append((id, text))
        }
      }
    }
    var start = 0
    while start < texts.count {
      var end = start + 1
      var bytes = texts[start].text.utf8.count
      while end < texts.count, end - start < encoder.batching.texts,
        bytes + texts[end].text.utf8.count <= encoder.batching.bytes
      {
        bytes += texts[end].text.utf8.count
        end += 1
      }
      try call(texts[start..<end], into: &batch)
      start = end
    }
    return batch
  }

  private func call(_ texts: ArraySlice<(id: SampleID, text: String)>, into batch: inout EncodedBatch) throws {
    let outcomes = try encoder.encode(texts.map(\.text))
    guard outcomes.count == texts.count else {
      throw broken("it gave \(outcomes.count) results for \(texts.count) texts")
    }
    for ((id, _), outcome) in zip(texts, outcomes) {
      switch outcome {
      case .vector(let vector):
        guard vector.count == space.dimension else {
          throw broken("sample \(id) has a vector of \(vector.count) dimensions, and the space has \(space.dimension)")
        }
        guard vector.withUnsafeBufferPointer({ batch.rows.append($0, of: id) }) else {
          throw broken("the vector of sample \(id) is zero or not finite")
        }
      case .none: batch.without.append(id)
      case .refused(let reason): batch.refused.append(RefusedSample(id: id, reason: reason))
      }
    }
  }

  private func broken(_ cause: String) -> CohortError {
    CohortError(
      .pipelineEncoder, "The encoder of space \"\(space.name)\" does not work right", place: encoder.identity.model,
      cause: cause, hint: "What was embedded before is kept")
  }
}
