internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `compact`: packs samples tighter, and gives free pages back to the disk.
public struct CompactAction: RecordAction {
  public static let name = "compact"
  public var access: ActionAccess { .packs }
  /// The words for how payloads are stored.
  public static let codecs = ["zstd", "plain"]

  /// How payloads are stored afterwards.
  public var packing: PayloadPacking

  /// - Parameters:
  ///   - codec: one of `codecs`.
  ///   - level: zstd's, as `PayloadPacking.levels`; nil for the standard.
  /// - Throws: `cli.argument` for a level that zstd does not have, and for one where nothing is compressed.
  public init(codec: String = "zstd", level: Int? = nil) throws {
    guard codec != "plain" else {
      guard level == nil else {
        throw CohortError.argument(
          "level", "A level says how tight to compress, and plain payloads are not compressed",
          hint: "Leave out the level, or the codec")
      }
      packing = .plain
      return
    }
    guard codec == "zstd" else {
      throw CohortError.argument("codec", "There is no codec '\(codec)'", hint: "Take zstd or plain")
    }
    guard let level else {
      packing = .standard
      return
    }
    guard let exact = Int32(exactly: level), PayloadPacking.levels.contains(exact) else {
      let levels = PayloadPacking.levels
      throw CohortError.argument(
        "level", "There is no level \(level)",
        hint: "Take one from \(levels.lowerBound) (quickest) to \(levels.upperBound) (smallest)")
    }
    packing = .zstd(level: exact)
  }

  /// Packs what is not packed so yet.
  /// - Throws: what `CompactionJob.run` throws; what was packed before stays packed, and the next run goes on there.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let done = try CompactionJob.run(store, packing, control: control)
    var notes: [String] = []
    if let trouble = SearchUpkeep.erase(store, control) { notes.append(trouble) }
    if done.pagesInUse > 0 {
      notes.append(
        "\(done.pagesInUse) free pages are still seen by readers of an older state: run it again when they are done")
    }
    return PlainReport(
      [
        "samples": .count(done.samples), "repacked": .count(done.repacked),
        "payload_bytes_before": .count(done.bytesBefore), "payload_bytes": .count(done.bytesAfter),
        "new_dictionary": .boolean(done.hasNewDictionary), "freed_pages": .count(done.freedPages),
        "pages_in_use": .count(done.pagesInUse),
        "disk_bytes_before": done.diskBytesBefore.map { .count($0) } ?? .null,
        "disk_bytes": done.diskBytesAfter.map { .count($0) } ?? .null,
      ], notes: notes)
  }
}
