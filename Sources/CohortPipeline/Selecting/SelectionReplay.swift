public import CohortCore
internal import CohortSelection
public import CohortStore
internal import CohortVectors

/// Shows that a selection is a function of its snapshot and its recipe: makes it again, and compares the ids.
public struct SelectionReplay: Hashable, Sendable {
  /// Name of the selection that was made again.
  public var selection: String
  public var count: UInt64
  /// Of the ids that came out; nil where it could not be made again.
  public var digest: Digest128?
  /// What differs, in words.
  public var difference: String?
  /// Why it cannot be made again.
  public var obstacle: String?

  /// - Throws: `store.unknown-selection`; `pipeline.interrupted`; what reading vectors throws.
  /// - Complexity: what it cost to make it, without its report.
  public static func run(_ store: Store, selection name: String, control: JobControl = JobControl()) throws -> Self {
    let (record, kept) = try store.read { transaction in
      let record = try transaction.existingSelection(name)
      return (record, try transaction.ids(of: record))
    }
    var replay = SelectionReplay(selection: name, count: record.count)
    do {
      let ids = try made(record, kept.map(\.rawValue), store, control)
      let digest = SelectionDigest.of(ids)
      replay.digest = digest
      if digest != record.digest { replay.difference = "it comes out with digest \(digest), not \(record.digest)" }
    } catch let obstacle as Obstacle {
      replay.obstacle = obstacle.text
    } catch let error as CohortError where error.category == .notFound {
      // Dropped meanwhile?
      _ = try store.read { try $0.existingSelection(name) }
      replay.obstacle = error.message
    }
    return replay
  }

  private struct Obstacle: Error {
    let text: String
  }

  private static func made(
    _ record: SelectionRecord, _ ids: [UInt64], _ store: Store, _ control: JobControl
  ) throws -> [UInt64] {
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    guard SelectionRecipe.isOne(record.recipe) else {
      let split = try SplitRecipe(record.recipe)
      try check(split.rules)
      let inputs = try store.read { try split.inputs(try snapshot(of: record, $0), $0) }
      try check(inputs, rows: split.rows, blind: split.blind)
      let parts = try split.parts(of: inputs, inputs.engine(store, workers, control))
      return split.isValidation ? parts.validation : parts.training
    }
    let recipe = try SelectionRecipe(record.recipe)
    try check(recipe.rules)
    let kept = Array(ids.prefix(Int(clamping: recipe.kept)))
    var inputs = try store.read { transaction in
      var inputs = try SelectionInputs(recipe, try snapshot(of: record, transaction), keeping: kept, transaction)
      inputs.recipe.budget = recipe.budget
      return inputs
    }
    try check(inputs, rows: recipe.rows, blind: recipe.blind)
    let engine = inputs.engine(store, workers, control)
    try inputs.readExamples(store, control)
    if inputs.needsClusters { try inputs.center(engine) }
    return try inputs.choose(engine).ids
  }

  private static func snapshot(
    of record: SelectionRecord, _ transaction: borrowing ReadTransaction
  ) throws -> SnapshotRecord {
    guard let snapshot = try transaction.snapshot(record.snapshot) else {
      throw CohortError.dropped("snapshot", "number \(record.snapshot)")
    }
    return snapshot
  }

  private static func check(_ rules: UInt32) throws {
    guard rules == SelectionRecipe.rulesVersion else {
      throw Obstacle(
        text:
          "it was made by version \(rules) of the rules, and this program has version \(SelectionRecipe.rulesVersion)")
    }
  }

  private static func check(_ inputs: SelectionInputs, rows: UInt64, blind: UInt64) throws {
    guard inputs.recipe.rows == rows else {
      throw Obstacle(text: "samples of its snapshot were deleted since: \(rows) were there, \(inputs.recipe.rows) are")
    }
    guard inputs.recipe.blind == blind else {
      throw Obstacle(
        text: "samples of its snapshot got vectors since: \(blind) had none, \(inputs.recipe.blind) have none")
    }
  }
}
