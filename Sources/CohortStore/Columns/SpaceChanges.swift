internal import CohortCore
internal import CohortLMDB

/// The value of `meta["spaces"]`, which is there once a space was dropped or made the default:
///
/// ```
/// u64 checksum | u8 0, or u8 1 and u32 default space | u32 dropped spaces | varint n | n x u32 column
/// ```
struct SpaceChanges: Equatable {
  static let key = [UInt8]("spaces".utf8)
  private static let place = SealPlace(.meta, key)

  /// The space that is taken where none is named, if somebody said so.
  var chosen: SpaceID?
  /// How many spaces were dropped.
  var dropped: UInt32 = 0
  /// Columns of dropped spaces whose chunks are not all removed yet. Nothing else leads to them.
  var columns: [UInt32] = []

  init() {}

  /// What the store has; nothing where it has no such value.
  init(in transaction: UnsafeTransaction, _ tables: StoreTables) throws {
    guard let stored = try transaction.get(tables.meta, Self.key) else { return }
    self = try SpaceChanges(stored)
  }

  init(_ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, Self.place, "The record of changes of the embedding spaces") { reader in
      var changes = SpaceChanges()
      let flag: UInt8 = try reader.fixed()
      guard flag < 2 else { throw CohortError.invalid("whether there is a default space", at: reader.offset - 1) }
      if flag == 1 { changes.chosen = SpaceID(try reader.fixed()) }
      changes.dropped = try reader.fixed()
      for _ in 0..<(try reader.count(unit: 4)) { changes.columns.append(try reader.fixed()) }
      return changes
    }
  }

  func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(UInt8(chosen == nil ? 0 : 1))
    if let chosen { writer.fixed(chosen.rawValue) }
    writer.fixed(dropped)
    writer.varint(columns.count)
    for column in columns { writer.fixed(column) }
    return Sealed.seal(writer.bytes, Self.place)
  }
}

extension ReadTransaction {
  /// The space that was made the default; nil when none was.
  /// - Throws: `store.corrupted`.
  public func chosenSpace() throws -> EmbeddingSpace? {
    guard let id = try SpaceChanges(in: unsafe, tables).chosen else { return nil }
    guard let space = try space(id) else { throw CohortError.missing("The default embedding space") }
    return space
  }

  /// The default, which is taken where no space is named: the one that was made it, else the only one of the store. Nil
  /// where there is none, and where none of several was chosen.
  /// - Throws: `store.corrupted`.
  public func defaultSpace() throws -> EmbeddingSpace? {
    if let chosen = try chosenSpace() { return chosen }
    let spaces = try spaces()
    return spaces.count == 1 ? spaces[0] : nil
  }

  /// The groupings that look at vectors of a space, in the order of their ids.
  public func groupings(of space: EmbeddingSpace) throws -> [GroupingRecord] {
    try groupings().filter { $0.definition.space == space.name }
  }

  /// Whether columns of dropped spaces still wait for `WriteTransaction.freeDroppedColumns`.
  public func hasDroppedColumns() throws -> Bool { try !SpaceChanges(in: unsafe, tables).columns.isEmpty }
}

extension WriteTransaction {
  /// Makes a space the one that is taken where none is named. Nothing happens where it is that already.
  /// - Throws: `store.unknown-embedding-space`.
  public func makeDefault(space name: String) throws {
    let space = try existingSpace(name)
    var changes = try SpaceChanges(in: unsafe, tables)
    guard changes.chosen != space.id else { return }
    changes.chosen = space.id
    try put(changes)
    try log(LogEvent.SpaceMadeDefault(id: space.id, name: name))
  }

  /// Forgets an embedding space. Its vectors are out of reach with this transaction, and removed by
  /// `freeDroppedColumns`. Readers of an older state keep what they see; the id is never given again.
  /// - Throws: `store.unknown-embedding-space`; `store.space-in-use` while groupings look at it; `store.default-space`
  ///   for the one that was made the default.
  public func dropSpace(named name: String) throws {
    let space = try existingSpace(name)
    let groupings = try reading.groupings(of: space)
    guard groupings.isEmpty else {
      throw CohortError(
        .storeSpaceInUse,
        "Embedding space \"\(name)\" belongs to groupings: \(groupings.map(\.name).joined(separator: ", "))",
        hint: "Drop the groupings first: cohort grouping drop NAME")
    }
    var changes = try SpaceChanges(in: unsafe, tables)
    guard changes.chosen != space.id else {
      throw CohortError(
        .storeDefaultSpace, "Embedding space \"\(name)\" was made the default",
        hint: "Make another space the default first: cohort space default NAME")
    }
    changes.columns += [space.vectors.number, space.states.number]
    changes.dropped += 1
    try put(changes)
    try remove(space)
    try log(LogEvent.SpaceDropped(id: space.id, name: name))
  }

  /// Removes chunks of dropped spaces.
  /// - Parameter limit: at most so many in this transaction.
  /// - Returns: how many were removed; fewer than `limit` when nothing is left.
  public func freeDroppedColumns(limit: Int) throws -> Int {
    var changes = try SpaceChanges(in: unsafe, tables)
    var removed = 0
    while let column = changes.columns.first {
      var keys: [UInt64] = []
      try unsafe.walk(tables.columns, from: UInt64(column) << 32) { key, _ in
        guard key >> 32 == UInt64(column), removed + keys.count < limit else { return false }
        keys.append(key)
        return true
      }
      for key in keys { try unsafe.delete(tables.columns, key) }
      removed += keys.count
      guard removed < limit else { return removed }
      changes.columns.removeFirst()
      try put(changes)
    }
    return removed
  }

  private func existingSpace(_ name: String) throws -> EmbeddingSpace {
    let space = try reading.existingSpace(name)
    return space
  }

  private func put(_ changes: SpaceChanges) throws {
    try require(StoreFormat.spaceChanges)
    try changes.encode().withUnsafeBytes { try unsafe.put(tables.meta, SpaceChanges.key, $0) }
  }
}
