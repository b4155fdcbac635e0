internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample delete`: takes samples out for good.
public struct SampleDeleteAction: RecordAction {
  public static let name = "sample delete"
  public var access: ActionAccess { isDryRun ? .reads : .updates }
  /// The samples to delete.
  public var selection: SampleSelection
  /// Why the samples are deleted; the log keeps it for ever.
  public var reason: String
  /// Says what would be deleted, and deletes nothing.
  public var isDryRun: Bool
  /// Also overwrites what the file still holds of deleted samples.
  public var erases: Bool

  public init(_ selection: SampleSelection, reason: String, isDryRun: Bool = false, erases: Bool = false) {
    self.selection = selection
    self.reason = reason
    self.isDryRun = isDryRun
    self.erases = erases
  }

  /// Looks the samples up, and changes nothing: a shell can ask before it goes on with `run(on:_:_:)`.
  /// - Throws: what `SampleSelection.find` throws.
  public func find(in store: Store, _ control: JobControl) throws -> SampleSelection.Found {
    try selection.find(in: store, control, verb: "delete")
  }

  /// Deletes the samples from the store; groupings follow at the next update.
  /// - Throws: what `find` throws: then nothing is deleted.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try run(on: store, control, find(in: store, control))
  }

  /// Deletes what `find` found.
  public func run(on store: Store, _ control: JobControl, _ found: SampleSelection.Found) throws -> PlainReport {
    let deleted =
      isDryRun
      ? found.ids : try DeletionJob.run(store, found.ids, reason: reason, filter: selection.filter, control: control)
    var remains: ErasedRemains?
    var notes: [String] = []
    if erases, !isDryRun {
      remains = try store.eraseRemains()
      // It may hold words of what was deleted, earlier deletions included.
      if let trouble = SearchUpkeep.erase(store, control) { notes.append(trouble) }
    }
    var record: ReportRecord = [
      "deleted": .count(deleted.count), "already_deleted": .count(found.gone), "dry_run": .boolean(isDryRun),
    ]
    switch selection {
    case .ids: record.append("ids", .list(deleted.map { .id($0) }))
    // The log keeps the ids; here they could be millions.
    case .filter: if found.ids.isEmpty { notes.append("No sample fulfils all conditions: nothing to delete") }
    }
    if let remains {
      record.append("erased_pages", .count(remains.pages))
      record.append("pages_in_use", .count(remains.inUse))
    }
    return PlainReport(record, notes: notes)
  }
}
