internal import CohortLMDB
public import CohortCore

extension ErrorCode {
  package static let storeBusy = ErrorCode(.store, "busy", .temporary)
  package static let storePacking = ErrorCode(.store, "packing", .temporary)
  package static let storeCorrupted = ErrorCode(
    .store, "corrupted", .corruption, hint: "Run cohort verify for all damaged places, and restore the last backup")
  package static let storeDefaultSpace = ErrorCode(.store, "default-space", .usage)
  package static let storeDimension = ErrorCode(.store, "dimension", .usage)
  package static let storeDoor = ErrorCode(.store, "door", .failure)
  package static let storeDropped = ErrorCode(.store, "dropped", .notFound)
  package static let storeExists = ErrorCode(.store, "exists", .usage)
  package static let storeFolder = ErrorCode(.store, "folder", .failure)
  package static let storeGeneration = ErrorCode(.store, "generation", .failure)
  package static let storeGroupingInUse = ErrorCode(.store, "grouping-in-use", .usage)
  package static let storeGroupingMoved = ErrorCode(
    .store, "grouping-moved", .temporary, hint: "Run the same command again")
  package static let storeLengthMeasureInUse = ErrorCode(.store, "length-measure-in-use", .usage)
  package static let storeLengthUnit = ErrorCode(.store, "length-unit", .usage)
  package static let storeLockFailed = ErrorCode(.store, "lock-failed", .failure)
  package static let storeLockReplaced = ErrorCode(
    .store, "lock-replaced", .temporary, hint: "Run the same command again; leave the files of a store in use alone")
  package static let storeMapMoved = ErrorCode(.store, "map-moved", .temporary, hint: "Run the same command again")
  package static let storeMeasureOrder = ErrorCode(.store, "measure-order", .failure)
  package static let storeName = ErrorCode(.store, "name", .usage)
  package static let storeNewerFormat = ErrorCode(.store, "newer-format", .failure)
  package static let storeNoGroup = ErrorCode(.store, "no-group", .failure)
  package static let storeNoStore = ErrorCode(.store, "no-store", .notFound)
  package static let storeNotAFolder = ErrorCode(.store, "not-a-folder", .usage)
  package static let storeNotEmpty = ErrorCode(.store, "not-empty", .usage)
  package static let storeNotWritable = ErrorCode(.store, "not-writable", .failure)
  package static let storeOwned = ErrorCode(.store, "owned", .temporary)
  package static let storeOwnerGone = ErrorCode(.store, "owner-gone", .unreachable)
  package static let storeOwnerSilent = ErrorCode(.store, "owner-silent", .unreachable)
  package static let storePlanInUse = ErrorCode(.store, "plan-in-use", .usage)
  package static let storePosition = ErrorCode(.store, "position", .usage)
  package static let storeQuery = ErrorCode(.store, "query", .usage)
  package static let storeReadOnly = ErrorCode(.store, "read-only", .usage)
  package static let storeReadingEnded = ErrorCode(.store, "reading-ended", .failure)
  package static let storeSampleTooLarge = ErrorCode(.store, "sample-too-large", .usage)
  package static let storeSelectionInUse = ErrorCode(.store, "selection-in-use", .usage)
  package static let storeSnapshotInUse = ErrorCode(.store, "snapshot-in-use", .usage)
  package static let storeSnapshotLost = ErrorCode(
    .store, "snapshot-lost", .temporary, hint: "Run the same command again")
  package static let storeSnapshotWithoutGrouping = ErrorCode(.store, "snapshot-without-grouping", .usage)
  package static let storeSourceTerms = ErrorCode(.store, "source-terms", .usage)
  package static let storeSpaceInUse = ErrorCode(.store, "space-in-use", .usage)
  package static let storeStopping = ErrorCode(.store, "stopping", .temporary)
  package static let storeTurnOverdue = ErrorCode(.store, "turn-overdue", .temporary)
  package static let storeUnknownFeature = ErrorCode(.store, "unknown-feature", .failure)
  package static let storeUnknownSample = ErrorCode(.store, "unknown-sample", .failure)
}

extension ErrorCode {
  /// What says that there is no room on the store's disk.
  public static let storeNoRoom: Set<ErrorCode> = [.lmdbDiskFull]
  /// What goes away when the store is closed and opened again.
  public static let storeReopen: Set<ErrorCode> = [.lmdbPanic, .lmdbIo]
  /// What says that the path of the store does not lead to the files that are open: they were deleted, moved or replaced.
  public static let storeTakenAway: Set<ErrorCode> = [.lmdbReplaced, .storeLockReplaced]
}

extension CohortError {
  /// Bytes that do not match their checksum or their layout.
  static func corrupted(_ what: String, cause: String) -> CohortError {
    CohortError(.storeCorrupted, "\(what) is damaged", cause: cause)
  }

  /// What work that spans several transactions stands on was there when the work began, and was dropped since.
  /// - Parameter kind: in words, as `snapshot`.
  package static func dropped(_ kind: String, _ name: String) -> CohortError {
    CohortError(
      .storeDropped, "The \(kind) \"\(name)\" was dropped meanwhile", place: "\(kind) \(name)",
      hint: "Begin anew with one that is there")
  }

  /// A value that must be there.
  static func missing(_ what: String) -> CohortError { corrupted(what, cause: "it is missing") }

  /// A name that nothing in the store has, with the closest one that something has.
  /// - Parameters:
  ///   - kind: what was looked for, with hyphens: `embedding-space`.
  ///   - known: the names that there are.
  public static func unknown(_ kind: String, _ name: String, known: [String]) -> CohortError {
    let hint: String
    if let close = Suggestion.closest(to: name, among: known) {
      hint = "Did you mean '\(close)'?"
    } else if known.isEmpty {
      hint = "The store has no \(words(kind)) yet"
    } else {
      let shown = known.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
      hint = "There are: \(shown)\(known.count > 10 ? " and \(known.count - 10) more" : "")"
    }
    return CohortError(
      ErrorCode(.store, "unknown-\(kind)", .notFound), "There is no \(words(kind)) named '\(name)'", hint: hint)
  }

  static func snapshotWithoutGrouping(_ name: String) -> CohortError {
    CohortError(
      .storeSnapshotWithoutGrouping, "Snapshot \"\(name)\" has no grouping, and does not know its samples",
      hint: "Create another one with a grouping")
  }

  /// No space is named, and the store has none or several.
  static func noDefaultSpace(known: [String]) -> CohortError {
    CohortError(
      ErrorCode(.store, "unknown-embedding-space", .notFound),
      known.isEmpty ? "The store has no embedding space" : "None of the store's embedding spaces is the default",
      hint: known.isEmpty
        ? "'cohort embed' makes one, with a vector for each sample"
        : "Name one of \(known.prefix(10).map { "'\($0)'" }.joined(separator: ", "))")
  }

  /// An id that no sample has or had.
  /// - Parameter count: how many samples the store ever had.
  public static func unknownSample(_ id: UInt64, of count: UInt64) -> CohortError {
    CohortError(
      .storeUnknownSample, category: .notFound, "There is no sample \(id)",
      hint: count == 0 ? "The store has no samples yet" : "Samples have the ids 0 to \(count - 1)")
  }

  static func sampleTooLarge(_ bytes: Int, place: String) -> CohortError {
    CohortError(
      .storeSampleTooLarge, "A sample has \(bytes) bytes; at most \(Int32.max) are possible", place: place,
      hint: "Cut it into several samples")
  }

  static func exists(_ kind: String, _ name: String) -> CohortError {
    let isVowel = kind.first.map { "aeiou".contains($0) } ?? false
    return CohortError(
      ErrorCode(.store, "\(kind)-exists", .usage, hint: "Choose another name, or drop the old one first"),
      "There is already \(isVowel ? "an" : "a") \(words(kind)) named \"\(name)\"")
  }

  /// A kind of thing as people say it: codes have hyphens.
  private static func words(_ kind: String) -> String { String(kind.map { $0 == "-" ? " " : $0 }) }
}
