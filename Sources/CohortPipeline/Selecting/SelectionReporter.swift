internal import CohortCore
internal import CohortSelection
internal import CohortStore

/// Makes the report of a choice: counts, and figures beside random draws of as many rows.
struct SelectionReporter {
  /// Tasks and sources that a report lists; the others are counted only.
  private static let listed = 200
  /// Rows that a probe is tested on.
  private static let testedRows = 4_096
  /// More labels than this no probe is trained for.
  private static let mostLabels = 1_000

  private let store: Store
  private let inputs: SelectionInputs
  private let tasks: Labels
  private let sources: Labels
  private let meter: SetMeter?
  private let test: ProbeTest?
  private var notes: [String] = []

  /// - Parameter probe: `task`, or an attribute: what a linear probe is to tell from the vectors.
  init(store: Store, inputs: SelectionInputs, engine: SelectionEngine, probe: String?) throws {
    (self.store, self.inputs) = (store, inputs)
    let labels = try Self.labels(of: inputs.pool.ids, store)
    (tasks, sources) = labels
    meter = inputs.space == nil ? nil : try SetMeter(engine, inputs.pool)
    test = try probe.map { try ProbeTest(store, inputs.pool, engine, field: $0, labels.tasks) }
    if let probe, test?.isWorthwhile == false { notes.append("'\(probe)' has fewer than two values: nothing to probe") }
  }

  /// What a choice of rows holds, beside random draws of as many.
  func report(of choice: SelectionChoice, name: String) throws -> SelectionReport {
    let (pool, recipe) = (inputs.pool, inputs.recipe)
    let rows = places(of: choice.ids)
    var notes = notes
    let draws = try (0..<SelectionJob.draws).map { try figures(draw($0, rows.count)) }
    let own = try figures(rows)
    let (spent, total) = (sum(rows), pool.tokens.reduce(UInt64(0)) { $0 + UInt64($1) })
    let picks = choice.result.clusterPicks.filter { $0 > 0 }.sorted()
    let live = Set(choice.pool.clusters).count
    if inputs.isGroupingNamed, !recipe.options.method.usesClusters, recipe.duplicates == nil {
      notes.append("'\(recipe.options.method.rawValue)' does not go by clusters; the grouping serves the figures only")
    }
    if inputs.lost > 0 { notes.append("\(inputs.lost) samples of the earlier selection are gone") }
    if recipe.blind > 0, recipe.options.method.usesVectors {
      notes.append("\(recipe.blind) samples have no vector: they are compared with nothing")
    }
    let measure = try recipe.measure.flatMap { id in try store.read { try $0.measure(id)?.name } }
    return SelectionReport(
      selection: name, snapshot: inputs.snapshot.name, sequence: inputs.snapshot.sequence,
      method: recipe.options.method.rawValue, seed: recipe.options.seed, grouping: inputs.grouping?.name,
      space: inputs.space?.name, budget: budgetKind, count: UInt64(rows.count),
      digest: SelectionDigest.of(choice.ids), rows: UInt64(pool.count), tokens: spent, poolTokens: total,
      measure: measure, tokensLeft: tokensLeft(spent), deleted: inputs.deleted, excluded: inputs.excluded,
      duplicates: choice.duplicates, isolated: choice.isolated, isWhitened: recipe.isWhitened,
      templates: choice.templates, avoided: recipe.avoided,
      kept: recipe.kept, lost: inputs.lost, blind: recipe.blind,
      clusters: UInt64(live), groups: UInt64(choice.groups), emptyClusters: UInt64(live - picks.count),
      mostPicks: picks.last ?? 0, medianPicks: picks.isEmpty ? 0 : picks[picks.count / 2],
      strata: inputs.strata.isEmpty ? [] : parts(pool.strata, names: inputs.strata, rows),
      tasks: Array(parts(tasks.labels, names: tasks.names, rows).prefix(Self.listed)),
      sources: Array(parts(sources.labels, names: sources.names, rows).prefix(Self.listed)), figures: own,
      draws: draws, choiceSeconds: 0, seconds: 0, notes: notes)
  }

  private var budgetKind: String {
    if inputs.recipe.share != nil { return "fraction" }
    if case .tokens = inputs.recipe.budget { return "tokens" }
    return "rows"
  }

  private func tokensLeft(_ spent: UInt64) -> UInt64? {
    guard case .tokens(let budget) = inputs.recipe.budget else { return nil }
    return budget - min(spent, budget)
  }

  private func sum(_ rows: [UInt32]) -> UInt64 { rows.reduce(0) { $0 + UInt64(inputs.pool.tokens[Int($1)]) } }

  /// Rows of the whole pool, by their ids.
  func places(of ids: [UInt64]) -> [UInt32] {
    ids.map { id in
      var (low, high) = (0, inputs.pool.count)
      while low < high {
        let middle = (low + high) / 2
        if inputs.pool.ids[middle] < id { low = middle + 1 } else { high = middle }
      }
      return UInt32(low)
    }
  }

  // MARK: Labels

  private struct Labels {
    var labels: [UInt32]
    var names: [String]
  }

  /// Task and source of each row, numbered in the order of their ids.
  private static func labels(of ids: [UInt64], _ store: Store) throws -> (tasks: Labels, sources: Labels) {
    try store.read { transaction in
      var (tasks, sources): ([UInt32], [UInt32]) = ([], [])
      var next = 0
      try transaction.forEachBlock(
        of: [Column.task, Column.source], in: 0..<((ids.last ?? 0) + 1), areDeletedMarked: false
      ) { block in
        while next < ids.count, ids[next] < block.first + UInt64(block.count) {
          let row = Int(ids[next] - block.first)
          tasks.append(block.uint32(0, row))
          sources.append(block.uint32(1, row))
          next += 1
        }
        return next < ids.count
      }
      let taskNames = Dictionary(uniqueKeysWithValues: try transaction.tasks().map { ($0.id.rawValue, $0.name) })
      let sourceNames = Dictionary(uniqueKeysWithValues: try transaction.sources().map { ($0.id.rawValue, $0.name) })
      return (
        dense(tasks) { $0 == TaskID.missing.rawValue ? "" : taskNames[$0] ?? "" },
        dense(sources) { sourceNames[$0] ?? "" }
      )
    }
  }

  private static func dense(_ values: [UInt32], _ name: (UInt32) -> String) -> Labels {
    let known = Set(values).sorted()
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, UInt32($0)) })
    return Labels(labels: values.map { numbers[$0] ?? 0 }, names: known.map(name))
  }

  private func parts(_ labels: [UInt32], names: [String], _ rows: [UInt32]) -> [SelectionReport.Part] {
    var parts = names.map { SelectionReport.Part(name: $0, rows: 0, picks: 0, tokens: 0) }
    for label in labels { parts[Int(label)].rows += 1 }
    for row in rows {
      parts[Int(labels[Int(row)])].picks += 1
      parts[Int(labels[Int(row)])].tokens += UInt64(inputs.pool.tokens[Int(row)])
    }
    return parts
  }

  // MARK: Figures

  /// Some rows of the pool at random, by the number of the draw.
  func draw(_ number: Int, _ count: Int) -> [UInt32] {
    KeyedOrder(seed: inputs.recipe.options.seed, purpose: 16 + UInt64(number))
      .first(count, of: inputs.pool.ids.indices.map(UInt32.init), ids: inputs.pool.ids)
  }

  /// What can be measured of some rows of the pool.
  func figures(_ rows: [UInt32]) throws -> SelectionReport.Figures {
    var values: [(name: String, value: Double)] = []
    for (name, labels) in [("tasks", tasks), ("sources", sources)] {
      let (covered, distance) = Self.coverage(labels, rows)
      values.append(("\(name)_covered", covered))
      values.append(("\(name)_distance", distance))
    }
    if let figures = try meter?.figures(of: rows) {
      values += [
        ("mean_distance", figures.meanDistance), ("distance_p99", figures.distance99),
        ("greatest_distance", figures.greatestDistance), ("isolated", figures.isolated),
        ("near_duplicates", figures.nearDuplicates),
      ]
    }
    if let test, test.isWorthwhile, let accuracy = try test.accuracy(rows) {
      values.append(("probe_accuracy", accuracy))
    }
    return SelectionReport.Figures(values: values)
  }

  /// The share of the labels that occur, and half the sum of the differences between the shares of each label.
  private static func coverage(_ labels: Labels, _ rows: [UInt32]) -> (covered: Double, distance: Double) {
    var (pool, picks) = (labels.names.map { _ in 0.0 }, labels.names.map { _ in 0.0 })
    for label in labels.labels { pool[Int(label)] += 1 }
    for row in rows { picks[Int(labels.labels[Int(row)])] += 1 }
    let (all, some) = (Double(max(labels.labels.count, 1)), Double(max(rows.count, 1)))
    let distance = zip(pool, picks).reduce(0) { $0 + abs($1.0 / all - $1.1 / some) } / 2
    return (Double(picks.count { $0 > 0 }) / Double(max(picks.count, 1)), distance)
  }

  // MARK: Probes

  /// A linear probe on rows that no choice trains on.
  private struct ProbeTest {
    let engine: SelectionEngine
    let pool: SelectionPool
    let labels: [UInt32?]
    let count: Int
    let tested: [UInt32]
    let isTested: Set<UInt32>

    /// False where there are fewer than two labels.
    let isWorthwhile: Bool

    init(_ store: Store, _ pool: SelectionPool, _ engine: SelectionEngine, field: String, _ tasks: Labels) throws {
      (self.engine, self.pool) = (engine, pool)
      if field == "task" {
        (labels, count) = (tasks.labels, tasks.names.count)
      } else {
        (labels, count) = try SelectionReporter.labels(of: pool.ids, attribute: field, store)
      }
      guard count <= SelectionReporter.mostLabels else {
        throw CohortError(
          .selectionOption, "'\(field)' has \(count) values, too many to probe",
          hint: "A probe tells up to \(SelectionReporter.mostLabels) labels apart")
      }
      tested = KeyedOrder(seed: 0, purpose: 5).first(
        min(SelectionReporter.testedRows, pool.count / 5), of: pool.ids.indices.map(UInt32.init), ids: pool.ids
      ).sorted()
      isTested = Set(tested)
      isWorthwhile = count > 1 && !tested.isEmpty
    }

    func accuracy(_ rows: [UInt32]) throws -> Double? {
      try engine.probe(
        pool, labels: labels, count: count, training: rows.filter { !isTested.contains($0) }, testing: tested)
    }
  }

  /// The values of an attribute, numbered in the order in which they occur; nil for a sample without one.
  static func labels(
    of ids: [UInt64], attribute key: String, _ store: Store, _ control: JobControl = JobControl()
  ) throws -> (labels: [UInt32?], count: Int) {
    var numbers: [String: UInt32] = [:]
    var texts = SourceTexts(key: key)
    var labels: [UInt32?] = []
    for start in stride(from: 0, to: ids.count, by: 1_024) {
      try control.checkpoint()
      try store.read { transaction in
        for id in ids[start..<min(start + 1_024, ids.count)] {
          let text =
            try transaction.withLiveSample(SampleID(id)) { sample in
              try AttributeKind.value(ofPath: key, in: sample) ?? texts.text(of: sample.source, transaction)
            } ?? nil
          labels.append(
            text.map { text in
              if let known = numbers[text] { return known }
              numbers[text] = UInt32(numbers.count)
              return UInt32(numbers.count - 1)
            })
        }
      }
    }
    return (labels, numbers.count)
  }
}
