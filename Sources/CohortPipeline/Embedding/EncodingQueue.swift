internal import CohortCore
internal import CohortEmbedding
internal import CohortStore
internal import Foundation

/// Reads and encodes batches of samples on threads of its own, and gives the results in the order in which the batches
/// were added. As many calls of the encoder are under way as it asks for; a few results wait for the writer at most.
///
/// Guard of the unchecked conformance: every access to the mutable state holds `condition`.
final class EncodingQueue: @unchecked Sendable {
  typealias Outcome = Result<EncodedBatch, any Error>

  private let condition = NSCondition()
  private var waiting: [(place: Int, ids: [SampleID])] = []
  private var finished: [Int: Outcome] = [:]
  /// Batches added, and taken.
  private var added = 0
  private var taken = 0
  private var isClosed = false
  private let work: BatchEncoding
  private let limit: Int

  init(_ work: BatchEncoding, threads: Int) {
    self.work = work
    limit = 2 * threads + 2
    for _ in 0..<threads {
      let thread = Thread { [self] in run() }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// Whether another batch can be added: otherwise one must be taken first.
  var hasRoom: Bool { condition.withLock { added - taken < limit } }

  var isEmpty: Bool { condition.withLock { added == taken } }

  func add(_ ids: [SampleID]) {
    condition.withLock {
      waiting.append((added, ids))
      added += 1
      condition.broadcast()
    }
  }

  /// The next result; nil when it is not there within `seconds`.
  func take(within seconds: Double) -> Outcome? {
    let deadline = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while finished[taken] == nil { guard condition.wait(until: deadline) else { break } }
      guard let outcome = finished.removeValue(forKey: taken) else { return nil }
      taken += 1
      return outcome
    }
  }

  /// Ends the threads; what they have not begun is dropped.
  func close() {
    condition.withLock {
      isClosed = true
      waiting = []
      condition.broadcast()
    }
  }

  private func run() {
    while let next = waitForWork() {
      let outcome = Outcome { try work.encode(next.ids) }
      condition.withLock {
        finished[next.place] = outcome
        condition.broadcast()
      }
    }
  }

  private func waitForWork() -> (place: Int, ids: [SampleID])? {
    condition.withLock {
      while waiting.isEmpty && !isClosed { condition.wait() }
      return isClosed ? nil : waiting.removeFirst()
    }
  }
}

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

  /// - Throws: what the encoder throws; `pipeline.encoder` when it does not keep its word.
  func encode(_ ids: [SampleID]) throws -> EncodedBatch {
    var batch = EncodedBatch(rows: VectorRows(for: space, capacity: ids.count))
    var texts: [(id: SampleID, text: String)] = []
    try store.read { transaction in
      for id in ids {
        // Nil: deleted in the meantime.
        let text = try transaction.withSample(id) { try $0.map { try space.recipe.text.read(from: $0) } }
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

  private func broken(_ cause: String) -> PipelineError {
    PipelineError(
      code: "encoder", category: .failure, message: "The encoder of space \"\(space.name)\" does not work right",
      place: encoder.identity.model, cause: cause, hint: "What was embedded before is kept")
  }
}
