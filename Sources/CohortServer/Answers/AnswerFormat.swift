internal import CohortActions
internal import CohortCore

/// How rows and records are written.
enum AnswerFormat: String, CaseIterable, Sendable {
  case json = "application/json"
  /// A JSON object a line.
  case ndjson = "application/x-ndjson"
  case csv = "text/csv"

  /// What a client likes best of `offers`, whose first is the server's choice.
  /// - Parameter accept: the values of all `Accept` headers; none or an empty one accepts anything.
  /// - Throws: `server.not-acceptable`.
  static func choose(_ accept: [String], from offers: [AnswerFormat]) throws(CohortError) -> AnswerFormat {
    let ranges = accept.joined(separator: ",").split(separator: ",").compactMap { Range($0) }
    guard !ranges.isEmpty, let first = offers.first else { return .json }
    var best = (format: first, quality: 0.0)
    for offer in offers {
      // The range that says most about the type decides.
      let quality = ranges.filter { $0.includes(offer) }.max { $0.precision < $1.precision }?.quality ?? 0
      if quality > best.quality { best = (offer, quality) }
    }
    guard best.quality > 0 else {
      throw CohortError(
        .serverNotAcceptable, "The answer cannot be given in any type that the request accepts",
        hint: "Accept one of " + offers.map(\.rawValue).joined(separator: ", "))
    }
    return best.format
  }

  /// One entry of an `Accept` header: `text/*;q=0.5`.
  private struct Range {
    let type: Substring
    let subtype: Substring
    var quality = 1.0

    init?(_ text: Substring) {
      let parts = text.split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
      guard let media = parts.first?.prefix(while: { $0 != " " }), let slash = media.firstIndex(of: "/") else {
        return nil
      }
      type = Substring(media[..<slash].lowercased())
      subtype = Substring(media[media.index(after: slash)...].lowercased())
      for part in parts.dropFirst() where part.lowercased().hasPrefix("q=") {
        quality = Double(part.dropFirst(2).prefix { $0 != " " }).map { min(max($0, 0), 1) } ?? 0
      }
    }

    /// Exact ones say more than those with stars.
    var precision: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func includes(_ format: AnswerFormat) -> Bool {
      let media = format.rawValue.split(separator: "/")
      if format == .ndjson, type == "application", ["ndjson", "jsonl", "x-jsonlines"].contains(subtype) { return true }
      return (type == "*" || type == media[0]) && (subtype == "*" || subtype == media[1])
    }
  }
}

/// Writes rows one after the other in a format.
struct RowText {
  private let format: AnswerFormat
  /// The names of a table's columns; the first row's, where they were not known before.
  private var columns: [String]?
  private var count = 0
  /// What was written and not taken yet.
  private(set) var bytes: [UInt8] = []

  init(_ format: AnswerFormat, columns: [String]?) {
    self.format = format
    self.columns = columns
    if format == .json { bytes.append(UInt8(ascii: "[")) }
    if format == .csv, let columns { CSVRow.append(columns, to: &bytes) }
  }

  mutating func append(_ row: ReportRecord) {
    switch format {
    case .json:
      if count > 0 { bytes.append(UInt8(ascii: ",")) }
      JSONText.append(row, to: &bytes)
    case .ndjson:
      JSONText.append(row, to: &bytes)
      bytes.append(0x0a)
    case .csv:
      if columns == nil {
        let names = row.fields.map(\.name)
        columns = names
        CSVRow.append(names, to: &bytes)
      }
      var cells = (columns ?? []).map { row[$0].map { CSVText.cell($0) } ?? "" }
      // Equal names are not merged: then the row's own order counts.
      if let columns, row.fields.lazy.map(\.name).elementsEqual(columns) {
        cells = row.fields.map { CSVText.cell($0.value) }
      }
      CSVRow.append(cells, to: &bytes)
    }
    count += 1
  }

  /// There are no more rows.
  mutating func finish() {
    if format == .json { bytes.append(contentsOf: "]\n".utf8) }
  }

  /// Gives away what was written so far.
  mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }
}
