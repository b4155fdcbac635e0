internal import CohortCore
public import CohortEmbedding
internal import CohortSelection
public import CohortStore
internal import CohortVectors

/// Chooses core sets and stores them with their report.
public enum SelectionJob {
  /// Random draws that a selection's figures are shown beside.
  static let draws = 10

  /// Chooses samples of a snapshot, and stores them under a name in one transaction.
  /// - Parameter encoder: makes vectors of the texts of a benchmark's file; nil for a space that has none.
  /// - Throws: `store.name`, `store.selection-exists`, `store.unknown-…`; `selection.budget`, `selection.option`,
  ///   `selection.no-vectors`; `pipeline.not-in-snapshot`, `pipeline.not-measured`, `pipeline.interrupted`;
  ///   `pipeline.anchors` for a file of items that cannot be read.
  public static func create(
    _ store: Store, name: String, request: SelectionRequest, control: JobControl = JobControl(),
    encoder: (EmbeddingSpace) throws -> (any TextEncoder)? = { _ in nil }
  ) throws -> SelectionReport {
    try create(store, name: name, probe: request.probe, control) {
      try SelectionInputs(request, $0)
    } avoiding: { inputs, engine in
      if let items = request.avoided { try inputs.avoid(items, engine, encoder: encoder) }
    }
  }

  /// Chooses again from another snapshot: all samples of a selection that are in it, and as many more as the budget has
  /// left, where they are missing.
  /// - Parameters:
  ///   - name: of the new selection.
  ///   - budget: in all; nil for the same share of the snapshot that the earlier one has of its own.
  ///   - avoided: what must not be near; it has to be given again where the earlier selection was made with it, because the
  ///     store does not keep it, and the new snapshot may have samples that are near.
  ///   - encoder: as in `create`.
  /// - Throws: as `create`; `selection.option` for a selection that a split made, or one made with items that are not given
  ///   again.
  public static func grow(
    _ store: Store, from earlier: String, name: String, snapshot: String, budget: SelectionRequest.Budget? = nil,
    avoided: AvoidedItems? = nil, control: JobControl = JobControl(),
    encoder: (EmbeddingSpace) throws -> (any TextEncoder)? = { _ in nil }
  ) throws -> SelectionReport {
    try create(store, name: name, probe: nil, control) { transaction in
      try budget?.check()
      let selection = try transaction.existingSelection(earlier)
      guard SelectionRecipe.isOne(selection.recipe) else {
        throw CohortError(
          .selectionOption, "Selection \"\(earlier)\" was made by a split, which cannot grow",
          hint: "Split the new snapshot")
      }
      let recipe = try SelectionRecipe(selection.recipe)
      guard avoided != nil || (recipe.near == nil && recipe.avoided.isEmpty) else {
        throw CohortError(
          .selectionOption, "Selection \"\(earlier)\" was made without what is near to the items of a file",
          cause: "The store does not keep them, so new samples would not be compared with them",
          hint: "Give the file again: cohort selection grow \(earlier) --snapshot \(snapshot) --without-near FILE")
      }
      let kept = try transaction.ids(of: selection).map(\.rawValue)
      var inputs = try SelectionInputs(recipe, try transaction.existingSnapshot(snapshot), keeping: kept, transaction)
      inputs.recipe.rules = SelectionRecipe.rulesVersion
      if let budget {
        inputs.set(budget)
      } else if let share = recipe.share {
        inputs.set(.fraction(share))
      } else {
        let factor = Double(inputs.recipe.rows) / Double(max(recipe.rows, 1))
        switch recipe.budget {
        case .rows(let count): inputs.set(.rows(count.scaled(by: factor)))
        case .tokens(let count): inputs.set(.tokens(count.scaled(by: factor)))
        }
      }
      return inputs
    } avoiding: { inputs, engine in
      guard let avoided else { return }
      guard inputs.space != nil else {
        throw CohortError(
          .selectionNoVectors, "Selection \"\(earlier)\" compares no vectors, so nothing can be found to be near",
          hint: "Create a new selection with --without-near and --space")
      }
      try inputs.avoid(avoided, engine, encoder: encoder)
    }
  }

  private static func create(
    _ store: Store, name: String, probe: String?, _ control: JobControl,
    _ inputs: (borrowing ReadTransaction) throws -> SelectionInputs,
    avoiding: (inout SelectionInputs, SelectionEngine) throws -> Void = { _, _ in }
  ) throws -> SelectionReport {
    let start = ContinuousClock.now
    var inputs = try store.read { transaction in
      try transaction.checkNew(selection: name)
      return try inputs(transaction)
    }
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    let engine = inputs.engine(store, workers, control)
    try avoiding(&inputs, engine)
    try inputs.readExamples(store, control)
    // Where the choice needs no centroids, the figures do.
    if inputs.needsClusters { try inputs.center(engine) }
    let choice = try inputs.choose(engine)
    let choiceSeconds = start.seconds
    if !inputs.needsClusters { try inputs.center(engine) }
    let reporter = try SelectionReporter(
      store: store, inputs: inputs, engine: engine, probe: probe)
    var report = try reporter.report(of: choice, name: name)
    (report.choiceSeconds, report.seconds) = (choiceSeconds, start.seconds)
    let new = NewSelection(
      name: name, method: inputs.recipe.options.method.rawValue, ids: choice.ids, recipe: inputs.recipe.encoded(),
      report: report.json)
    try control.checkpoint()
    _ = try store.write { try $0.createSelection(new, of: inputs.snapshot) }
    return report
  }
}

/// What was chosen of a pool.
struct SelectionChoice {
  /// Without those that are duplicates; the numbers of `rows` are places in it.
  var pool: SelectionPool
  var rows: [UInt32]
  var duplicates: UInt64
  /// Samples that were left out because they lie far from their centroids.
  var isolated: UInt64
  /// Samples that were left out because others of the same example were enough.
  var templates: UInt64
  /// Clusters before they were merged.
  var groups: Int
  var result: SelectionResult

  var ids: [UInt64] { rows.map { pool.ids[Int($0)] } }
}

extension SelectionInputs {
  /// What reads the vectors.
  func engine(_ store: Store, _ workers: Workers, _ control: JobControl) -> SelectionEngine {
    SelectionEngine(
      source: StoreFeatures(store: store, space: space), dimension: space?.dimension ?? 1, workers: workers
    ) { progress in
      control.report(
        JobProgress(stage: "selecting: \(progress.stage)", done: progress.done, total: progress.total, unit: "parts"))
      try control.checkpoint()
    }
  }

  /// Chooses as the recipe says.
  func choose(_ engine: SelectionEngine) throws -> SelectionChoice {
    var pool = pool.filtered(oneExampleOf: examples, recipe)
    let templates = UInt64(self.pool.count - pool.count)
    let groups = Set(pool.clusters).count
    if space != nil, grouping != nil, needsClusters {
      pool = try engine.merged(pool)
    }
    var duplicates: UInt64 = 0
    if let cosine = recipe.duplicates {
      let isDuplicate = try engine.duplicates(in: pool, above: cosine)
      let before = pool.count
      pool = pool.filtered { !isDuplicate[$0] }
      duplicates = UInt64(before - pool.count)
    }
    var isolated: UInt64 = 0
    if recipe.isolated > 0 {
      let isFar = try engine.isolated(in: pool, share: recipe.isolated)
      let before = pool.count
      pool = pool.filtered { !isFar[$0] }
      isolated = UInt64(before - pool.count)
    }
    let chooser = recipe.isWhitened ? try engine.whitened(for: pool) : engine
    let result = try chooser.select(from: pool, recipe.options, recipe.budget)
    return SelectionChoice(
      pool: pool, rows: result.rows, duplicates: duplicates, isolated: isolated, templates: templates, groups: groups,
      result: result)
  }

  /// Whether the choice looks at clusters and their centroids.
  var needsClusters: Bool {
    recipe.options.method.usesClusters || recipe.duplicates != nil || recipe.isolated > 0
  }
}

extension ContinuousClock.Instant {
  /// Since then.
  var seconds: Double {
    let elapsed = self.duration(to: .now)
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
  }
}

extension UInt64 {
  /// The nearest whole number to its product with a factor, as far as there are such numbers.
  fileprivate func scaled(by factor: Double) -> UInt64 {
    UInt64(exactly: (Double(self) * Swift.max(factor, 0)).rounded()) ?? .max
  }
}
