package import CohortCore

extension ErrorCode {
  package static let clusteringAnchor = ErrorCode(.clustering, "anchor", .usage)
  package static let clusteringDamagedState = ErrorCode(.clustering, "damaged-state", .corruption)
  package static let clusteringDefinition = ErrorCode(.clustering, "definition", .usage)
  package static let clusteringNoLengths = ErrorCode(.clustering, "no-lengths", .failure)
  package static let clusteringNoVectors = ErrorCode(.clustering, "no-vectors", .failure)
  package static let clusteringNotRefinable = ErrorCode(.clustering, "not-refinable", .usage)
  package static let clusteringProductSize = ErrorCode(.clustering, "product-size", .failure)
  package static let clusteringRecord = ErrorCode(.clustering, "record", .corruption)
  package static let clusteringRoundLength = ErrorCode(.clustering, "round-length", .failure)
  package static let clusteringTooManyGroups = ErrorCode(.clustering, "too-many-groups", .failure)
}

extension CohortError {
  static func definition(_ message: String, hint: String) -> CohortError {
    CohortError(.clusteringDefinition, message, hint: hint)
  }

  static func damagedState(_ message: String, place: String? = nil) -> CohortError {
    CohortError(
      .clusteringDamagedState, message, place: place,
      hint: "Run cohort verify; a grouping can be rebuilt by dropping and creating it again")
  }

  static func relabelled(_ sample: SampleID) -> CohortError {
    record("A grouping that does not divide by labels was given a change of labels", sample: sample)
  }

  static func record(_ message: String, sample: SampleID) -> CohortError {
    CohortError(.clusteringRecord, message, place: "sample \(sample)")
  }
}
