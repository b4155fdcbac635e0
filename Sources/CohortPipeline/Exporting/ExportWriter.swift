internal import CohortCore
internal import CohortStore

/// What the lines of a file have in common: what a reader must be told of it.
struct ExportFacts {
  var lines: UInt64 = 0
  /// Keys that some line has for a part of the sample.
  var keys: Set<String> = []
  /// Some sample has calls, messages of tools, or tools on offer.
  var hasTools = false
  /// Lines whose attribute `label` is true or false.
  var labelled: UInt64 = 0
  /// Lines whose attribute `rejected` is a text.
  var rejectedTexts: UInt64 = 0
}

/// Makes the lines of an export, and counts what it could not write as it is.
struct ExportWriter {
  private let request: ExportRequest
  private let form: ExportedRow.Form
  private let reservesTask: Bool
  /// Since `begin`.
  private(set) var lines: [UInt8] = []
  private(set) var report = ExportReport()
  private(set) var facts = ExportFacts()

  /// - Parameter reservesTask: whether some sample of the store has a task.
  init(_ request: ExportRequest, form: ExportedRow.Form, reservesTask: Bool) {
    self.request = request
    self.form = form
    self.reservesTask = reservesTask
  }

  /// Forgets the lines. The first ones of a table begin with its header.
  mutating func begin() {
    lines.removeAll(keepingCapacity: true)
    guard request.layout == .csv, report.bytes == 0 else { return }
    CSVRow.append(ExportedRow.cellNames, to: &lines)
    report.bytes = UInt64(lines.count)
  }

  /// Adds the line of a sample, if it is there and has the task.
  mutating func add(_ id: SampleID, wanted: TaskID?, _ transaction: borrowing ReadTransaction) throws {
    guard let sample = try transaction.sample(id) else {
      report.deleted += 1
      return
    }
    if let wanted, sample.task != wanted { return }
    var row = ExportedRow(sample: sample, task: try transaction.task(sample.task)?.name)
    row.reservesTask = reservesTask
    row.columns = try columns(of: sample, transaction)
    do {
      let before = lines.count
      if request.layout == .csv {
        CSVRow.append(try row.cells(), to: &lines)
      } else {
        let line = try row.line(as: request.layout, form)
        lines += line.finished
        for key in line.renamed { report.renamed[key, default: 0] += 1 }
        note(row, line)
      }
      report.bytes += UInt64(lines.count - before)
      report.written += 1
    } catch let reason as ExportSkip {
      report.skipped[reason.rawValue, default: 0] += 1
    }
  }

  private func columns(
    of sample: StoredSample, _ transaction: borrowing ReadTransaction
  ) throws -> [(key: String, value: ExportedRow.Column)] {
    var columns: [(key: String, value: ExportedRow.Column)] = []
    for column in ExportColumn.allCases where request.layout.hasAllColumns || request.columns.contains(column) {
      switch column {
      case .ids: columns.append(("id", .number(sample.id.rawValue)))
      case .source: columns.append(("source", .text(try transaction.source(sample.source)?.name ?? "")))
      case .lengths:
        let lengths = try transaction.lengths(sample.id)
        columns.append(("prompt_length", .number(UInt64(lengths.prompt))))
        columns.append(("response_length", .number(UInt64(lengths.response))))
        columns.append(("total_length", .number(UInt64(lengths.total))))
      case .line: columns.append(("line", .number(sample.line)))
      }
    }
    return columns
  }

  private mutating func note(_ row: ExportedRow, _ line: ExportedLine) {
    facts.lines += 1
    facts.keys.formUnion(line.keys)
    if !facts.hasTools {
      facts.hasTools =
        !row.sample.tools.isEmpty
        || row.sample.messages.contains { $0.role == .tool || !$0.extra.isEmpty && ExportedRow.hasCalls($0) }
    }
    if let label = row.attribute("label"), label == Array("true".utf8) || label == Array("false".utf8) {
      facts.labelled += 1
    }
    if request.layout == .preference, row.attribute("rejected")?.first == UInt8(ascii: "\"") {
      facts.rejectedTexts += 1
    }
  }
}
