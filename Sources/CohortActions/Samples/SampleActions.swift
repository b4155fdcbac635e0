internal import CohortCore
internal import CohortStore

extension CohortError {
  static func noSample(_ id: SampleID, _ transaction: borrowing ReadTransaction) throws -> CohortError {
    let next = try transaction.counters.nextSample
    guard id.rawValue >= next else {
      return CohortError(
        .cliUnknownSample, "Sample \(id) was deleted", hint: "'cohort log --kind delete' tells when, and why")
    }
    return CohortError(
      .cliUnknownSample, "There is no sample \(id)",
      hint: next == 0 ? "The store is empty" : "Ids go from 0 to \(next - 1)")
  }
}
