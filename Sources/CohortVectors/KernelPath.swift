package import CohortKernels

/// Which machine-code variant of the distance kernels is used. The results are the same bits with all of them.
public enum KernelPath: Hashable, Sendable, CaseIterable {
  /// The fastest that the processor has.
  case best
  /// Portable C, without vector instructions of its own.
  case plain
  /// AVX2, x86-64 only.
  case avx2
  /// AVX-512, x86-64 only.
  case avx512

  /// The kernels' own name for it.
  package var code: cohort_path {
    switch self {
    case .best: COHORT_PATH_BEST
    case .plain: COHORT_PATH_PLAIN
    case .avx2: COHORT_PATH_AVX2
    case .avx512: COHORT_PATH_AVX512
    }
  }

  /// Whether this processor has it. One that is not there behaves as `plain`.
  public var isAvailable: Bool { cohort_path_available(code) != 0 }
}
