public import CCohort
internal import CohortCore
internal import CohortKernels
internal import CohortStore
internal import CohortSystem

@c(cohort_lengths)
public func readLengths(
  _ store: OpaquePointer?, _ measure: UnsafePointer<CChar>?, _ part: Int32, _ ids: UnsafePointer<UInt64>?,
  _ count: Int64, _ out: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  readColumn(store, ids, count, out, error, without: COHORT_NONE) { transaction, ids, out in
    guard let number = UInt8(exactly: part), let part = GroupingDefinition.LengthPart(rawValue: number) else {
      throw CohortError.argument("part", "\(part) is none of COHORT_PROMPT, COHORT_RESPONSE and COHORT_TOTAL")
    }
    let measure = try optionalText(measure, "measure")
    let column: Column
    if let measure, measure != SampleLengths.ownMeasure {
      column = try transaction.existingMeasure(measure).column(part)
    } else {
      column = .length(of: part)
    }
    try transaction.gather(column, ids, into: out)
  }
}

@c(cohort_assignments)
public func readAssignments(
  _ store: OpaquePointer?, _ grouping: UnsafePointer<CChar>?, _ ids: UnsafePointer<UInt64>?, _ count: Int64,
  _ out: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  readColumn(store, ids, count, out, error, without: COHORT_NONE) { transaction, ids, out in
    let grouping = try transaction.existingGrouping(try text(grouping, "grouping"))
    try transaction.gather(grouping.groupColumn, ids, into: out)
  }
}

@c(cohort_distances)
public func readDistances(
  _ store: OpaquePointer?, _ grouping: UnsafePointer<CChar>?, _ ids: UnsafePointer<UInt64>?, _ count: Int64,
  _ out: UnsafeMutablePointer<Float>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  readColumn(store, ids, count, out, error, without: .nan) { transaction, ids, out in
    let grouping = try transaction.existingGrouping(try text(grouping, "grouping"))
    let hasDistances = grouping.definition.space != nil
    try transaction.forEachRow(of: grouping.distanceColumn, ids) { index, row in
      // The sign tells of assignments that are not final.
      let bits = hasDistances ? row?.loadUnaligned(as: UInt32.self) : nil
      out[index] = bits.map { Float(bitPattern: UInt32(littleEndian: $0)).magnitude } ?? .nan
    }
    guard hasDistances else { return }
    try transaction.forEachRow(of: grouping.groupColumn, ids) { index, row in
      if row?.loadUnaligned(as: UInt32.self) ?? .max == .max { out[index] = .nan }
    }
  }
}

@c(cohort_tasks)
public func readTasks(
  _ store: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int64, _ out: UnsafeMutablePointer<UInt32>?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  readColumn(store, ids, count, out, error, without: COHORT_NONE) { transaction, ids, out in
    try transaction.gather(.task, ids, into: out)
    for index in ids.indices where out[index] == TaskID.missing.rawValue { out[index] = COHORT_NONE }
  }
}

@c(cohort_sources)
public func readSources(
  _ store: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int64, _ out: UnsafeMutablePointer<UInt32>?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  readColumn(store, ids, count, out, error, without: COHORT_NONE) { transaction, ids, out in
    try transaction.gather(.source, ids, into: out)
  }
}

@c(cohort_embeddings)
public func readEmbeddings(
  _ store: OpaquePointer?, _ space: UnsafePointer<CChar>?, _ dimension: Int64, _ ids: UnsafePointer<UInt64>?,
  _ count: Int64, _ out: UnsafeMutablePointer<Float>?, _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    let handle = try StoreHandle.at(store, "store")
    let ids = try values(ids, count, "ids")
    let name = try optionalText(space, "space")
    guard !ids.isEmpty else { return }
    let out = try given(out, "out")
    try handle.store.read { transaction in
      let space = try transaction.spaceOrDefault(name)
      guard dimension == space.dimension else {
        throw CohortError.argument("dimension", "it is \(dimension), that of the space is \(space.dimension)")
      }
      try transaction.forEachVector(of: ids, in: space) { index, vector in
        let target = out + index * space.dimension
        guard let start = vector?.baseAddress else {
          return target.update(repeating: .nan, count: space.dimension)
        }
        if space.element == .float16 {
          // Rows are aligned to 2 bytes.
          cohort_half_to_float(start.assumingMemoryBound(to: UInt16.self), target, space.dimension)
        } else {
          memcpy(target, start, space.dimension * MemoryLayout<Float>.stride)
        }
      }
    }
  }
}

@c(cohort_present)
public func readPresence(
  _ store: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int64, _ out: UnsafeMutablePointer<UInt8>?,
  _ error: UnsafeMutablePointer<cohort_error>?
) -> Int32 {
  answer(error) {
    let handle = try StoreHandle.at(store, "store")
    let ids = try values(ids, count, "ids")
    let out = try room(out, ids.count, "out")
    try handle.store.read { transaction in
      try transaction.forEachPresence(ids) { index, isPresent in out[index] = isPresent ? 1 : 0 }
    }
  }
}

/// Reads a value for each id with `body`, and puts `none` in place of those of deleted samples.
private func readColumn<Value>(
  _ store: OpaquePointer?, _ ids: UnsafePointer<UInt64>?, _ count: Int64, _ out: UnsafeMutablePointer<Value>?,
  _ error: UnsafeMutablePointer<cohort_error>?, without none: Value,
  _ body: (borrowing ReadTransaction, UnsafeBufferPointer<UInt64>, UnsafeMutableBufferPointer<Value>) throws -> Void
) -> Int32 {
  answer(error) {
    let handle = try StoreHandle.at(store, "store")
    let ids = try values(ids, count, "ids")
    let out = try room(out, ids.count, "out")
    try handle.store.read { transaction in
      try body(transaction, ids, out)
      try transaction.forEachDeleted(ids) { out[$0] = none }
    }
  }
}
