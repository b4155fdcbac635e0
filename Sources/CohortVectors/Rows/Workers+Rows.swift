package import CohortKernels

extension Workers {
  /// Reads the vectors of samples a block at a time, compares them with all columns, and lets `body` look at each block:
  /// it holds the rows, normalised, and `result(_:)` what was found.
  /// - Parameters:
  ///   - samples: ascending.
  ///   - blocks: one for each worker, of one capacity and the columns' dimension; not empty.
  ///   - body: called by several workers at a time, each with its own block: with the worker's number, where its block
  ///     begins in `samples`, and how many inner products the comparison took.
  /// - Throws: what `RowBlock.load` and `body` throw, for the first block that fails.
  /// - Complexity: samples x columns products, fewer where the columns have a tree; memory for one block a worker.
  package func compare(
    _ samples: [UInt64], of source: any RowSource, with columns: ColumnSet, in blocks: [RowBlock], _ path: cohort_path,
    _ body: @Sendable (_ worker: Int, _ start: Int, _ products: Int) throws -> Void
  ) throws {
    precondition(blocks.count == count, "a block for each worker")
    // A worker touches its own block only.
    nonisolated(unsafe) let blocks = blocks
    let rows = blocks[0].capacity
    try run(
      parts: (samples.count + rows - 1) / rows,
      isWorthwhile: Self.isWorthwhile(samples.count * max(columns.count, 1) * columns.dimension)
    ) { worker, part in
      let start = part * rows
      try blocks[worker].load(Array(samples[start..<min(start + rows, samples.count)]), source, path)
      try body(worker, start, blocks[worker].compare(with: columns, path))
    }
  }
}
