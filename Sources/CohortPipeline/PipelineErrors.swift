package import CohortCore
internal import CohortSystem
internal import Foundation

extension ErrorCode {
  package static let pipelineAnchors = ErrorCode(.pipeline, "anchors", .usage)
  package static let pipelineAttributes = ErrorCode(.pipeline, "attributes", .corruption)
  package static let pipelineCondition = ErrorCode(.pipeline, "condition", .usage)
  package static let pipelineContent = ErrorCode(.pipeline, "content", .corruption)
  package static let pipelineDatasetInfo = ErrorCode(.pipeline, "dataset-info", .failure)
  package static let pipelineDimension = ErrorCode(.pipeline, "dimension", .usage)
  package static let pipelineDiskFull = ErrorCode(.pipeline, "disk-full", .temporary)
  package static let pipelineEmptyQuery = ErrorCode(.pipeline, "empty-query", .usage)
  package static let pipelineEncoder = ErrorCode(.pipeline, "encoder", .failure)
  package static let pipelineExport = ErrorCode(.pipeline, "export", .failure)
  package static let pipelineIncompleteStore = ErrorCode(.pipeline, "incomplete-store", .corruption)
  package static let pipelineInterrupted = ErrorCode(.pipeline, "interrupted", .interrupted)
  package static let pipelineMapRules = ErrorCode(.pipeline, "map-rules", .usage)
  package static let pipelineModelCopy = ErrorCode(.pipeline, "model-copy", .failure)
  package static let pipelineModelExists = ErrorCode(.pipeline, "model-exists", .usage)
  package static let pipelineModelName = ErrorCode(.pipeline, "model-name", .usage)
  package static let pipelineNoAnchors = ErrorCode(.pipeline, "no-anchors", .usage)
  package static let pipelineNoFactor = ErrorCode(.pipeline, "no-factor", .corruption)
  package static let pipelineNoFeed = ErrorCode(.pipeline, "no-feed", .failure)
  package static let pipelineNoGroupings = ErrorCode(.pipeline, "no-groupings", .usage)
  package static let pipelineNoLengths = ErrorCode(.pipeline, "no-lengths", .failure)
  package static let pipelineNoModel = ErrorCode(.pipeline, "no-model", .notFound)
  package static let pipelineNoProduct = ErrorCode(.pipeline, "no-product", .failure)
  package static let pipelineNoSpace = ErrorCode(.pipeline, "no-space", .notFound)
  package static let pipelineNoTokenizer = ErrorCode(.pipeline, "no-tokenizer", .notFound)
  package static let pipelineNoLabelUpdates = ErrorCode(.pipeline, "no-label-updates", .usage)
  package static let pipelineNoVector = ErrorCode(.pipeline, "no-vector", .notFound)
  package static let pipelineNotByEmbedding = ErrorCode(.pipeline, "not-by-embedding", .usage)
  package static let pipelineNotInSnapshot = ErrorCode(.pipeline, "not-in-snapshot", .notFound)
  package static let pipelineNotMeasured = ErrorCode(.pipeline, "not-measured", .usage)
  package static let pipelineOtherModel = ErrorCode(.pipeline, "other-model", .usage)
  package static let pipelineOtherTokenizer = ErrorCode(.pipeline, "other-tokenizer", .corruption)
  package static let pipelineProduct = ErrorCode(.pipeline, "product", .usage)
  package static let pipelineRows = ErrorCode(.pipeline, "rows", .usage)
  package static let pipelineSeveralSpaces = ErrorCode(.pipeline, "several-spaces", .usage)
  package static let pipelineSimilarity = ErrorCode(.pipeline, "similarity", .usage)
  package static let pipelineSnapshotExists = ErrorCode(.pipeline, "snapshot-exists", .usage)
  package static let pipelineUnknownGroup = ErrorCode(.pipeline, "unknown-group", .notFound)
}

extension CohortError {
  static func unknownGroup(_ group: GroupID, of grouping: String) -> CohortError {
    CohortError(
      .pipelineUnknownGroup, "Grouping \"\(grouping)\" has no group \(group)",
      hint: "See cohort group list --grouping \(grouping)")
  }

  /// A file that cannot be copied into the store: `pipeline.disk-full`, which may pass, where there is no room.
  /// - Parameter error: what `Foundation` or the system said.
  static func copying(_ what: String, _ error: any Error, code: ErrorCode, place: String) -> CohortError {
    guard (error as? Errno)?.isNoRoom ?? isFull(error as NSError) else {
      return CohortError(
        code, category: .failure, "\(what) cannot be copied into the store", place: place,
        cause: (error as? Errno)?.text ?? error.localizedDescription)
    }
    return CohortError(
      .pipelineDiskFull, "\(what) cannot be copied into the store", place: place, cause: "The disk is full",
      hint: "Free some space and run the same command again")
  }

  /// Labels are corrected by duplicates, and none are looked for.
  static let noLabelUpdates = CohortError(
    .pipelineNoLabelUpdates, "Labels cannot be updated where nothing counts as a duplicate",
    hint: "Add --dedupe source or --dedupe store")

  /// A file that cannot be written where the user asked for it: no fault of anybody where the disk is full.
  static func writing(_ message: String, _ error: any Error, place: String) -> CohortError {
    let isNoRoom = (error as? Errno)?.isNoRoom ?? isFull(error as NSError)
    return CohortError(
      .pipelineExport, category: isNoRoom ? .temporary : .failure, message, place: place,
      cause: isNoRoom ? "The disk is full" : (error as? Errno)?.text ?? error.localizedDescription,
      hint: isNoRoom ? "Free some space and run the same command again" : nil)
  }

  /// Whether an error, or one below it, says that a file cannot grow; EFBIG is a limit on its size (`ulimit -f`).
  private static func isFull(_ error: NSError) -> Bool {
    switch error.domain {
    case NSPOSIXErrorDomain: if [ENOSPC, EDQUOT, EFBIG].contains(Int32(error.code)) { return true }
    case NSCocoaErrorDomain: if error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue { return true }
    default: break
    }
    guard let cause = error.userInfo[NSUnderlyingErrorKey] as? any Error else { return false }
    return isFull(cause as NSError)
  }
}
