internal import CohortLMDB
internal import CohortCore

extension Verification {
  /// Every chunk is sound, belongs to a column that is there, and no column lacks or has too many rows.
  func checkColumns(_ transaction: borrowing ReadTransaction) {
    var known: [UInt32: Column] = [:]
    for column in Column.fixed { known[column.number] = column }
    let spaces = collect("embedding spaces") { try transaction.spaces() } ?? []
    let groupings = collect("groupings") { try transaction.groupings() } ?? []
    let measures = collect("length measures") { try transaction.measures() } ?? []
    for column in measures.flatMap(\.columns) { known[column.number] = column }
    for space in spaces {
      known[space.vectors.number] = space.vectors
      known[space.states.number] = space.states
    }
    // Columns whose rows are not samples.
    var materials: Set<UInt32> = []
    for grouping in groupings {
      for column in grouping.columns { known[column.number] = column }
      if grouping.definition.criterion.hasMaterial { materials.insert(grouping.materialColumn.number) }
    }
    // What is still to be freed of dropped spaces.
    let dropped = Set(collect("meta") { try SpaceChanges(in: unsafe, tables).columns } ?? [])
    // Of the column that the walk is in: the chunk that must come next, if any.
    var current: (column: Column, next: UInt64)?
    var seen: Set<UInt32> = []
    forEach(tables.columns) { (key: UInt64, value: UnsafeRawBufferPointer) in
      let (number, chunk) = (UInt32(key >> 32), key & 0xffff_ffff)
      guard let column = known[number] else {
        if dropped.contains(number) { return }
        problem("chunk \(chunk) of column \(number)", "there is no such column")
        return
      }
      if current?.column.number != number {
        finish(current)
        current = (column, 0)
        seen.insert(number)
      }
      expectChunks(column, from: current?.next ?? 0, before: chunk)
      current?.next = chunk + 1
      let rows = try ColumnChunk(value, of: column, chunk: chunk, settledRows: state.settledRows)
      expect(
        rows.firstRow + UInt64(rows.count) <= counters.nextSample || materials.contains(number),
        "chunk \(chunk) of column \(number)",
        "it has rows of samples that are not there")
      checkValues(rows)
    }
    finish(current)
    for column in known.values.sorted(by: { $0.number < $1.number }) where !seen.contains(column.number) {
      expectChunks(column, from: 0, before: .max)
    }
    for space in spaces { checkVectors(of: space, transaction) }
    for measure in measures { checkLengths(by: measure, transaction) }
  }

  private func finish(_ current: (column: Column, next: UInt64)?) {
    if let current { expectChunks(current.column, from: current.next, before: .max) }
  }

  private func expectChunks(_ column: Column, from first: UInt64, before end: UInt64) {
    var next = first
    while let chunk = column.requiredChunk(from: next, settledRows: state.settledRows), chunk < end {
      problem("chunk \(chunk) of column \(column.number)", "it is missing")
      next = chunk + 1
    }
  }

  private func checkValues(_ chunk: ColumnChunk) {
    switch chunk.column.element {
    case .float32:
      for index in 0..<(chunk.data.count / 4) where !chunk.float32(index).isFinite {
        problem("sample \(row(index, of: chunk))", "column \(chunk.column.number) has a number that is not finite")
      }
    case .float16:
      for index in 0..<(chunk.data.count / 2) {
        let bits = UInt16(littleEndian: chunk.data.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        if bits & 0x7c00 == 0x7c00 {
          problem("sample \(row(index, of: chunk))", "column \(chunk.column.number) has a number that is not finite")
        }
      }
    case .uint8, .uint32: break
    }
  }

  private func row(_ element: Int, of chunk: ColumnChunk) -> UInt64 {
    chunk.firstRow + UInt64(element / chunk.column.elementsPerRow)
  }

  /// Samples are measured as far as the log says, all of them but those that were deleted before.
  private func checkLengths(by measure: LengthMeasure, _ transaction: borrowing ReadTransaction) {
    let place = "length measure \"\(measure.name)\""
    let logged = history.measures[measure.id] ?? (0, 0)
    expect(
      measure.rows == logged.end, place, "it goes to sample \(measure.rows), and in the log to sample \(logged.end)")
    var measured: UInt64 = 0
    for (index, column) in measure.columns.enumerated() {
      collect(place) {
        try transaction.forEachChunk(column) { chunk in
          for row in 0..<chunk.count {
            let id = chunk.firstRow + UInt64(row)
            guard chunk.uint32(row) == LengthMeasure.unmeasured else {
              if index == 0 { measured += 1 }
              continue
            }
            self.expect(self.deleted.contains(id), "sample \(id)", "it has no length by \(place)")
          }
          return true
        }
      }
    }
    expect(
      measured == logged.samples, place, "\(measured) samples are measured, and the log tells of \(logged.samples)")
  }

  /// Samples with a vector have a row in the vector column, and are as many as the log gave one.
  private func checkVectors(of space: EmbeddingSpace, _ transaction: borrowing ReadTransaction) {
    var present: UInt64 = 0
    let place = "embedding space \"\(space.name)\""
    collect(place) {
      let vectors = space.vectors
      var chunk: (number: UInt64, rows: Int)?
      try transaction.forEachChunk(space.states) { states in
        for index in 0..<states.count {
          let id = states.firstRow + UInt64(index)
          guard let state = VectorState(rawValue: states.uint8(index)) else {
            self.problem("sample \(id)", "its vector state in \(place) is \(states.uint8(index))")
            continue
          }
          guard state == .present else { continue }
          present += 1
          let number = id / UInt64(vectors.rowsPerChunk)
          if chunk?.number != number { chunk = (number, try transaction.withChunk(vectors, of: id) { $0?.count ?? 0 }) }
          self.expect(
            Int(id % UInt64(vectors.rowsPerChunk)) < chunk?.rows ?? 0, "sample \(id)",
            "its vector in \(place) is missing")
        }
        return true
      }
    }
    let logged = history.vectors[space.id] ?? 0
    expect(present == logged, place, "\(present) samples have a vector, and the log tells of \(logged)")
  }
}
