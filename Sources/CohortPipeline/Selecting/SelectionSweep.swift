internal import CohortCore
public import CohortSelection
public import CohortStore
internal import CohortVectors

/// Measures methods at several budgets beside random draws, without storing anything.
public enum SelectionSweep {
  /// A figure of a method at a budget: over the seeds, beside random draws of as many samples.
  public struct Row: Hashable, Sendable {
    public var method: String
    public var share: Double
    public var count: UInt64
    public var figure: String
    public var seeds: Int
    public var mean: Double
    public var deviation: Double
    public var draws: Int
    public var randomMean: Double
    public var randomDeviation: Double
    /// Difference of the means.
    public var difference: Double
    /// Half the width of its 95 % interval (Welch's, with the normal quantile).
    public var halfWidth: Double
  }

  /// - Parameters:
  ///   - request: grouping, strata and all else but method, budget and seed.
  ///   - methods: those to measure.
  ///   - shares: of the snapshot; above 0, at most 1.
  ///   - seeds: from the request's seed on.
  ///   - draws: random draws at each budget; at least 2.
  ///   - row: gets the rows, budget by budget.
  /// - Throws: as `SelectionJob.create`.
  public static func run(
    _ store: Store, _ request: SelectionRequest, methods: [SelectionMethod], shares: [Double], seeds: Int, draws: Int,
    control: JobControl = JobControl(), row: (Row) throws -> Void
  ) throws {
    for share in shares { try SelectionRequest.Budget.fraction(share).check() }
    guard !methods.isEmpty, !shares.isEmpty, seeds > 0, draws > 1 else {
      throw CohortError(.selectionOption, "A sweep needs a method, a share, a seed and two draws at least")
    }
    // What is needed is what the most demanding of the methods needs.
    var request = request
    request.method = methods.first { $0.usesClusters } ?? methods.first { $0.usesVectors } ?? .random
    let asked = request
    var inputs = try store.read { try SelectionInputs(asked, $0) }
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    let engine = inputs.engine(store, workers, control)
    try inputs.readExamples(store, control)
    try inputs.center(engine)
    let reporter = try SelectionReporter(store: store, inputs: inputs, engine: engine, probe: request.probe)
    let counts = shares.sorted().map { (share: $0, count: max(1, Int(($0 * Double(inputs.recipe.rows)).rounded()))) }
    // Every smaller budget is a beginning of the greatest.
    var chosen: [SelectionMethod: [[UInt32]]] = [:]
    for method in methods {
      for seed in 0..<UInt64(seeds) {
        inputs.recipe.options.method = method
        inputs.recipe.options.seed = request.seed &+ seed
        inputs.recipe.budget = .rows(UInt64(counts.last?.count ?? 1))
        chosen[method, default: []].append(reporter.places(of: try inputs.choose(engine).ids))
      }
    }
    for budget in counts {
      let random = try (0..<draws).map { try reporter.figures(reporter.draw($0, budget.count)) }
      for method in methods {
        let found = try (chosen[method] ?? []).map { try reporter.figures(Array($0.prefix(budget.count))) }
        for (place, figure) in (found.first?.values ?? []).enumerated() {
          try row(
            Self.row(
              method, budget, figure.name, found.map { $0.values[place].value },
              random.compactMap { draw in draw.values.first { $0.name == figure.name }?.value }))
        }
      }
    }
  }

  private static func row(
    _ method: SelectionMethod, _ budget: (share: Double, count: Int), _ figure: String, _ found: [Double],
    _ random: [Double]
  ) -> Row {
    let (mine, others) = (FigureSpread(found), FigureSpread(random))
    func variance(_ spread: FigureSpread, _ count: Int) -> Double {
      count > 1 ? spread.deviation * spread.deviation / Double(count - 1) : 0
    }
    let error = (variance(mine, found.count) + variance(others, random.count)).squareRoot()
    return Row(
      method: method.rawValue, share: budget.share, count: UInt64(budget.count), figure: figure, seeds: found.count,
      mean: mine.mean, deviation: mine.deviation, draws: random.count, randomMean: others.mean,
      randomDeviation: others.deviation, difference: mine.mean - others.mean, halfWidth: 1.96 * error)
  }
}
