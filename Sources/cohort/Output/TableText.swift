import CohortActions

/// Aligned columns: numbers to the right, text to the left, the widest text columns cut when a terminal is too narrow.
///
/// The widths come from the first rows. Later rows that are wider stick out, except on a terminal, where they are cut.
struct TableText {
  let header: [String]
  private var widths: [Int]
  private var numeric: [Bool]
  private let isCut: Bool
  /// Whether a line fits into the columns of the terminal, with its texts cut to 8 columns each; true where there are none.
  private(set) var fits = true

  init(header: [String], sample rows: [[ReportValue]], columns: Int?) {
    self.header = header
    isCut = columns != nil
    widths = header.map(TerminalText.width)
    numeric = header.indices.map { i in
      rows.contains { $0[i].isNumeric } && rows.allSatisfy { $0[i].isNumeric || $0[i].isNull }
    }
    for row in rows {
      for (i, value) in row.enumerated() { widths[i] = max(widths[i], TerminalText.width(Self.cell(value))) }
    }
    if let columns { shrink(to: columns) }
  }

  /// Takes columns from the widest text until the line fits, down to 8 a column.
  private mutating func shrink(to columns: Int) {
    while widths.reduce(0, +) + 2 * (widths.count - 1) > columns {
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

  func headerLine(bold: Bool) -> String {
    let text = line(header.map { .text($0) })
    return bold ? "\u{1b}[1m\(text)\u{1b}[0m" : text
  }

  /// A row as a block of `name  value` lines, for rows that no line holds.
  func block(_ row: [ReportValue]) -> String {
    let width = header.map(TerminalText.width).max() ?? 0
    return zip(header, row).map { name, value in
      name + String(repeating: " ", count: width - TerminalText.width(name)) + "  \(Self.cell(value))\n"
    }.joined()
  }

  func line(_ row: [ReportValue]) -> String {
    var text = ""
    for (i, value) in row.enumerated() {
      if i > 0 { text += "  " }
      var cell = Self.cell(value)
      if isCut, !numeric[i] { cell = TerminalText.cut(cell, to: widths[i]) }
      let padding = String(repeating: " ", count: max(0, widths[i] - TerminalText.width(cell)))
      if numeric[i] {
        text += padding + cell
      } else {
        text += i == row.count - 1 ? cell : cell + padding
      }
    }
    return text
  }
}

extension ReportValue {
  var isNull: Bool {
    if case .null = self { true } else { false }
  }
}
