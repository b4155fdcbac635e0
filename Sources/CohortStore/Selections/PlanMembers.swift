public import CohortCore
internal import CohortLMDB

/// The samples of a plan over a selection: those of the selection, sorted by the groups that the snapshot has them in, then
/// by id. A plan's positions count them, as the positions of other plans count the snapshot's membership.
public struct PlanMembers: Hashable, Sendable {
  /// How many there are.
  public let count: UInt64
  /// XXH3-128 over (group id u32, size u64) of all groups, then over all ids (u64) in their order: as a snapshot's.
  public let digest: Digest128
  private let plan: UInt32

  static let feature = StoreFeature(bit: 13, "selection-plans")

  fileprivate init(count: UInt64, digest: Digest128, plan: UInt32) {
    (self.count, self.digest, self.plan) = (count, digest, plan)
  }

  private var pieces: SelectedPieces { SelectedPieces(tag: .plan, number: plan, count: count) }

  /// The digest that members in some groups have.
  /// - Parameters:
  ///   - groups: those with members, ascending, with the number of their members.
  ///   - ids: sorted by group and id.
  public static func digest(groups: [(id: GroupID, size: UInt64)], ids: [UInt64]) -> Digest128 {
    var digest = StreamingDigest()
    for group in groups {
      digest.update(group.id.rawValue)
      digest.update(group.size)
    }
    for id in ids { digest.update(id) }
    return digest.finish()
  }
}

extension ReadTransaction {
  /// The members of a plan over a selection; nil for a plan over a snapshot.
  /// - Throws: `store.dropped` when the plan was dropped since its record was read; `store.corrupted`.
  public func members(of plan: PlanRecord) throws -> PlanMembers? {
    guard plan.selection != nil else { return nil }
    let key = SelectedPieces(tag: .plan, number: plan.id, count: 0).key(SelectedPieces.head)
    guard let value = try value(key, of: SelectedPieces.table) else {
      guard try self.plan(plan.id) != nil else { throw CohortError.dropped("plan", plan.name) }
      throw CohortError.missing("The members of plan \(plan.name)")
    }
    return try ByteReader.decode(value) { reader in
      PlanMembers(count: try reader.varint(), digest: try reader.digest(), plan: plan.id)
    }
  }

  /// The samples at some positions of a plan's members, in the order asked for.
  /// - Throws: `store.position`; `store.dropped`; `store.corrupted`.
  public func ids(at positions: some Sequence<UInt64>, of members: PlanMembers) throws -> [SampleID] {
    try members.ids(at: positions, self)
  }

  /// The position of a sample among a plan's members; nil when they do not have it.
  /// - Complexity: O(members).
  public func position(of id: SampleID, in members: PlanMembers) throws -> UInt64? {
    try members.position(of: id, self)
  }

  /// Calls `body` with all ids of a plan's members, in order, a piece at a time.
  package func forEachPiece(of members: PlanMembers, _ body: ([SampleID]) throws -> Void) throws {
    try members.forEach(self, body)
  }
}

extension PlanMembers {
  fileprivate func ids(
    at positions: some Sequence<UInt64>, _ transaction: borrowing ReadTransaction
  ) throws -> [SampleID] {
    try pieces.ids(at: positions, transaction)
  }

  fileprivate func forEach(_ transaction: borrowing ReadTransaction, _ body: ([SampleID]) throws -> Void) throws {
    try pieces.forEach(transaction, body)
  }

  fileprivate func position(of id: SampleID, _ transaction: borrowing ReadTransaction) throws -> UInt64? {
    var (first, found): (UInt64, UInt64?) = (0, nil)
    try pieces.forEach(transaction) { ids in
      if found == nil, let index = ids.firstIndex(of: id) { found = first + UInt64(index) }
      first += UInt64(ids.count)
    }
    return found
  }

  /// Stores the members of a new plan.
  static func write(
    _ ids: [UInt64], digest: Digest128, plan: UInt32, _ transaction: borrowing WriteTransaction
  ) throws {
    let pieces = SelectedPieces(tag: .plan, number: plan, count: UInt64(ids.count))
    var writer = ByteWriter()
    writer.varint(ids.count)
    writer.digest(digest)
    try transaction.require(feature)
    try transaction.put(writer.bytes, pieces.key(SelectedPieces.head), in: SelectedPieces.table)
    try pieces.write(ids, transaction)
  }

  /// Removes the members of a plan that is dropped.
  func remove(_ transaction: borrowing WriteTransaction) throws {
    try pieces.remove(transaction)
    let table = try transaction.unsafe.make(SelectedPieces.table.definition)
    try transaction.unsafe.delete(table, pieces.key(SelectedPieces.head))
  }
}
