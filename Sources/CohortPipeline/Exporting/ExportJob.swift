internal import CohortCore
public import CohortStore
public import Foundation

/// Writes samples as JSON lines, or as a table.
public enum ExportJob {
  /// Writes the samples of a scope in the order of their ids (of a selection in its order), a line each. A file is written beside its place and
  /// renamed when it is complete; then `dataset_info.json` beside it gets an entry that describes it for LLaMA-Factory
  /// (not for `promptCompletion`, nor for preferences between lists of messages). With `promptCompletion` all samples are
  /// read twice.
  /// - Throws: `store.unknown-snapshot`, `store.unknown-selection`, `store.unknown-grouping`, `pipeline.unknown-group`, `store.unknown-task`;
  ///   `pipeline.export` when the file cannot be written; no part of it is left behind then.
  /// - Parameter output: takes the bytes when the request's path is `-`.
  public static func run(
    _ store: Store, _ request: ExportRequest, control: JobControl = JobControl(), output: FileHandle? = nil
  ) throws -> ExportReport {
    let selection = try Selection(store, request)
    var writer = ExportWriter(
      request, form: try form(of: selection, store, request, control),
      reservesTask: try store.read { try !$0.tasks().isEmpty })
    let file = try ExportFile(request.path, output)
    do {
      writer.begin()
      try file.write(Data(writer.lines))
      try selection.forEachChunk { ids, next in
        writer.begin()
        try store.read { transaction in
          for id in ids { try writer.add(id, wanted: selection.task, transaction) }
        }
        try file.write(Data(writer.lines))
        control.report(
          JobProgress(stage: "export", done: UInt64(next), total: UInt64(selection.ids.count), unit: "samples"))
        try control.checkpoint()
        return true
      }
      try file.finish()
    } catch {
      file.abandon()
      throw error
    }
    try DatasetInfo.write(for: request, writer.facts)
    return writer.report
  }

  /// The form that holds all samples of a file.
  private static func form(
    of selection: Selection, _ store: Store, _ request: ExportRequest, _ control: JobControl
  ) throws -> ExportedRow.Form {
    guard request.layout == .promptCompletion else { return .messages }
    var form = ExportedRow.Form.texts
    try selection.forEachChunk { ids, _ in
      try store.read { transaction in
        for id in ids where form == .texts {
          guard let sample = try transaction.sample(id), selection.task.map({ $0 == sample.task }) ?? true else {
            continue
          }
          form = ExportedRow(sample: sample, task: nil).form ?? .texts
        }
      }
      try control.checkpoint()
      return form == .texts
    }
    return form
  }

  /// The samples of a scope.
  struct Selection {
    var ids: [SampleID]
    var task: TaskID?

    init(_ store: Store, _ request: ExportRequest) throws {
      (ids, task) = try store.read { transaction in
        var wanted: TaskID?
        if let name = request.task {
          wanted = try transaction.existingTask(name).id
        }
        return (try Self.ids(request.scope, transaction), wanted)
      }
    }

    /// Calls `body` with some ids at a time, and how many there were with them, until it returns false.
    func forEachChunk(_ body: (ArraySlice<SampleID>, _ next: Int) throws -> Bool) throws {
      var next = 0
      while next < ids.count {
        let start = next
        next = min(ids.count, next + 1024)
        guard try body(ids[start..<next], next) else { return }
      }
    }

    private static func ids(
      _ scope: ExportRequest.Scope, _ transaction: borrowing ReadTransaction
    ) throws -> [SampleID] {
      switch scope {
      case .everything:
        var ids: [SampleID] = []
        try transaction.forEachBlock(of: []) { block in
          for row in 0..<block.count where !block.isDeleted(row) { ids.append(block.id(row)) }
          return true
        }
        return ids
      case .snapshot(let name):
        let snapshot = try transaction.existingSnapshot(name)
        guard let grouping = snapshot.groupings.first else { return [] }
        var ids: [SampleID] = []
        try transaction.forEachPiece(of: grouping.id, in: snapshot) {
          ids += $0
          return true
        }
        return ids.sorted()
      case .selection(let name):
        return try transaction.ids(of: try transaction.existingSelection(name))
      case .samples(let named):
        let next = try transaction.counters.nextSample
        var known: Set<SampleID> = []
        return try named.filter { id in
          guard id.rawValue < next else { throw CohortError.unknownSample(id.rawValue, of: next) }
          return known.insert(id).inserted
        }
      case .group(let group, let name):
        let grouping = try transaction.existingGrouping(name)
        var ids: [SampleID] = []
        try transaction.forEachMember(of: group, in: grouping) {
          ids += $0
          return true
        }
        guard try !ids.isEmpty || transaction.group(group, in: grouping.id) != nil else {
          throw CohortError.unknownGroup(group, of: name)
        }
        return ids
      }
    }
  }
}
