package import CohortCore

extension ErrorCode {
  package static let trainerBatchesEnded = ErrorCode(.trainer, "batches-ended", .failure)
  package static let trainerDiverged = ErrorCode(.trainer, "diverged", .failure)
  package static let trainerEmptyPlan = ErrorCode(.trainer, "empty-plan", .usage)
  package static let trainerForeignRun = ErrorCode(.trainer, "foreign-run", .usage)
  package static let trainerNewerFormat = ErrorCode(.trainer, "newer-format", .failure)
  package static let trainerOtherLearner = ErrorCode(.trainer, "other-learner", .usage)
  package static let trainerOtherSettings = ErrorCode(.trainer, "other-settings", .usage)
  package static let trainerOutOfOrder = ErrorCode(.trainer, "out-of-order", .failure)
  package static let trainerRunTaken = ErrorCode(.trainer, "run-taken", .failure)
  package static let trainerSetting = ErrorCode(.trainer, "setting", .usage)
  package static let trainerUnreadable = ErrorCode(.trainer, "unreadable", .corruption)
}

extension CohortError {
  /// A setting outside the range in which it means something.
  static func setting(_ name: String, _ value: some CustomStringConvertible, allowed: String) -> CohortError {
    CohortError(.trainerSetting, "\(name) cannot be \(value)", hint: "It is \(allowed)")
  }

  /// Bytes of a checkpoint or of a learner's state that are damaged or of another format.
  static func unreadable(_ what: String, cause: String) -> CohortError {
    CohortError(
      .trainerUnreadable, "\(what) cannot be read", cause: cause,
      hint: "Resume from an earlier checkpoint, or train from the beginning without --resume")
  }

  /// Bytes of a version that only a newer release knows.
  static func newerFormat(_ what: String, version: UInt16, known: UInt16) -> CohortError {
    CohortError(
      .trainerNewerFormat, "\(what) was written by a newer release",
      cause: "format version \(version), this release knows up to \(known)", hint: "Use that release, or a later one")
  }
}
