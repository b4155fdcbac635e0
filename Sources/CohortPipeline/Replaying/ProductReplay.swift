internal import CohortCore
internal import CohortStore

/// The same for a product: it is computed from its factors, which have replays of their own.
enum ProductReplay {
  static func run(_ product: GroupingRecord, _ transaction: borrowing ReadTransaction) throws -> ReplayReport {
    var report = ReplayReport(grouping: product.name)
    guard !product.engineState.isEmpty else { return report }
    do {
      let last = try lastRound(of: product, transaction, &report)
      let stored = try ProductState(decoding: product.engineState)
      report.digest = stored.digest
      guard try transaction.stamp(of: product) == stored.stamp else {
        report.obstacle = "its factors changed since it was updated last; run cohort update"
        return report
      }
      let computed = try ProductComputation(product, transaction)
      report.samples = try transaction.counters.nextSample
      report.groups = try transaction.groups(of: product.id).count
      report.digest = computed.state.digest
      let digest = computed.state.digest.hexadecimal
      let what: String?
      if computed.state.digest != last.digest {
        what = "the digest of the cells is \(digest), and the log has \(last.digest.hexadecimal)"
      } else if computed.state.digest != stored.digest {
        what = "the digest of the cells is \(digest), and its state has \(stored.digest.hexadecimal)"
      } else if let wrong = computed.assignments.first {
        what = "sample \(wrong.id) belongs into group \(wrong.group) by its factors, and is not there"
      } else if let wrong = computed.groups.first {
        what = "group \(wrong.id) is not what its factors make it"
      } else {
        what = nil
      }
      report.difference = what.map {
        ReplayReport.Difference(sequence: last.sequence, position: stored.updates, what: $0)
      }
    } catch let error as CohortError {
      guard error.category == .corruption else { throw error }
      report.difference = ReplayReport.Difference(sequence: product.created, position: 0, what: "\(error)")
    }
    return report
  }

  private static func lastRound(
    of product: GroupingRecord, _ transaction: borrowing ReadTransaction, _ report: inout ReplayReport
  ) throws -> (sequence: LogSequence, digest: UInt64) {
    var last = (sequence: product.created, digest: UInt64(0))
    var rounds = 0
    try transaction.forEachRound(of: product.id, from: product.created) { entry, round in
      last = (entry.sequence, round.state)
      rounds += 1
      return true
    }
    report.rounds = rounds
    return last
  }
}
