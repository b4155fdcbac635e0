internal import CohortCore
internal import CohortPlanning
internal import CohortStore

extension StoreBatches {
  /// One step's share, in one read transaction. Everything read is checked against its checksum.
  /// - Complexity: that of the step, and one look-up for each sample.
  func batch(at cursor: Cursor) throws -> TrainingBatch {
    let step = try plan.step(at: cursor)
    var positions: [UInt64] = []
    var bounds: [Int] = [0]
    for micro in 0..<share.accumulation {
      let range = try step.slice(
        rank: share.rank, world: share.world, accumulation: share.accumulation, micro: micro)
      positions += step.positions[range]
      bounds.append(positions.count)
    }
    return try store.read { transaction in
      let ids = try transaction.ids(at: positions, of: grouping.id, in: snapshot)
      var batch = TrainingBatch(epoch: step.epoch, step: step.step, group: step.group, samples: [], parts: [])
      batch.samples.reserveCapacity(ids.count)
      for (from, to) in zip(bounds, bounds.dropFirst()) {
        let start = batch.samples.count
        for id in ids[from..<to] {
          if let sample = try Self.sample(id, transaction) {
            batch.samples.append(sample)
          } else {
            batch.missing += 1
          }
        }
        batch.parts.append(start..<batch.samples.count)
      }
      return batch
    }
  }

  /// Nil when the sample was deleted.
  private static func sample(_ id: SampleID, _ transaction: borrowing ReadTransaction) throws -> TrainingSample? {
    let sample = try transaction.withSample(id) { view in
      try view.map { try TrainingSample(id: id, content: $0.content) }
    }
    if sample == nil, try !transaction.isDeleted(id) {
      throw CohortError(
        .trainerMissingSample, "a sample of the snapshot is gone without having been deleted", place: "sample \(id)",
        hint: "Run cohort verify for all damaged places, and restore the last backup")
    }
    return sample
  }
}

extension TrainingSample {
  /// Takes prompt and response out of a sample's canonical messages.
  /// - Throws: `trainer.unreadable-sample` for content that does not follow its layout.
  init(id: SampleID, content: UnsafeRawBufferPointer) throws {
    var text: [UInt8] = []
    text.reserveCapacity(content.count)
    // Where the text before the latest assistant message ends, and where that message is.
    var latest: (promptEnd: Int, response: Range<Int>)?
    var isFirst = true
    do {
      try SampleContent.visit(content) { role, _, message in
        let end = text.count
        if !isFirst { text.append(UInt8(ascii: "\n")) }
        isFirst = false
        let start = text.count
        text.append(contentsOf: message)
        if role == .assistant { latest = (end, start..<text.count) }
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError(
        .trainerUnreadableSample, "a sample cannot be read", place: "sample \(id)", cause: error.description,
        hint: "Run cohort verify for all damaged places, and restore the last backup")
    }
    guard let latest else {
      self.init(id: id, prompt: text, response: [])
      return
    }
    self.init(id: id, prompt: Array(text[..<latest.promptEnd]), response: Array(text[latest.response]))
  }
}
