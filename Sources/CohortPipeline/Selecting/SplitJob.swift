internal import CohortCore
public import CohortEmbedding
internal import CohortSelection
public import CohortStore
internal import CohortVectors

/// What a split is asked to be.
public struct SplitRequest: Sendable {
  /// Name of the snapshot that is split.
  public var snapshot: String
  /// Share of the samples that are for validation: above 0, below 1.
  public var fraction: Double
  /// The grouping whose groups stay whole; nil to divide them.
  public var wholeGroups: String?
  /// Samples with a cosine above this stay on one side; nil for 0.95 where groups are not kept whole.
  public var apart: Double?
  /// A grouping by embedding whose space is compared in; nil for the only one by embedding, or the default space.
  public var grouping: String?
  public var space: String?
  /// A grouping, or two with `*` between them, whose groups have the same share on both sides.
  public var strata: String?
  public var seed: UInt64
  /// What neither side may be near to: a benchmark's items.
  public var avoided: AvoidedItems?

  public init(snapshot: String, fraction: Double, seed: UInt64 = 0) {
    (self.snapshot, self.fraction, self.seed) = (snapshot, fraction, seed)
    (wholeGroups, apart, grouping, space, strata, avoided) = (nil, nil, nil, nil, nil, nil)
  }
}

/// What a split gave.
public struct SplitReport: Hashable, Sendable {
  public var training: SelectionRecord
  public var validation: SelectionRecord
  /// Samples that were to be for validation.
  public var wanted: UInt64
  /// Sets of samples that had to stay together, those of one sample included.
  public var units: UInt64
  public var apart: Double?
  public var blind: UInt64
  /// Samples that neither side has, because they are near to items of a given file, ascending.
  public var avoided: [UInt64]
}

/// Splits a snapshot into two selections, for training and validation, that have no near-duplicates in common.
public enum SplitJob {
  private static let usualCosine = 0.95

  /// Makes `NAME.train` and `NAME.validation` in one transaction.
  /// - Parameter encoder: makes vectors of the texts of a benchmark's file; nil for a space that has none.
  /// - Throws: `store.name`, `store.selection-exists`, `store.unknown-…`; `selection.option`, `selection.no-vectors`;
  ///   `pipeline.not-in-snapshot`, `pipeline.interrupted`; `pipeline.anchors` for a file of items that cannot be read.
  public static func run(
    _ store: Store, name: String, request: SplitRequest, control: JobControl = JobControl(),
    encoder: (EmbeddingSpace) throws -> (any TextEncoder)? = { _ in nil }
  ) throws -> SplitReport {
    guard request.fraction > 0, request.fraction < 1 else {
      throw CohortError(
        .selectionOption, "\(request.fraction) cannot be the share of a validation set",
        hint: "Choose one between 0 and 1, as 0.1")
    }
    let names = ["\(name).train", "\(name).validation"]
    var (split, inputs) = try store.read { transaction in
      for name in names { try transaction.checkNew(selection: name) }
      return try prepared(request, transaction)
    }
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    let engine = inputs.engine(store, workers, control)
    if let items = request.avoided {
      try inputs.avoid(items, engine, encoder: encoder)
      split.avoided = inputs.recipe.avoided
    }
    let parts = try split.parts(of: inputs, engine)
    guard !parts.validation.isEmpty, !parts.training.isEmpty else {
      throw CohortError(
        .selectionBudget, "One side of the split would have no samples",
        cause: "\(inputs.pool.count) samples stay together in \(parts.units) units",
        hint: "Choose another fraction, or a greater --apart")
    }
    try control.checkpoint()
    let (made, snapshot) = (split, inputs.snapshot)
    let records = try store.write { transaction in
      try zip(names, [parts.training, parts.validation]).map { name, ids in
        var recipe = made
        recipe.isValidation = name == names[1]
        return try transaction.createSelection(
          NewSelection(
            name: name, method: "split", ids: ids, recipe: recipe.encoded(), report: report(name, ids, recipe)),
          of: snapshot)
      }
    }
    return SplitReport(
      training: records[0], validation: records[1],
      wanted: UInt64((split.fraction * Double(inputs.pool.count)).rounded()), units: UInt64(parts.units),
      apart: split.apart, blind: split.blind, avoided: split.avoided)
  }

  private static func prepared(
    _ request: SplitRequest, _ transaction: borrowing ReadTransaction
  ) throws -> (SplitRecipe, SelectionInputs) {
    var split = SplitRecipe(seed: request.seed, fraction: request.fraction)
    split.keepsGroups = request.wholeGroups != nil
    split.apart = request.apart ?? (split.keepsGroups ? nil : usualCosine)
    // What k-center needs is what looking for near-duplicates needs: vectors, and no clusters.
    var needs = SelectionRequest(
      snapshot: request.snapshot, method: split.apart == nil ? .random : .kcenter, budget: .rows(1),
      seed: request.seed)
    (needs.grouping, needs.space) = (request.wholeGroups ?? request.grouping, request.space)
    (needs.strata, needs.avoided) = (request.strata, request.avoided)
    let found = try SelectionInputs(needs, transaction)
    (split.grouping, split.strata) = (found.recipe.grouping, found.recipe.strata)
    split.space = split.apart == nil && request.avoided == nil ? nil : found.recipe.space
    let inputs = try split.inputs(found.snapshot, transaction)
    (split.rows, split.blind) = (inputs.recipe.rows, inputs.recipe.blind)
    return (split, inputs)
  }

  private static func report(_ name: String, _ ids: [UInt64], _ recipe: SplitRecipe) -> String {
    var object = JSONObject()
    object.add("selection", name)
    object.add("count", UInt64(ids.count))
    object.add("digest", "\(SelectionDigest.of(ids))")
    object.add("method", "split")
    object.add("seed", recipe.seed)
    object.add("fraction", recipe.fraction)
    object.add("rows", recipe.rows)
    object.add("without_vector", recipe.blind)
    return object.text
  }
}
