internal import CohortCore
internal import CohortLMDB

/// Where records of samples lie that were packed anew: in tables of their own, which are filled in the order of the ids. LMDB
/// fills its pages only there: where a value gets shorter, or one is put between others, a third of a page stays empty.
///
/// ```
/// ids      0 ........... end ........... end ........... next sample
/// table    packed_a | packed_b           the other one   samples
///          packed as the store says      packed before   as they came in
/// ```
///
/// A packing in another way fills the table that is free, and empties the other one from its beginning.
enum PackedTables {
  private static let feature = StoreFeature(bit: 14, "packed-samples")

  /// Their records are those of `samples`, checksums included. The place of a table here is its number in the store's format.
  static let all = ["packed_a", "packed_b"].map {
    OptionalTable($0, key: .integer, number: SealPlace.Table.samples.rawValue, feature: feature)
  }

  /// What the store says of them; nothing where there are none.
  static func state(_ transaction: UnsafeTransaction, _ tables: StoreTables) throws -> PackingState {
    guard let stored = try transaction.get(tables.meta, PackingState.key) else {
      // Where it was looked for a dictionary, and nothing was packed, there is no such table.
      guard all.allSatisfy({ transaction.table($0.definition) == nil }) else {
        throw CohortError.missing("The record of how samples are packed")
      }
      return PackingState()
    }
    return try PackingState(stored)
  }
}

extension ReadTransaction {
  /// The table that has the record of a sample, if there is such a sample.
  func table(ofSample id: UInt64) throws -> Table {
    guard let segment = state.packing.segments.first(where: { id < $0.end }) else { return tables.samples }
    return try table(of: segment)
  }

  /// The tables with samples, in the order of the ids, and where each ends; nil for the last one.
  func sampleTables() throws -> [(table: Table, end: UInt64?)] {
    try state.packing.segments.map { (try table(of: $0), $0.end) } + [(tables.samples, nil)]
  }

  /// Lends a way to find records, which is quicker than single look-ups when the ids come in order.
  func withSampleCursors<R>(
    _ body: (_ find: (UInt64) throws -> UnsafeRawBufferPointer?) throws -> R
  ) throws -> R {
    let segments = state.packing.segments
    return try unsafe.withCursor(tables.samples) { fresh in
      guard let first = segments.first else { return try body { try fresh.get($0) } }
      return try unsafe.withCursor(table(of: first)) { packed in
        guard segments.count > 1 else { return try body { try ($0 < first.end ? packed : fresh).get($0) } }
        return try unsafe.withCursor(table(of: segments[1])) { older in
          try body { try ($0 < first.end ? packed : $0 < segments[1].end ? older : fresh).get($0) }
        }
      }
    }
  }

  private func table(of segment: PackingState.Segment) throws -> Table {
    let definition = PackedTables.all[segment.table].definition
    guard let table = unsafe.table(definition) else { throw CohortError.missing("Table \(definition.name)") }
    return table
  }
}
