internal import CohortSystem
package import CohortCore

extension ErrorCode {
  package static let ingestionColumnsTooLong = ErrorCode(.ingestion, "columns-too-long", .failure)
  package static let ingestionDamagedInput = ErrorCode(.ingestion, "damaged-input", .failure)
  package static let ingestionDecompressedSize = ErrorCode(.ingestion, "decompressed-size", .failure)
  package static let ingestionDecompressionRatio = ErrorCode(.ingestion, "decompression-ratio", .failure)
  package static let ingestionEmptySource = ErrorCode(.ingestion, "empty-source", .usage)
  package static let ingestionEmptyTask = ErrorCode(.ingestion, "empty-task", .usage)
  package static let ingestionForeignFormat = ErrorCode(.ingestion, "foreign-format", .usage)
  package static let ingestionGitLFSPointer = ErrorCode(.ingestion, "git-lfs-pointer", .failure)
  package static let ingestionHTMLPage = ErrorCode(.ingestion, "html-page", .failure)
  package static let ingestionInputOutput = ErrorCode(.ingestion, "input-output", .failure)
  package static let ingestionInvalidAttribute = ErrorCode(.ingestion, "invalid-attribute", .usage)
  package static let ingestionInvalidHeader = ErrorCode(.ingestion, "invalid-header", .failure)
  package static let ingestionInvalidMap = ErrorCode(.ingestion, "invalid-map", .usage)
  package static let ingestionAmbiguousLayout = ErrorCode(.ingestion, "ambiguous-layout", .usage)
  package static let ingestionInvalidLayout = ErrorCode(.ingestion, "invalid-layout", .usage)
  package static let ingestionInvalidRole = ErrorCode(.ingestion, "invalid-role", .usage)
  package static let ingestionInvalidOptions = ErrorCode(.ingestion, "invalid-options", .usage)
  package static let ingestionInvalidVectors = ErrorCode(.ingestion, "invalid-vectors", .failure)
  package static let ingestionLayoutMismatch = ErrorCode(.ingestion, "layout-mismatch", .usage)
  package static let ingestionLengthFieldUnused = ErrorCode(.ingestion, "length-field-unused", .usage)
  package static let ingestionLinkedSize = ErrorCode(.ingestion, "linked-size", .failure)
  package static let ingestionNoLengthField = ErrorCode(.ingestion, "no-length-field", .usage)
  package static let ingestionNoMemory = ErrorCode(.ingestion, "no-memory", .temporary)
  package static let ingestionNoRecords = ErrorCode(.ingestion, "no-records", .failure)
  package static let ingestionNoResponseField = ErrorCode(.ingestion, "no-response-field", .usage)
  package static let ingestionNoTokenizer = ErrorCode(.ingestion, "no-tokenizer", .usage)
  package static let ingestionNotAFile = ErrorCode(.ingestion, "not-a-file", .usage)
  package static let ingestionNoSplit = ErrorCode(.ingestion, "no-split", .usage)
  package static let ingestionNotATable = ErrorCode(.ingestion, "not-a-table", .failure)
  package static let ingestionTooFewVectors = ErrorCode(.ingestion, "too-few-vectors", .usage)
  package static let ingestionUnknownFormat = ErrorCode(.ingestion, "unknown-format", .failure)
  package static let ingestionUnknownLayout = ErrorCode(.ingestion, "unknown-layout", .usage)
  package static let ingestionUnknownLayoutName = ErrorCode(.ingestion, "unknown-layout-name", .usage)
  package static let ingestionWrongDimension = ErrorCode(.ingestion, "wrong-dimension", .usage)
  package static let ingestionZstdWindow = ErrorCode(.ingestion, "zstd-window", .failure)
}

extension CohortError {
  static func usage(_ code: ErrorCode, _ message: String, place: String? = nil, hint: String? = nil) -> CohortError {
    CohortError(code, message, place: place, hint: hint)
  }

  static func system(_ message: String, path: String, _ reason: Errno) -> CohortError {
    CohortError(
      .ingestionInputOutput, category: reason.number == ENOENT ? .notFound : .failure, message, place: path,
      cause: reason.text)
  }

  static func damaged(_ what: String, path: String, cause: String? = nil, hint: String? = nil) -> CohortError {
    CohortError(.ingestionDamagedInput, "\(what) is damaged", place: path, cause: cause, hint: hint)
  }

  static let noMemory = CohortError(.ingestionNoMemory, "there is not enough memory to parse the input")
}
