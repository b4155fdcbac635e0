internal import CohortCore
internal import CohortKernels
package import CohortVectors

/// What reads and compares the vectors of a selection: by several threads, a block at a time, with results that show nothing
/// of how many threads there were.
///
/// Guard of the unchecked conformance: a worker touches the block and the room of its own number only; progress is told by
/// the calling thread.
package final class SelectionEngine: @unchecked Sendable {
  let source: any RowSource
  let dimension: Int
  let kernelPath: KernelPath
  var path: cohort_path { kernelPath.code }
  let workers: Workers
  let blocks: [RowBlock]
  /// Bytes of vectors of one cell that a worker may hold beside its block.
  let keptBytes: Int
  private let progress: (SelectionProgress) throws -> Void

  /// - Parameters:
  ///   - dimension: of the vectors, at least 1.
  ///   - workers: ended by whoever made them.
  ///   - keptBytes: of vectors of one cell that a thread may hold; what comes out does not depend on it.
  ///   - progress: called by the calling thread between pieces of work; what it throws ends the selection.
  package init(
    source: any RowSource, dimension: Int, workers: Workers, path: KernelPath = .best, keptBytes: Int = 24 << 20,
    progress: @escaping (SelectionProgress) throws -> Void = { _ in }
  ) {
    self.source = source
    self.dimension = max(dimension, 1)
    kernelPath = path
    self.workers = workers
    self.keptBytes = keptBytes
    self.progress = progress
    let rows = RowBlock.rows(dimension: self.dimension)
    let dimension = self.dimension
    blocks = (0..<workers.count).map { _ in RowBlock(dimension: dimension, capacity: rows) }
  }

  /// An engine with the same threads and the same ears over other vectors.
  func over(_ other: any RowSource) throws -> SelectionEngine {
    SelectionEngine(
      source: other, dimension: dimension, workers: workers, path: kernelPath, keptBytes: keptBytes, progress: progress)
  }

  func tell(_ stage: String, _ done: Int, _ total: Int) throws {
    try progress(SelectionProgress(stage: stage, done: UInt64(done), total: UInt64(total)))
  }

  /// Reads the vectors of some samples a block at a time.
  /// - Parameters:
  ///   - ids: ascending.
  ///   - most: threads that may work at the same time.
  ///   - body: called with a worker's number, its block, normalised, and where that begins in `ids`.
  func scan(
    _ ids: [UInt64], stage: String, most: Int = .max,
    _ body: @Sendable (_ worker: Int, _ block: RowBlock, _ start: Int) throws -> Void
  ) throws {
    let rows = blocks[0].capacity
    let slice = 64 * max(workers.count, 1) * rows
    for first in stride(from: 0, to: ids.count, by: slice) {
      try tell(stage, first, ids.count)
      let end = min(first + slice, ids.count)
      try workers.run(
        parts: (end - first + rows - 1) / rows,
        isWorthwhile: most > 1 && Workers.isWorthwhile((end - first) * dimension * 8)
      ) { worker, part in
        let start = first + part * rows
        try self.blocks[worker].load(Array(ids[start..<min(start + rows, end)]), self.source, self.path)
        try body(worker, self.blocks[worker], start)
      }
    }
    try tell(stage, ids.count, ids.count)
  }
}

/// A table of numbers for each worker, added up or compared when all is done. Freed with the object.
///
/// Guard of the unchecked conformance: a worker touches the rows of its own number only.
final class WorkerTables<Value: Sendable>: @unchecked Sendable {
  private let values: UnsafeMutableBufferPointer<Value>
  let width: Int

  init(workers: Int, width: Int, _ value: Value) {
    self.width = width
    values = .allocate(capacity: workers * width)
    values.initialize(repeating: value)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  func table(_ worker: Int) -> UnsafeMutableBufferPointer<Value> {
    UnsafeMutableBufferPointer(rebasing: values[(worker * width)..<((worker + 1) * width)])
  }
}
