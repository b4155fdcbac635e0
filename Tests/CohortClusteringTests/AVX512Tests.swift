import CohortClustering
import CohortVectors
import Testing

extension KernelPath {
  /// The variants that this processor has, but AVX-512: `AVX512Tests` tries that, or says that it skips it.
  static let common = [KernelPath.plain, .avx2].filter(\.isAvailable)
}

/// What other tests ask of one variant after the other, asked of the one that many processors lack: there it would be the
/// plain one again, and say nothing.
@Suite(.enabled(if: KernelPath.avx512.isAvailable, "this processor has no AVX-512"))
struct AVX512Tests {
  @Test(arguments: [1, 2, 3, 7])
  func anyNumberOfWorkersGivesTheSameState(workers: Int) throws {
    try WorkerTests().theStateDoesNotDependOnTheNumberOfWorkers(workers: workers, path: .avx512)
  }

  @Test(arguments: [1, 3])
  func treesOfCentroidsFindTheSame(workers: Int) throws {
    try CentroidTreeTests().theStateDoesNotDependOnWorkersOrProcessor(workers: workers, path: .avx512)
  }

  @Test func groupsAreTheSame() throws { try EmbeddingGroupsTests().theStateDoesNotDependOnTheProcessor(path: .avx512) }

  @Test func passesAreTheSame() throws {
    try EmbeddingRefinementTests().passesAreAFunctionOfTheStateAlone(path: .avx512)
  }

  @Test(arguments: [33, 2_000])
  func balancedGroupsAreTheSame(batch: Int) throws {
    try BalanceTests().theStateDoesNotDependOnHowRecordsArrive(path: .avx512, batch: batch)
  }

  @Test(arguments: [90, 4_400])
  func guardsAreTheSame(batch: Int) throws {
    try GuardTests().whatTheGuardDoesIsAFunctionOfTheRecords(path: .avx512, batch: batch)
  }
}
