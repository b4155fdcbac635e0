import CohortActions
import CohortCore

/// Prints rows of named values in the format that was asked for. Standard output carries nothing else.
struct Output {
  let format: OutputFormat
  let terminal: Terminal
  let sink: ByteSink

  init(format: OutputFormat, terminal: Terminal, sink: ByteSink) {
    self.format = format
    self.terminal = terminal
    self.sink = sink
  }

  /// Rows one after the other, for lists of any length.
  ///
  /// - Parameter lines: `--format json` prints an object a line instead of one array, for streams whose reader starts
  ///   before the end.
  func rows(_ columns: [ReportColumn], lines: Bool = false) -> RowPrinter {
    RowPrinter(columns: columns, lines: lines, format: format, terminal: terminal, sink: sink)
  }

  /// All rows of a list.
  func list(_ columns: [ReportColumn], _ records: some Sequence<ReportRecord>) throws {
    let printer = rows(columns)
    for record in records { try printer.print(record) }
    try printer.finish()
  }

  /// One record: `name  value` lines for people, one object or row for programs.
  func record(_ record: ReportRecord) throws {
    switch format {
    case .json, .jsonl:
      try sink.write {
        JSONText.append(record, to: &$0)
        $0.append(UInt8(ascii: "\n"))
      }
    case .csv: try list(record.fields.map { ReportColumn($0.name) }, [record])
    case .box, .markdown:
      try list(["field", "value"], record.fields.map { ["field": .text($0.name), "value": $0.value] })
    case .table:
      let width = record.fields.map { TerminalText.width($0.name) }.max() ?? 0
      for field in record.fields {
        let padding = String(repeating: " ", count: width - TerminalText.width(field.name))
        try sink.write("\(field.name)\(padding)  \(TableText.cell(field.value))\n")
      }
    }
  }

  /// Free text for people. What a sample says goes through here, made harmless when a terminal shows it.
  func text(_ text: String) throws { try sink.write(terminal.isTerminal ? TerminalText.block(text) : text) }

  /// Bytes as they are: exports, scripts, manual pages.
  func raw(_ text: String) throws { try sink.write(text) }

  func flush() throws { try sink.flush() }
}

/// Prints rows as they come.
final class RowPrinter {
  /// Rows that a table looks at before it decides on its widths.
  private static let sampleSize = 256

  private let columns: [ReportColumn]
  private let isArray: Bool
  private let format: OutputFormat
  private let terminal: Terminal
  private let sink: ByteSink
  private var count = 0
  private var waiting: [[ReportValue]] = []
  private var table: TableText?
  private var isFirstBlock = true

  init(columns: [ReportColumn], lines: Bool, format: OutputFormat, terminal: Terminal, sink: ByteSink) {
    self.columns = format.tableStyle == nil ? columns : columns.filter(\.inTable)
    isArray = format == .json && !lines
    self.format = format
    self.terminal = terminal
    self.sink = sink
  }

  func print(_ record: ReportRecord) throws {
    defer { count += 1 }
    switch format {
    case .json, .jsonl:
      if isArray { sink.isArrayOpen = true }
      try sink.write { bytes in
        if isArray { bytes.append(contentsOf: (count == 0 ? "[\n" : ",\n").utf8) }
        JSONText.append(record, to: &bytes)
        if !isArray { bytes.append(UInt8(ascii: "\n")) }
      }
    case .csv:
      try csvHeader()
      let cells = columns.map { CSVText.cell(record[$0.name] ?? .null) }
      try sink.write { CSVRow.append(terminal.isTerminal ? cells.map(TerminalText.block) : cells, to: &$0) }
    case .table, .box, .markdown:
      let row = columns.map { record[$0.name] ?? .null }
      if let table {
        try write(row, table)
      } else {
        waiting.append(row)
        if waiting.count == Self.sampleSize { try startTable() }
      }
    }
  }

  /// Hands what was printed to the reader now. A table starts with the rows it has.
  func flush() throws {
    if format.tableStyle != nil, table == nil { try startTable() }
    try sink.flush()
  }

  /// Ends the list. An empty list is `[]`, or a header alone.
  func finish() throws {
    switch format {
    case .json where isArray:
      sink.isArrayOpen = false
      try sink.write(count == 0 ? "[]\n" : "\n]\n")
    case .json, .jsonl: break
    case .csv: try csvHeader()
    case .table, .box, .markdown:
      if table == nil { try startTable() }
      if let footer = table?.footer { try sink.write(footer + "\n") }
    }
  }

  private func csvHeader() throws {
    guard count == 0 else { return }
    try sink.write { CSVRow.append(columns.map(\.name), to: &$0) }
  }

  private func startTable() throws {
    let table = TableText(
      header: columns.map(\.name), sample: waiting, columns: terminal.columns, style: format.tableStyle ?? .plain)
    self.table = table
    if table.fits || waiting.isEmpty { try sink.write(table.headerLine(bold: terminal.hasColor) + "\n") }
    for row in waiting { try write(row, table) }
    waiting = []
  }

  /// A line, or where the terminal is too narrow for the columns a block, with an empty line between two.
  private func write(_ row: [ReportValue], _ table: TableText) throws {
    if table.fits { return try sink.write(table.line(row) + "\n") }
    try sink.write((isFirstBlock ? "" : "\n") + table.block(row))
    isFirstBlock = false
  }
}
