internal import CohortActions

/// Writes JSON for people who compare two versions of a file: a member a line, what is short on one line.
enum PrettyJSON {
  private static let lineLength = 110

  /// The text of a value, ending in a line feed.
  static func text(_ value: ReportValue) -> String {
    var text = ""
    append(value, indentation: 0, column: 0, to: &text)
    return text + "\n"
  }

  private static func append(_ value: ReportValue, indentation: Int, column: Int, to text: inout String) {
    let short = line(value)
    if column + short.count <= lineLength {
      text += short
      return
    }
    let inner = String(repeating: " ", count: indentation + 2)
    let outer = String(repeating: " ", count: indentation)
    switch value {
    case .list(let values):
      for (index, value) in values.enumerated() {
        text += (index == 0 ? "[\n" : ",\n") + inner
        append(value, indentation: indentation + 2, column: indentation + 2, to: &text)
      }
      text += "\n\(outer)]"
    case .record(let record):
      for (index, field) in record.fields.enumerated() {
        let key = JSONText.string(.text(field.name)) + ": "
        text += (index == 0 ? "{\n" : ",\n") + inner + key
        append(field.value, indentation: indentation + 2, column: indentation + 2 + key.count, to: &text)
      }
      text += "\n\(outer)}"
    default: text += short
    }
  }

  /// The value on one line, with spaces.
  private static func line(_ value: ReportValue) -> String {
    switch value {
    case .list(let values): "[" + values.map(line).joined(separator: ", ") + "]"
    case .record(let record) where record.fields.isEmpty: "{}"
    case .record(let record):
      "{ " + record.fields.map { "\(JSONText.string(.text($0.name))): \(line($0.value))" }.joined(separator: ", ")
        + " }"
    default: JSONText.string(value)
    }
  }
}
