internal import CohortReading
internal import CohortCore
internal import CohortStore

extension EmbeddedText {
  /// This text of a stored sample. Of a prompt and of both, the texts of its messages, joined by newlines; of a response, its
  /// answer: reasoning at the beginning of a text says little of what the text is about. Empty when there is none.
  func read(from sample: SampleView) throws -> String {
    try sample.withParts { view in
      switch self {
      case .prompt: String(decoding: SampleContent.PartsView.joined(view.prompt), as: UTF8.self)
      case .response: view.response.map { String(decoding: $0.parts.answer, as: UTF8.self) } ?? ""
      case .both: String(decoding: SampleContent.PartsView.joined(view.messages), as: UTF8.self)
      }
    }
  }
}
