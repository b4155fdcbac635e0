package import CohortCore

extension ErrorCode {
  package static let planningDamagedPlan = ErrorCode(.planning, "damaged-plan", .corruption)
  package static let planningEmptyPopulation = ErrorCode(.planning, "empty-population", .usage)
  package static let planningForeignCursor = ErrorCode(.planning, "foreign-cursor", .usage)
  package static let planningInvalidConfiguration = ErrorCode(.planning, "invalid-configuration", .usage)
  package static let planningInvalidCursor = ErrorCode(.planning, "invalid-cursor", .usage)
  package static let planningInvalidPopulation = ErrorCode(.planning, "invalid-population", .usage)
  package static let planningInvalidSlice = ErrorCode(.planning, "invalid-slice", .usage)
  package static let planningNewerCursor = ErrorCode(.planning, "newer-cursor", .usage)
  package static let planningNewerFormat = ErrorCode(.planning, "newer-format", .failure)
  package static let planningNoSteps = ErrorCode(.planning, "no-steps", .usage)
  package static let planningNoSuchPosition = ErrorCode(.planning, "no-such-position", .notFound)
  package static let planningNoSuchStep = ErrorCode(.planning, "no-such-step", .notFound)
  package static let planningUnknownFormat = ErrorCode(.planning, "unknown-format", .failure)
  package static let planningUnresolvedPositions = ErrorCode(.planning, "unresolved-positions", .corruption)
}

extension CohortError {
  /// A setting outside what it may be.
  static func configuration(_ setting: String, _ cause: String, hint: String? = nil) -> CohortError {
    CohortError(
      .planningInvalidConfiguration, "the plan's \(setting) is not usable", place: setting, cause: cause, hint: hint)
  }

  /// A population that no snapshot can have.
  static func population(_ place: String, _ cause: String) -> CohortError {
    CohortError(.planningInvalidPopulation, "the snapshot's groups are not usable", place: place, cause: cause)
  }

  /// Plan bytes that contradict themselves.
  static func damaged(_ place: String, _ cause: String) -> CohortError {
    CohortError(
      .planningDamagedPlan, "the stored plan is damaged", place: place, cause: cause,
      hint: "Create the plan again from its snapshot; the same configuration gives the same plan")
  }
}
