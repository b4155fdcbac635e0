public import CohortCore
public import CohortPipeline
public import CohortStore

/// `sample delete`: takes samples out for good.
public struct SampleDeleteAction: RecordAction {
  /// Which samples.
  public enum Selection: Hashable, Sendable {
    /// Half-open ranges of ids. Those that were deleted before are counted, and left alone.
    case ids([Range<UInt64>])
    /// All that a filter finds.
    case filter(SampleFilter)
  }

  /// What a selection stands for in one state of the store.
  public struct Found: Sendable {
    /// The samples to delete, ascending.
    public var ids: [SampleID]
    /// Those that were named and are deleted already.
    public var gone: Int
  }

  public static let name = "sample delete"
  public var access: ActionAccess { isDryRun ? .reads : .writes }
  /// The samples to delete.
  public var selection: Selection
  /// Why the samples are deleted; the log keeps it for ever.
  public var reason: String
  /// Says what would be deleted, and deletes nothing.
  public var isDryRun: Bool
  /// Also overwrites what the file still holds of deleted samples.
  public var erases: Bool

  public init(_ selection: Selection, reason: String, isDryRun: Bool = false, erases: Bool = false) {
    self.selection = selection
    self.reason = reason
    self.isDryRun = isDryRun
    self.erases = erases
  }

  /// Looks the samples up, and changes nothing: a shell can ask before it goes on with `run(on:_:_:)`.
  /// - Throws: `cli.unknown-sample` for an id that does not exist; what `SampleFilter.ids` throws; `cli.usage` for a filter
  ///   without a condition, which would mean the whole store.
  public func find(in store: Store, _ control: JobControl) throws -> Found {
    switch selection {
    case .ids(let ranges):
      return try store.read { transaction in
        let next = try transaction.counters.nextSample
        var ids: Set<SampleID> = []
        var gone = 0
        for number in ranges.joined() {
          let id = SampleID(number)
          guard id.rawValue < next else { throw try CohortError.noSample(id, transaction) }
          if try transaction.isDeleted(id) { gone += 1 } else { ids.insert(id) }
        }
        return Found(ids: ids.sorted(), gone: gone)
      }
    case .filter(let filter):
      guard !filter.isEmpty else {
        throw CohortError.usage(
          "Nothing says which samples to delete", hint: "Name their ids, or give --source, --task, --where or --group")
      }
      return Found(ids: try store.read { try filter.ids(in: $0, control: control) }, gone: 0)
    }
  }

  /// Deletes the samples from the store; groupings follow at the next update.
  /// - Throws: what `find` throws: then nothing is deleted.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try run(on: store, control, find(in: store, control))
  }

  /// Deletes what `find` found.
  public func run(on store: Store, _ control: JobControl, _ found: Found) throws -> PlainReport {
    let deleted = isDryRun ? found.ids : try DeletionJob.run(store, found.ids, reason: reason, control: control)
    let remains = erases && !isDryRun ? try store.eraseRemains() : nil
    var record: ReportRecord = [
      "deleted": .count(deleted.count), "already_deleted": .count(found.gone), "dry_run": .boolean(isDryRun),
    ]
    var notes: [String] = []
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
