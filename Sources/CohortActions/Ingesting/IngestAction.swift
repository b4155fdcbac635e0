public import CohortCore
internal import CohortIngestion
public import CohortPipeline
public import CohortStore

/// `ingest`: pours files, folders or standard input into a store.
public struct IngestAction: RecordAction {
  public static let name = "ingest"
  public var access: ActionAccess { request.isDryRun ? .reads : .writes }
  /// Which inputs, under which source, and how they are read; a dry run needs no right to write.
  public var request: IngestRequest

  public init(_ request: IngestRequest) { self.request = request }

  /// Takes in the inputs of the request one after the other, committing as it goes.
  /// - Throws: what ended the ingestion before anything of it was stored. Whatever ends it later is in the report.
  public func run(on store: Store, _ control: JobControl) throws -> IngestOutcomeReport {
    var report = IngestReport()
    do {
      try IngestJob.run(store, request, control: control, into: &report)
    } catch let error as CohortError where !request.isDryRun && report.records > 0 {
      let scope = request.dedupe ?? store.configuration.dedupe
      return IngestOutcomeReport(report: report, ending: report.explain(error, dedupe: scope))
    }
    return IngestOutcomeReport(report: report)
  }
}

/// What an ingestion did, and what ended it.
public struct IngestOutcomeReport: RecordReport {
  /// What was taken in, refused and embedded, in total and by source.
  public let report: IngestReport
  /// An error of the whole, when a part of it was stored already.
  var ending: CohortError?

  public var record: ReportRecord { report.record }
  public var summary: ReportRecord { report.summary }
  public var isPartial: Bool { report.quarantined > 0 }
  public var failure: CohortError? { ending ?? report.failures.first?.error }

  public var notes: [String] {
    var notes = report.notes.map(\.description)
    if let differing = report.differingNote { notes.append(differing) }
    notes += report.failures.dropFirst(ending == nil ? 1 : 0).map(\.error.description)
    if failure == nil, report.quarantined > 0 {
      notes.append(
        "\(report.quarantined) records are in quarantine: cohort sql \"SELECT * FROM quarantine\" shows why")
    }
    return notes
  }
}

extension IngestReport {
  /// An error that ended the ingestion when a part of it was stored already: what is true of that part, and how to go on.
  func explain(_ error: CohortError, dedupe: DedupeScope) -> CohortError {
    let what = error.category == .interrupted ? "Interrupted" : error.message
    var explained = CohortError(
      error.code, category: error.category, "\(what); what was taken in before (\(inserted) new samples) stays",
      place: error.place, cause: error.cause, hint: error.hint)
    guard error.category == .temporary || error.category == .interrupted else { return explained }
    let before = ErrorCode.storeNoRoom.contains(error.code) ? "Free some space. " : ""
    explained.hint =
      dedupe == .none
      ? "\(before)The first \(records) records are done; without a look for duplicates, the same command would take "
        + "them in again"
      : "\(before)Run the same command again to go on: it knows what it has taken in"
    return explained
  }

  /// Says of duplicates that are not in everything what is stored, and how to make use of them; nil where there are none,
  /// and where use was made of them.
  var differingNote: String? {
    guard updated == nil, duplicatesDiffering + duplicatesRelabelled > 0 else { return nil }
    var differences: [String] = []
    if duplicatesRelabelled > 0 { differences.append("\(duplicatesRelabelled) came with another task") }
    if duplicatesDiffering > 0 { differences.append("\(duplicatesDiffering) with other attributes") }
    return "Of the duplicates, \(differences.joined(separator: " and ")) than what is stored, which stays as it is: "
      + "--update-labels corrects the stored samples, and --identity KEY makes records with another KEY samples of their own"
  }

  /// What people want to know.
  public var summary: ReportRecord {
    var record: ReportRecord = ["inserted": .count(inserted), "duplicates": .count(duplicates)]
    if duplicatesDiffering > 0 { record.append("  duplicates_differing", .count(duplicatesDiffering)) }
    if duplicatesRelabelled > 0 { record.append("  duplicates_relabelled", .count(duplicatesRelabelled)) }
    if let updated { record.append("updated", .count(updated)) }
    record.append("quarantined", .count(quarantined))
    for reason in reasons.sorted(by: { $0.key < $1.key }) { record.append("  \(reason.key)", .count(reason.value)) }
    record.append("records", .count(records))
    record.append("sources", .count(sources.count))
    if embedded > 0 || withoutVector > 0 {
      record.append("embedded", .count(embedded))
      record.append("without_vector", .count(withoutVector))
    }
    if isDryRun { record.append("dry_run", true) }
    for (source, preview) in previews { preview.summarize(source: source, into: &record) }
    return record
  }

  /// All counts, for programs: totals first, then reasons, sources, notes and failures.
  public var record: ReportRecord {
    var record: ReportRecord = [
      "inserted": .count(inserted), "duplicates": .count(duplicates), "quarantined": .count(quarantined),
      "duplicates_differing": .count(duplicatesDiffering), "duplicates_relabelled": .count(duplicatesRelabelled),
      "updated": .count(updated ?? 0), "newly_quarantined": .count(newlyQuarantined), "records": .count(records),
      "embedded": .count(embedded),
      "without_vector": .count(withoutVector), "input_bytes": .count(inputBytes), "dry_run": .boolean(isDryRun),
      "reasons": .record(
        ReportRecord(reasons.sorted { $0.key < $1.key }.map { (name: $0.key, value: .count($0.value)) })),
      "sources": .list(
        sources.map { source in
          .record([
            "source": .text(source.name), "path": .text(source.path), "layout": .optional(source.layout),
            // Other keys than those of the totals: a script that looks for "inserted" finds it once.
            "new": .count(source.inserted), "known": .count(source.duplicates), "refused": .count(source.quarantined),
          ])
        }),
      "notes": .list(notes.map { .text($0.description) }),
      "failures": .list(
        failures.map { failure in
          .record([
            "code": .text(failure.error.code.name), "message": .text(failure.error.message),
            "place": .optional(failure.error.place), "cause": .optional(failure.error.cause),
          ])
        }),
    ]
    if isDryRun {
      record.append("preview", .list(previews.map { .record($0.record.report(source: $0.source)) }))
    }
    return record
  }
}

extension RecordPreview {
  /// The record for programs.
  func report(source: String) -> ReportRecord {
    [
      "source": .text(source), "line": .count(line), "refused": .optional(refusal), "task": .optional(task),
      "fields": .list(
        fields.map {
          .record(["key": .text($0.key), "becomes": .text($0.becomes), "value": .text($0.value)])
        }),
      "messages": .list(
        turns.map {
          .record([
            "role": .text($0.role), "part": .optional($0.part), "text": .text($0.text),
            "extra": $0.extra.isEmpty ? .null : .encoded(Array($0.extra.utf8)),
          ])
        }),
    ]
  }

  /// The record for people: a line a field, then a line a message.
  func summarize(source: String, into record: inout ReportRecord) {
    record.append("\(source), record \(line)", .text(refusal.map { "refused: \($0)" } ?? ""))
    for field in fields {
      record.append("  \(field.key.isEmpty ? "(the record)" : field.key)", .text("\(field.becomes): \(field.value)"))
    }
    if let task { record.append("  = task", .text(task)) }
    for turn in turns {
      let part = turn.part.map { " (\($0))" } ?? ""
      record.append("  = \(turn.role)\(part)", .text(turn.text + (turn.extra.isEmpty ? "" : " " + turn.extra)))
    }
  }
}
