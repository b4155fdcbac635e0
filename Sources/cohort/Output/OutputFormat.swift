import ArgumentParser

/// How data is printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// Aligned columns for people.
  case table
  /// One JSON document; long streams are one object a line.
  case json
  /// One JSON object a line.
  case jsonl
  /// RFC 4180, with a header.
  case csv

  /// Programs read it: errors are objects too.
  var isJSON: Bool { self == .json || self == .jsonl }
}
