internal import CohortCore
internal import CohortClustering
internal import CohortStore

/// Keeps a product of two groupings in step with them. Its groups are a function of theirs and of nothing else, so it is
/// computed anew when one of them changed, and what differs is committed in one transaction.
final class ProductFollower: Follower {
  private let store: Store
  private var record: GroupingRecord
  private(set) var digest: UInt64
  var name: String { record.name }

  init(_ store: Store, _ record: GroupingRecord) throws {
    self.store = store
    self.record = record
    digest = try Self.digest(of: record)
  }

  private static func digest(of record: GroupingRecord) throws -> UInt64 {
    record.engineState.isEmpty ? 0 : try ProductState(decoding: record.engineState).digest
  }

  /// Follows the factors as they are; to bring them up to date is the caller's.
  func update(_ control: JobControl) throws -> GroupingUpdate {
    while true {
      do {
        record = try store.read { try $0.stored(record) }
        digest = try Self.digest(of: record)
        return try follow(control)
      } catch let error as CohortError {
        guard try store.hasMoved(record, because: error) else { throw error }
      }
    }
  }

  private func follow(_ control: JobControl) throws -> GroupingUpdate {
    var update = GroupingUpdate(grouping: record.name)
    guard let (computed, next) = try store.read({ try compute($0) }) else {
      update.groups = try store.read { try $0.groups(of: record.id).count { $0.isOpen } }
      return update
    }
    try control.checkpoint()
    let commit = RoundCommit(
      assignments: computed.assignments, groups: computed.groups, engineState: computed.state.encoded, applied: next,
      isProvisional: false, events: computed.events.map(\.encoded), digest: computed.state.digest)
    record = try store.commit(commit, to: record, control)
    digest = computed.state.digest
    update.rounds = 1
    update.assigned = UInt64(computed.assignments.count { $0.group != .unassigned })
    update.changes = update.assigned
    update.splits = computed.events.count { $0.kind == .split }
    update.merges = computed.events.count { $0.kind == .merged }
    update.republished = computed.events.count { $0.kind == .republished }
    update.groups = computed.openGroups
    update.provisional = computed.provisional
    control.report(
      JobProgress(stage: record.name, done: update.assigned, total: update.assigned, unit: "samples"))
    return update
  }

  /// Nil when neither factor changed since the product was computed last.
  private func compute(
    _ transaction: borrowing ReadTransaction
  ) throws -> (ProductComputation, next: FeedPosition)? {
    record = try transaction.stored(record)
    let (first, second, _) = try transaction.factors(of: record)
    let stamp = try transaction.stamp(of: record)
    if !record.engineState.isEmpty, try ProductState(decoding: record.engineState).stamp == stamp { return nil }
    return (try ProductComputation(record, transaction), min(first.provisional, second.provisional))
  }
}

extension ReadTransaction {
  /// Of everything that a product is computed from, as it is now.
  func stamp(of product: GroupingRecord) throws -> ProductState.Stamp {
    let (first, second, _) = try factors(of: product)
    return ProductState.Stamp(first: first.stamp, second: second.stamp, deleted: try counters.deleted)
  }
}
