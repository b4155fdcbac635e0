import ArgumentParser

/// How data is printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// Aligned columns for people.
  case table
  /// The same with lines around the cells.
  case box
  /// A table of Markdown.
  case markdown
  /// One JSON document; long streams are one object a line.
  case json
  /// One JSON object a line.
  case jsonl
  /// RFC 4180, with a header.
  case csv

  /// Programs read it: errors are objects too.
  var isJSON: Bool { self == .json || self == .jsonl }

  /// How tables are drawn; nil for forms that are no tables.
  var tableStyle: TableStyle? {
    switch self {
    case .table: .plain
    case .box: .box
    case .markdown: .markdown
    case .json, .jsonl, .csv: nil
    }
  }
}
