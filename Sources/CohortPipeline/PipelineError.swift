public import CohortCore
internal import Foundation

/// What went wrong in a job.
public struct PipelineError: DescribedError {
  public var code: String
  public var category: ErrorCategory
  public var message: String
  public var place: String?
  public var cause: String?
  public var hint: String?

  public init(
    code: String, category: ErrorCategory, message: String, place: String? = nil, cause: String? = nil,
    hint: String? = nil
  ) {
    self.code = "pipeline.\(code)"
    self.category = category
    self.message = message
    self.place = place
    self.cause = cause
    self.hint = hint
  }
}

extension PipelineError {
  /// A file that cannot be copied into the store: `pipeline.disk-full`, which may pass, where there is no room.
  /// - Parameter error: what `Foundation` or the system said.
  static func copying(_ what: String, _ error: any Error, code: String, place: String) -> PipelineError {
    guard isFull(error as NSError) else {
      return PipelineError(
        code: code, category: .failure, message: "\(what) cannot be copied into the store", place: place,
        cause: error.localizedDescription)
    }
    return PipelineError(
      code: "disk-full", category: .temporary, message: "\(what) cannot be copied into the store", place: place,
      cause: "The disk is full", hint: "Free some space and run the same command again")
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
