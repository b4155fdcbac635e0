public import CohortCore
internal import CohortSelection

/// What a selection holds, beside random draws of the same size. It says what is covered; it does not say that a model
/// trained on it is better.
public struct SelectionReport: Hashable, Sendable {
  /// A part of the pool and how much of it was chosen.
  public struct Part: Hashable, Sendable {
    public var name: String
    public var rows: UInt64
    public var picks: UInt64
    public var tokens: UInt64
  }

  /// Figures of a set of rows: of the selection, or of one random draw.
  public struct Figures: Hashable, Sendable {
    /// By key, in the order in which they are shown.
    public var values: [(name: String, value: Double)]

    public static func == (a: Self, b: Self) -> Bool {
      a.values.map(\.name) == b.values.map(\.name) && a.values.map(\.value) == b.values.map(\.value)
    }

    public func hash(into hasher: inout Hasher) { for value in values { hasher.combine(value.name) } }
  }

  public var selection: String
  public var snapshot: String
  /// Log sequence of the snapshot: the state of grouping and labels that it was chosen from.
  public var sequence: LogSequence
  public var method: String
  public var seed: UInt64
  public var grouping: String?
  public var space: String?
  /// How the budget was given: `rows`, `fraction`, `tokens`.
  public var budget: String
  public var count: UInt64
  public var digest: Digest128
  /// Samples of the snapshot that could be chosen, before duplicates were left out.
  public var rows: UInt64
  /// Lengths of the chosen samples added up, and of all that could be chosen; the measure, nil for the store's own.
  public var tokens: UInt64
  public var poolTokens: UInt64
  public var measure: String?
  /// Of a budget of tokens, what no sample that is left fits into.
  public var tokensLeft: UInt64?
  public var deleted: UInt64
  public var excluded: UInt64
  public var duplicates: UInt64
  /// Samples that were left out because they lie far from their centroids.
  public var isolated: UInt64
  /// Whether rows were compared in whitened coordinates.
  public var isWhitened: Bool
  /// Samples that were left out because others of the same example were enough.
  public var templates: UInt64
  /// Samples that were left out because they are near to items of a given file, ascending.
  public var avoided: [UInt64]
  /// Samples that were kept of an earlier selection, and those of it that are gone.
  public var kept: UInt64
  public var lost: UInt64
  /// Samples without a vector, which come last or by hash alone.
  public var blind: UInt64
  /// Clusters that share the budget, those of the grouping before they were merged, and those that gave no sample.
  public var clusters: UInt64
  public var groups: UInt64
  public var emptyClusters: UInt64
  /// The most and the median picks of a cluster that has any.
  public var mostPicks: UInt64
  public var medianPicks: UInt64
  public var strata: [Part]
  public var tasks: [Part]
  public var sources: [Part]
  /// Figures of the selection; empty where nothing can be compared.
  public var figures: Figures
  /// Those of random draws of as many samples, in the same order.
  public var draws: [Figures]
  /// What the choice took, and what all took, with the figures.
  public var choiceSeconds: Double
  public var seconds: Double
  /// Sentences for people.
  public var notes: [String]
}

extension SelectionReport {
  /// One JSON object, keys always in the same order.
  public var json: String {
    var object = JSONObject()
    object.add("selection", selection)
    object.add("count", count)
    object.add("digest", "\(digest)")
    object.add("snapshot", snapshot)
    object.add("log_sequence", sequence.rawValue)
    object.add("method", method)
    object.add("seed", seed)
    object.add("grouping", grouping)
    object.add("space", space)
    object.add("budget", budget)
    object.add("rows", rows)
    object.add("share", rows == 0 ? 0 : Double(count) / Double(rows))
    object.add("tokens", tokens)
    object.add("pool_tokens", poolTokens)
    object.add("length_measure", measure ?? SampleLengths.ownMeasure)
    object.add("tokens_left", tokensLeft)
    object.add("deleted", deleted)
    object.add("excluded", excluded)
    object.add("duplicates", duplicates)
    object.add("isolated", isolated)
    object.add("whitened", isWhitened)
    object.add("other_templates", templates)
    object.add("avoided", UInt64(avoided.count))
    object.add("avoided_ids", list: avoided.map { "\($0)" })
    object.add("kept", kept)
    object.add("lost", lost)
    object.add("without_vector", blind)
    object.add("clusters", clusters)
    object.add("groups", groups)
    object.add("clusters_without", emptyClusters)
    object.add("most_picks", mostPicks)
    object.add("median_picks", medianPicks)
    object.add("strata", list: strata.map { $0.json("stratum") })
    object.add("tasks", list: tasks.map { $0.json("task") })
    object.add("sources", list: sources.map { $0.json("source") })
    object.add("figures", list: comparisons.map(\.json))
    object.add("draws", UInt64(draws.count))
    object.add("choice_seconds", (choiceSeconds * 1_000).rounded() / 1_000)
    object.add("seconds", (seconds * 1_000).rounded() / 1_000)
    object.add("notes", list: notes.map { JSONString.quoted($0) })
    return object.text
  }

  /// A figure of the selection beside those of the draws.
  public struct Comparison: Sendable {
    public var name: String
    public var value: Double
    /// Nil without draws.
    public var random: (mean: Double, least: Double, greatest: Double, deviation: Double)?

    var json: String {
      var object = JSONObject()
      object.add("figure", name)
      object.add("value", Self.rounded(value))
      if let random {
        object.add("random_mean", Self.rounded(random.mean))
        object.add("random_least", Self.rounded(random.least))
        object.add("random_greatest", Self.rounded(random.greatest))
        object.add("random_deviation", Self.rounded(random.deviation))
      }
      return object.text
    }

    private static func rounded(_ value: Double) -> Double { (value * 1e5).rounded() / 1e5 }
  }

  /// Each figure beside those of the draws.
  public var comparisons: [Comparison] {
    figures.values.map { figure in
      let others = draws.compactMap { draw in draw.values.first { $0.name == figure.name }?.value }
      let spread = others.isEmpty ? nil : FigureSpread(others)
      return Comparison(
        name: figure.name, value: figure.value,
        random: spread.map { ($0.mean, $0.least, $0.greatest, $0.deviation) })
    }
  }
}

extension SelectionReport.Part {
  func json(_ key: String) -> String {
    var object = JSONObject()
    object.add(key, name)
    object.add("rows", rows)
    object.add("picks", picks)
    object.add("tokens", tokens)
    return object.text
  }
}
