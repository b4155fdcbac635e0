import CohortActions

/// How a table is drawn.
enum TableStyle: Sendable {
  /// Columns with two spaces between them.
  case plain
  /// Lines around all cells.
  case box
  /// As Markdown has them.
  case markdown

  /// What stands in front of a row, between its cells, and behind it.
  fileprivate var edges: (left: String, between: String, right: String) {
    switch self {
    case .plain: ("", "  ", "")
    case .box: ("│ ", " │ ", " │")
    case .markdown: ("| ", " | ", " |")
    }
  }
}

/// Aligned columns: numbers to the right, text to the left, the widest text columns cut when a terminal is too narrow.
///
/// The widths come from the first rows. Later rows that are wider stick out, except on a terminal, where they are cut.
struct TableText {
  /// Cells that are wider are not waited for by the others of their column: each row would be as long as the longest.
  private static let mostPadding = 200

  let header: [String]
  private let style: TableStyle
  private var widths: [Int]
  private var numeric: [Bool]
  private let isCut: Bool
  /// Whether a line fits into the columns of the terminal, with its texts cut to 8 columns each; true where there are none.
  private(set) var fits = true

  /// - Parameter columns: of the terminal; nil to cut nothing. Markdown is never cut.
  init(header: [String], sample rows: [[ReportValue]], columns: Int?, style: TableStyle = .plain) {
    self.header = header
    self.style = style
    isCut = columns != nil && style != .markdown
    widths = header.map { TerminalText.width(Self.cell(.text($0))) }
    numeric = header.indices.map { i in
      rows.contains { $0[i].isNumeric } && rows.allSatisfy { $0[i].isNumeric || $0[i].isNull }
    }
    for row in rows {
      for (i, value) in row.enumerated() { widths[i] = max(widths[i], TerminalText.width(text(value))) }
    }
    if isCut, let columns {
      shrink(to: columns)
    } else {
      widths = widths.map { min($0, Self.mostPadding) }
    }
  }

  /// Takes columns from the widest text until the line fits, down to 8 a column.
  private mutating func shrink(to columns: Int) {
    let edges = style.edges
    let edgeWidth = edges.left.count + edges.right.count + edges.between.count * (widths.count - 1)
    while widths.reduce(edgeWidth, +) > columns {
      let candidates = widths.indices.filter { !numeric[$0] && widths[$0] > 8 }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else {
        fits = false
        return
      }
      widths[widest] -= 1
    }
  }

  static func cell(_ value: ReportValue) -> String {
    switch value {
    case .null: "-"
    case .boolean(let value): value ? "yes" : "no"
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .number(let value): rounded(value)
    case .text(let text): TerminalText.line(text)
    case .list(let values): values.map(cell).joined(separator: ", ")
    case .encoded(let json): TerminalText.line(String(decoding: json, as: UTF8.self))
    case .record(let record): record.fields.map { "\($0.name) \(cell($0.value))" }.joined(separator: ", ")
    }
  }

  /// Four digits behind the point at most: people compare, programs read JSON.
  private static func rounded(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    guard abs(value) >= 0.001, abs(value) < 1e11 else { return String(value) }
    return String((value * 10_000).rounded() / 10_000)
  }

  /// A cell as the style has it.
  private func text(_ value: ReportValue) -> String {
    let cell = Self.cell(value)
    return style == .markdown ? cell.replacing("|", with: "\\|") : cell
  }

  /// The heading, with the lines around it, without the last line end.
  func headerLine(bold: Bool) -> String {
    let text = line(header.map { .text($0) })
    let heading = bold && style == .plain ? "\u{1b}[1m\(text)\u{1b}[0m" : text
    switch style {
    case .plain: return heading
    case .box: return rule("┌", "┬", "┐") + "\n" + heading + "\n" + rule("├", "┼", "┤")
    case .markdown:
      let rules = widths.indices.map { i in
        numeric[i]
          ? String(repeating: "-", count: max(widths[i] - 1, 2)) + ":"
          : String(repeating: "-", count: max(widths[i], 3))
      }
      return heading + "\n| " + rules.joined(separator: " | ") + " |"
    }
  }

  /// What follows the last row; nil for nothing.
  var footer: String? { style == .box ? rule("└", "┴", "┘") : nil }

  private func rule(_ left: String, _ between: String, _ right: String) -> String {
    left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: between) + right
  }

  /// A row as a block of `name  value` lines, for rows that no line holds.
  func block(_ row: [ReportValue]) -> String {
    let width = header.map(TerminalText.width).max() ?? 0
    return zip(header, row).map { name, value in
      name + String(repeating: " ", count: width - TerminalText.width(name)) + "  \(Self.cell(value))\n"
    }.joined()
  }

  func line(_ row: [ReportValue]) -> String {
    let edges = style.edges
    var line = edges.left
    for (i, value) in row.enumerated() {
      if i > 0 { line += edges.between }
      var cell = text(value)
      if isCut, !numeric[i] { cell = TerminalText.cut(cell, to: widths[i]) }
      let padding = String(repeating: " ", count: max(0, widths[i] - TerminalText.width(cell)))
      if numeric[i] {
        line += padding + cell
      } else {
        line += i == row.count - 1 && style == .plain ? cell : cell + padding
      }
    }
    return line + edges.right
  }
}

extension ReportValue {
  var isNull: Bool {
    if case .null = self { true } else { false }
  }
}
