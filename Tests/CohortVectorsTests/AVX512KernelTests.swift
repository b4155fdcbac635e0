import CohortKernels
import Testing

/// What the tests of the kernels ask of one variant after the other, asked of the one that many processors lack: there it
/// would be the plain one again, and say nothing.
@Suite(.enabled(if: cohort_path_available(COHORT_PATH_AVX512) != 0, "this processor has no AVX-512"))
struct AVX512KernelTests {
  private static let path = COHORT_PATH_AVX512.rawValue

  @Test func scoresOfHalvesStayWithinTheirError() {
    KernelTests().everyHalfSurvivesTheWayThroughFloats(path: Self.path)
    KernelTests().floatsAreRoundedToTheNearestHalf(path: Self.path)
    KernelTests().halvesAreReadAsTheyAreConvertedAndNormalised(path: Self.path)
    HalfScoreTests().scoresOfHalvesStayWithinTheirError(path: Self.path)
  }

  @Test(arguments: [COHORT_SUM_IN_LANES, COHORT_SUM_IN_ORDER].map(\.rawValue))
  func rowsAreNormalisedToTheSameBits(order: UInt32) {
    NormalisationTests().rowsAreTheSameBitsOnEveryPath(path: Self.path, order: order)
  }

  @Test func boundsHold() {
    SparingTests().noRowWithinABoundIsNearerToAnother(path: Self.path)
    SparingTests().theLengthOfRowsSaysMoreThanTheTriangle(path: Self.path)
  }
}
