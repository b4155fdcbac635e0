internal import CohortSystem
public import CohortPlanning

/// The batches of a plan one after the other, read ahead on an operating-system thread of the stream's own.
///
/// Errors come in their place: a batch that cannot be read throws after all batches before it were given. The thread
/// ends with the last batch, with an error, or with the stream.
public final class BatchStream: BatchReading {
  private var reader: Reader
  private let ahead: OrderedQueue<TrainingBatch>?
  private var isOver = false

  /// The batches from the step that `cursor` names to the last one before epoch `end`.
  /// - Throws: `planning.foreign-cursor`, `trainer.no-thread`.
  public init(_ source: StoreBatches, from cursor: Cursor, untilEpoch end: UInt64) throws {
    let reader = Reader(
      source: source, steps: Steps(plan: source.plan, cursor: try cursor.validate(against: source.plan), end: end))
    self.reader = reader
    var steps = reader.steps
    ahead =
      source.prefetch == 0
      ? nil
      : try OrderedQueue(threads: 1, limit: source.prefetch, fetch: { try steps.next() }) { try source.batch(at: $0) }
  }

  /// The next batch; nil after the last one, and after an error.
  public func next() throws -> TrainingBatch? {
    guard !isOver else { return nil }
    do {
      if let batch = try ahead.map({ try $0.take() }) ?? reader.next() { return batch }
    } catch {
      isOver = true
      throw error
    }
    isOver = true
    return nil
  }

  /// Reads one batch after the other.
  private struct Reader {
    let source: StoreBatches
    var steps: Steps

    mutating func next() throws -> TrainingBatch? { try steps.next().map { try source.batch(at: $0) } }
  }

  /// The cursors of the steps to come.
  private struct Steps {
    let plan: Plan
    var cursor: Cursor
    let end: UInt64

    mutating func next() throws -> Cursor? {
      guard cursor.epoch < end, plan.stepsPerEpoch > 0 else { return nil }
      let step = cursor
      cursor = try cursor.advanced(in: plan)
      return step
    }
  }
}
