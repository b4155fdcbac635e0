public import CohortCore
public import CohortIngestion
public import CohortStore

/// Corrects the labels of many samples in one way, in parts that are each a transaction.
public enum RelabelJob {
  /// What the labels are to be.
  public struct Correction: Sendable {
    /// What becomes of the task.
    public var task = LabelChange.TaskLabel.kept
    /// Attributes that are set; the others stay.
    public var settings: [AttributeSetting] = []

    /// Nothing changes.
    public init() {}

    /// Whether nothing is to change.
    public var isEmpty: Bool { task == .kept && settings.isEmpty }
  }

  /// Ids that one transaction changes: each touches pages all over the store.
  static let idsPerCommit = 10_000

  /// Corrects samples; those that are deleted, or are so labelled already, are left alone.
  /// - Parameter filter: what found them, if one did: those that another job has changed since so that they do not fulfil it
  ///   any more are left alone, too.
  /// - Returns: how many changed.
  /// - Throws: `pipeline.interrupted` between two transactions; what was changed before stays changed.
  public static func run(
    _ store: Store, _ ids: [SampleID], _ correction: Correction, reason: String, filter: SampleFilter? = nil,
    control: JobControl = JobControl()
  ) throws -> Int {
    let sorted = Set(ids).sorted()
    var changed = 0
    for start in stride(from: 0, to: sorted.count, by: idsPerCommit) {
      let part = Array(sorted[start..<min(start + idsPerCommit, sorted.count)])
      changed += try store.write { transaction in
        let meant = try filter.map { try $0.stillMeant(part, transaction.reading) } ?? part
        let changes = try meant.compactMap { try correction.change(of: $0, transaction.reading) }
        return changes.isEmpty ? 0 : try transaction.relabel(changes, reason: reason).count
      }
      control.report(
        JobProgress(stage: "relabel", done: UInt64(start + part.count), total: UInt64(sorted.count), unit: "samples"))
      try control.checkpoint()
    }
    return changed
  }

  /// How many of the samples `run` would change.
  public static func count(
    _ store: Store, _ ids: [SampleID], _ correction: Correction, control: JobControl = JobControl()
  ) throws -> Int {
    try store.read { transaction in
      var count = 0
      for (number, id) in ids.enumerated() {
        if number % idsPerCommit == 0 { try control.checkpoint() }
        if try correction.change(of: id, transaction) != nil { count += 1 }
      }
      return count
    }
  }
}

extension RelabelJob.Correction {
  /// What changes about a sample; nil for nothing.
  fileprivate func change(of id: SampleID, _ transaction: borrowing ReadTransaction) throws -> LabelChange? {
    guard let labels = try transaction.labels(of: id) else { return nil }
    var change = LabelChange(id)
    let isSame =
      switch task {
      case .kept: true
      case .missing: labels.task == .missing
      case .named(let name): try transaction.task(labels.task)?.name == name
      }
    if !isSame { change.task = task }
    let attributes = settings.reduce(labels.attributes) { $1.applied(to: $0) }
    if attributes != labels.attributes { change.attributes = attributes }
    return isSame && change.attributes == nil ? nil : change
  }
}
