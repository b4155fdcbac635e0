internal import CohortCore
internal import CohortPlanning
internal import CohortReading
internal import CohortStore

extension StoreBatches {
  /// One step's share, in one read transaction. Everything read is checked against its checksum.
  /// - Complexity: that of the step, and one look-up for each sample.
  func batch(at cursor: Cursor) throws -> TrainingBatch {
    let step = try plan.step(at: cursor)
    var batch = TrainingBatch(epoch: step.epoch, step: step.step, group: step.group, samples: [], parts: [])
    var counts = [Int](repeating: 0, count: share.accumulation)
    batch.missing = try pinned.visit(step, share: share) { part, sample in
      batch.samples.append(try TrainingSample(sample))
      counts[part] += 1
    }
    var start = 0
    for count in counts {
      batch.parts.append(start..<(start + count))
      start += count
    }
    return batch
  }
}

extension TrainingSample {
  /// Takes prompt and response out of a stored sample.
  /// - Throws: `reading.unreadable-sample` for content that does not follow its layout.
  init(_ sample: SampleView) throws {
    self = try sample.withParts { view in
      TrainingSample(
        id: sample.id, prompt: SampleContent.PartsView.joined(view.prompt),
        response: view.response.map { [UInt8]($0.text) } ?? [])
    }
  }
}
