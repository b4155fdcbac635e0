internal import CohortCore

/// How a text is divided into records, as its beginning, its name and the options say.
struct TextPlan {
  enum Division {
    case lines, array, documents
    /// The elements of a list under a key.
    case list(key: String, inner: String?)
    /// A document by columns; it must be in memory.
    case columns
    case table(TableForm, line: UInt64)
  }

  var division = Division.lines
  /// Where the division begins.
  var start = 0
  /// What ends a line of JSON lines.
  var lineEnd: UInt8 = 0x0a
  /// What the user should know.
  var notes: [String] = []

  /// - Parameters:
  ///   - head: the first bytes, without a byte order mark.
  ///   - isWhole: these are all bytes.
  /// - Throws: `ingestion.unknown-format` and `ingestion.not-a-table` for what is neither JSON nor a table,
  ///   `ingestion.no-split`.
  init(
    _ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, name: FileName, options: IngestionOptions, parser: JSONParser,
    path: String
  ) throws(CohortError) {
    lineEnd = TextSniffing.lineEnd(of: head)
    if let format = options.format {
      switch format {
      case .lines: division = .lines
      case .array: division = .array
      case .documents: division = .documents
      case .csv, .tsv:
        take(
          TableSniffing(
            head, isWhole: isWhole, usual: format == .tsv ? 0x09 : 0x2c, isFixed: format == .tsv,
            quoting: options.quoting))
      }
      return
    }
    let isTableName = name.format == .csv || name.format == .tsv
    let first = head.firstIndex { !TextSniffing.isSpace($0) }
    switch first.map({ head[$0] }) {
    case 0x5b? where !isTableName || TextSniffing.looksLikeJSON(head, from: first ?? 0):
      let isLines = TextSniffing.isArrayOnEachLine(head, isWhole: isWhole, parser: parser)
      division = isLines ? .lines : .array
    case 0x7b? where !isTableName || TextSniffing.looksLikeJSON(head, from: first ?? 0):
      try takeObjects(head, from: first ?? 0, isWhole, options, parser, path)
    default: try takeOther(head, isWhole, name, options, path)
    }
  }

  private mutating func takeObjects(
    _ head: UnsafeBufferPointer<UInt8>, from first: Int, _ isWhole: Bool, _ options: IngestionOptions,
    _ parser: JSONParser, _ path: String
  ) throws(CohortError) {
    if let wrapper = try WrapperSniffing.division(of: head, from: first, options: options, path: path) {
      switch wrapper.division {
      case .columns: division = .columns
      case .list(let key, let inner): division = .list(key: key, inner: inner)
      }
      if let note = wrapper.note { notes.append(note) }
    } else {
      division =
        TextSniffing.isOneDocumentOverLines(head, isWhole: isWhole, parser: parser) ? .documents : .lines
    }
  }

  /// What begins with neither a brace nor a bracket.
  private mutating func takeOther(
    _ head: UnsafeBufferPointer<UInt8>, _ isWhole: Bool, _ name: FileName, _ options: IngestionOptions, _ path: String
  ) throws(CohortError) {
    let isBlank = head.allSatisfy(TextSniffing.isSpace)
    if isBlank, name.format == nil { return }
    if name.format == nil, head.prefix(4096).contains(0) {
      throw CohortError(
        .ingestionUnknownFormat, "the input is binary data of an unknown format", place: path,
        hint: "Read are JSONL, JSON arrays, CSV and TSV, plain or packed with gzip or zstd")
    }
    let usual: UInt8? = name.format == .csv ? 0x2c : name.format == .tsv ? 0x09 : nil
    let table = TableSniffing(head, isWhole: isWhole, usual: usual, quoting: options.quoting)
    switch name.format {
    case .csv, .tsv: take(table)
    case .none:
      guard table.isTable else {
        throw CohortError(
          .ingestionNotATable, "the input is neither JSON nor a table", place: path,
          cause: "its first line is '\(Self.excerpt(head))'",
          hint: "Read are JSON lines, JSON, and tables with a header. A table with one column needs --layout csv")
      }
      take(table)
    default:
      guard !isBlank, table.isClearlyTable else { return }
      take(table)
      notes.append("is a table and not JSON, whatever its name says")
    }
  }

  private mutating func take(_ table: TableSniffing) {
    division = .table(table.form, line: table.line)
    start = table.start
    if let note = table.note { notes.append(note) }
  }

  private static func excerpt(_ head: UnsafeBufferPointer<UInt8>) -> String {
    let line = head.drop(while: TextSniffing.isSpace).prefix(60).prefix { $0 >= 0x20 }
    return String(decoding: line, as: UTF8.self)
  }
}
