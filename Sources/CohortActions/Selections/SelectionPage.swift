internal import CohortCore
internal import CohortDrawing

/// The report of a selection as one HTML page that needs nothing else: figures beside random draws, and how the parts of the
/// snapshot are represented. Without scripts; every text of the store is escaped.
public struct SelectionPage: Sendable {
  /// Bars of one kind that are drawn.
  private static let shown = 40

  private let report: SelectionReportView

  public init(_ report: SelectionReportView) { self.report = report }

  /// The page, in UTF-8.
  public var html: String {
    var body = "<h1>\(text(report.record["selection"]))</h1>\n"
    body += "<table class=\"facts\">\n"
    for field in report.summary.fields where field.name != "selection" {
      body += "<tr><th>\(MarkupText.escaped(field.name))</th><td>\(text(field.value))</td></tr>\n"
    }
    body += "</table>\n"
    if !report.figures.isEmpty {
      body += "<h2>Beside random draws of the same size</h2>\n"
      body += "<p>The band is from the least to the greatest draw, the dark line its mean, the dot the selection.</p>\n"
      body += report.figures.map { row($0) }.joined()
    }
    for part in report.parts { body += histogram(part.name, part.columns[0].name, part.records) }
    for note in report.notes { body += "<p class=\"note\">\(MarkupText.escaped(note)).</p>\n" }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(text(report.record["selection"]))</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
      h1, h2 { font-weight: 600 } th { text-align: left; font-weight: 400; color: #666; padding-right: 1.5rem; vertical-align: top }
      td { overflow-wrap: anywhere } svg { display: block } .figure { display: grid; grid-template-columns: 14rem 1fr 9rem; align-items: center }
      .figure span:last-child { text-align: right; font-variant-numeric: tabular-nums } .note { color: #666 }
      @media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } th, .note { color: #999 } }
      </style></head><body>
      \(body)</body></html>

      """
  }

  /// A figure as a dot on the band of the draws.
  private func row(_ figure: ReportRecord) -> String {
    func number(_ key: String) -> Double? { figure[key]?.double }
    let value = number("value") ?? 0
    let (least, greatest) = (number("random_least") ?? value, number("random_greatest") ?? value)
    let mean = number("random_mean") ?? value
    let (low, high) = (min(value, least), max(value, greatest))
    let margin = max((high - low) * 0.1, 1e-9)
    func x(_ value: Double) -> Double { (value - low + margin) / (high - low + 2 * margin) * 400 }
    return """
      <div class="figure"><span>\(text(figure["figure"]))</span>
      <svg viewBox="0 0 400 20" width="100%" height="20" role="img"><line x1="0" x2="400" y1="10" y2="10" stroke="#bbb"/>
      <rect x="\(Self.short(x(least)))" y="4" width="\(Self.short(max(x(greatest) - x(least), 1)))" height="12" fill="#9bc"/>
      <rect x="\(Self.short(x(mean)))" y="3" width="2" height="14" fill="#357"/>
      <circle cx="\(Self.short(x(value)))" cy="10" r="5" fill="#d62"/></svg>
      <span>\(Self.short(value)) / \(Self.short(mean))</span></div>

      """
  }

  /// Bars for shares of the snapshot and of the selection, the largest parts first.
  private func histogram(_ name: String, _ key: String, _ records: [ReportRecord]) -> String {
    func total(_ column: String) -> Double { max(records.reduce(0) { $0 + ($1[column]?.double ?? 0) }, 1) }
    let (rows, picks) = (total("rows"), total("picks"))
    let shares = records.map { record in
      (
        name: text(record[key]), pool: (record["rows"]?.double ?? 0) / rows, set: (record["picks"]?.double ?? 0) / picks
      )
    }
    let greatest = max(shares.map { max($0.pool, $0.set) }.max() ?? 1, 1e-9)
    var html =
      "<h2>\(MarkupText.escaped(name))</h2>\n<p>Blue: share of the snapshot. Orange: share of the selection.</p>\n"
    for share in shares.prefix(Self.shown) {
      html += """
        <div class="figure"><span>\(share.name.isEmpty ? "(none)" : share.name)</span>
        <svg viewBox="0 0 400 20" width="100%" height="20" preserveAspectRatio="none" role="img">
        <rect x="0" y="2" height="7" width="\(Self.short(share.pool / greatest * 400))" fill="#9bc"/>
        <rect x="0" y="11" height="7" width="\(Self.short(share.set / greatest * 400))" fill="#d62"/></svg>
        <span>\(Self.short(share.pool * 100)) % / \(Self.short(share.set * 100)) %</span></div>

        """
    }
    if records.count > Self.shown { html += "<p class=\"note\">and \(records.count - Self.shown) more</p>\n" }
    return html
  }

  private func text(_ value: ReportValue?) -> String {
    switch value {
    case .text(let text): MarkupText.escaped(text)
    case nil, .null: ""
    case .some(let value): MarkupText.escaped(JSONText.string(value))
    }
  }

  /// Four places at most.
  private static func short(_ value: Double) -> String {
    value.isFinite ? "\((value * 10_000).rounded() / 10_000)" : ""
  }
}
