internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline

/// The report of a selection: the one that was stored when it was made.
public struct SelectionReportView: RecordReport {
  /// The keys of the records of `figures`.
  public static let figureColumns: [ReportColumn] = [
    "figure", "value", "random_mean", "random_least", "random_greatest", .hidden("random_deviation"),
  ]

  public let record: ReportRecord
  public let notes: [String]

  /// - Parameter json: as `SelectionReport.json` writes it.
  /// - Throws: `core.invalid` for what is no JSON object.
  init(json: String, notes: [String] = []) throws {
    let tree = try JSONTree(parsing: [UInt8](json.utf8), as: .coreInvalid)
    guard case .record(let record) = ReportValue(tree) else { throw CohortError.invalid("the report of a selection") }
    self.record = record
    self.notes = notes
  }

  init(_ report: SelectionReport) throws { try self.init(json: report.json, notes: report.notes) }

  /// Figures beside those of random draws; none for a split.
  public var figures: [ReportRecord] { records("figures") }

  /// Strata, tasks and sources with their picks, those with the most rows first.
  public var parts: [(name: String, columns: [ReportColumn], records: [ReportRecord])] {
    [("strata", "stratum"), ("tasks", "task"), ("sources", "source")].compactMap { key, column in
      let found = records(key)
      guard found.count > 1 else { return nil }
      let sorted = found.enumerated().sorted { a, b in
        let (x, y) = (a.element["rows"]?.double ?? 0, b.element["rows"]?.double ?? 0)
        return x != y ? x > y : a.offset < b.offset
      }
      return (key, [ReportColumn(column), "rows", "picks", "tokens"], sorted.map(\.element))
    }
  }

  private func records(_ key: String) -> [ReportRecord] {
    guard case .list(let values) = record[key] else { return [] }
    return values.compactMap { value in
      guard case .record(let record) = value else { return nil }
      return record
    }
  }

  public var summary: ReportRecord {
    var summary: ReportRecord = [:]
    let always = ["selection", "count", "snapshot", "method", "seed", "grouping", "space", "digest"]
    for key in always { if let value = record[key] { summary.append(key, value) } }
    if let rows = record["rows"] {
      let share = record["share"]?.double.map { " (\(Self.percent($0)))" } ?? ""
      summary.append("of", .text("\(JSONText.string(rows)) samples\(share)"))
    }
    if let tokens = record["tokens"], let all = record["pool_tokens"] {
      summary.append("tokens", .text("\(JSONText.string(tokens)) of \(JSONText.string(all))"))
    }
    for key in [
      "tokens_left", "kept", "lost", "deleted", "excluded", "other_templates", "avoided", "duplicates", "isolated",
      "without_vector",
    ] {
      if let value = record[key]?.double, value > 0 { summary.append(key, .count(UInt64(value))) }
    }
    if let clusters = record["clusters"], let without = record["clusters_without"], let most = record["most_picks"],
      let median = record["median_picks"]
    {
      let words = [clusters, without, median, most].map { JSONText.string($0) }
      summary.append(
        "clusters",
        .text("\(words[0]), \(words[1]) without a pick; picks each: \(words[2]) (median), \(words[3]) (most)"))
    }
    if let seconds = record["seconds"] { summary.append("seconds", seconds) }
    return summary
  }

  private static func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }
}
