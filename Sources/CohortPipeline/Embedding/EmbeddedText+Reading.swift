internal import CohortReading
internal import CohortCore
internal import CohortStore

extension EmbeddedText {
  /// This text of a stored sample: its messages' texts, joined by newlines. Empty when there is none.
  func read(from sample: SampleView) throws -> String {
    try sample.withParts { view in
      let chosen =
        switch self {
        case .prompt: view.prompt
        case .response: view.messages[(view.parts.response ?? view.messages.endIndex)...].prefix(1)
        case .both: view.messages[...]
        }
      return String(decoding: SampleContent.PartsView.joined(chosen), as: UTF8.self)
    }
  }
}
