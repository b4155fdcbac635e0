internal import CohortCore
internal import CohortStore

/// A sample as a row of a table: for spreadsheets and data frames.
extension ExportedRow {
  /// The header, in the order of the cells.
  static let cellNames = [
    "id", "source", "line", "task", "prompt", "response", "messages", "tools", "attributes", "prompt_length",
    "response_length", "total_length",
  ]

  /// Nothing where the sample lacks it; lists and objects are JSON.
  /// - Throws: `ExportSkip.messageKeys` where a message would have a key twice.
  func cells() throws(ExportSkip) -> [String] {
    let messages = try openAI(sample.messages[...])
    return Self.cellNames.map { name in
      switch name {
      case "task": task ?? ""
      case "prompt": promptText
      case "response": responseText ?? ""
      case "messages": String(decoding: messages, as: UTF8.self)
      case "tools": String(decoding: sample.tools, as: UTF8.self)
      case "attributes": String(decoding: sample.attributes, as: UTF8.self)
      default:
        switch columns.first(where: { $0.key == name })?.value {
        case .number(let number): String(number)
        case .text(let text): text
        case nil: ""
        }
      }
    }
  }

  /// The texts of the prompt's messages, joined by newlines, as the SQL table `samples` has them.
  var promptText: String { sample.messages[sample.parts.prompt].map(\.text).joined(separator: "\n") }

  /// Nil where there is none.
  var responseText: String? { sample.parts.response.map { sample.messages[$0].text } }
}
