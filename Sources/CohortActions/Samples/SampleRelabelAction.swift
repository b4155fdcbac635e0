internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample relabel`: corrects task and attributes of samples that are there.
public struct SampleRelabelAction: RecordAction {
  public static let name = "sample relabel"
  public var access: ActionAccess { isDryRun ? .reads : .updates }
  /// The samples to correct.
  public var selection: SampleSelection
  /// What their labels are to be.
  public var correction: RelabelJob.Correction
  /// Why; the log keeps it for ever.
  public var reason: String
  /// Says how many would change, and changes nothing.
  public var isDryRun: Bool

  public init(
    _ selection: SampleSelection, _ correction: RelabelJob.Correction, reason: String, isDryRun: Bool = false
  ) {
    self.selection = selection
    self.correction = correction
    self.reason = reason
    self.isDryRun = isDryRun
  }

  /// Looks the samples up, and changes nothing: a shell can ask before it goes on with `run(on:_:_:)`.
  /// - Throws: what `SampleSelection.find` throws.
  public func find(in store: Store, _ control: JobControl) throws -> SampleSelection.Found {
    try selection.find(in: store, control, verb: "relabel")
  }

  /// Corrects the samples; groupings by task and attribute follow at the next update.
  /// - Throws: what `find` throws; `store.name` for a task that cannot be called so: then nothing is changed.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try run(on: store, control, find(in: store, control))
  }

  /// Corrects what `find` found.
  public func run(on store: Store, _ control: JobControl, _ found: SampleSelection.Found) throws -> PlainReport {
    guard !correction.isEmpty else {
      throw CohortError.usage("Nothing says what to change", hint: "Give --to-task, --no-task or --set KEY=JSON")
    }
    if case .named("") = correction.task { throw CohortError.usage("The task's name is empty") }
    let changed =
      isDryRun
      ? try RelabelJob.count(store, found.ids, correction, control: control)
      : try RelabelJob.run(
        store, found.ids, correction, reason: reason, filter: selection.filter, control: control)
    var notes: [String] = []
    if case .filter = selection, found.ids.isEmpty {
      notes.append("No sample fulfils all conditions: nothing to relabel")
    }
    return PlainReport(
      [
        "relabelled": .count(changed), "unchanged": .count(found.ids.count - changed), "deleted": .count(found.gone),
        "dry_run": .boolean(isDryRun),
      ], notes: notes)
  }
}
