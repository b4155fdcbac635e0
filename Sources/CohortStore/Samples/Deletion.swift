public import CohortCore
internal import CohortLMDB

extension WriteTransaction {
  /// Deletes samples: their payload is erased, former attributes included, and their tombstone set. The same content may come again: the index of
  /// contents still leads to them, but what is deleted equals nothing. Snapshots keep their arithmetic; readers leave the hole out. Ids that are deleted already or never existed
  /// are left alone. A sample whose record is damaged can be deleted, too.
  ///
  /// The bytes are gone from the tables with the commit, but not from the file: LMDB leaves them in pages that are free
  /// until it takes them for something else. `Store.eraseRemains` overwrites those.
  ///
  /// Each id changes a few pages that are likely not its neighbours': pass at most some ten thousand in a transaction.
  /// - Returns: the ids that were deleted now, ascending.
  public func delete(_ ids: [SampleID], reason: String) throws -> [SampleID] {
    var done: [SampleID] = []
    let groupings = try reading.groupings()
    for id in Set(ids).sorted() {
      guard id.rawValue < state.counters.nextSample, try columns.uint8(Column.tombstone, row: id.rawValue) == 0 else {
        continue
      }
      try erase(id)
      try eraseFormerLabels(of: id)
      try columns.set(Column.tombstone, row: id.rawValue, UInt8(1))
      for grouping in groupings {
        let group = GroupID(try columns.uint32(grouping.groupColumn, row: id.rawValue))
        if group != .unassigned { changeSize(of: group, in: grouping.id, by: -1) }
      }
      state.counters.deleted += 1
      done.append(id)
    }
    if !done.isEmpty { try log(LogEvent.Delete(ids: done, reason: reason)) }
    return done
  }

  private func erase(_ id: SampleID) throws {
    var header = try intactHeader(id)
    header.codec = .deleted
    header.dictionary = 0
    header.contentSize = 0
    header.attributesSize = 0
    try clear(id)
    let table = try reading.table(ofSample: id.rawValue)
    try unsafe.reserve(table, id.rawValue, count: SampleRecord.headerSize) { header.seal($0, id: id.rawValue) }
  }

  /// Writes zeros of the same size over a sample's payload in its page: a shorter value alone would leave its end there.
  func clear(_ id: SampleID) throws {
    let table = try reading.table(ofSample: id.rawValue)
    guard let size = try unsafe.get(table, id.rawValue)?.count else { return }
    try unsafe.reserve(table, id.rawValue, count: size) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
  }

  /// The header of a sample; what the columns know of it when its record is damaged.
  private func intactHeader(_ id: SampleID) throws -> SampleRecord {
    if let stored = try unsafe.get(reading.table(ofSample: id.rawValue), id.rawValue),
      let header = try? SampleRecord.open(stored, id: id.rawValue).header
    {
      return header
    }
    return SampleRecord(
      codec: .deleted, dictionary: 0, source: SourceID(try columns.uint32(Column.source, row: id.rawValue)),
      task: TaskID(try columns.uint32(Column.task, row: id.rawValue)), contentSize: 0, attributesSize: 0, line: 0)
  }
}
