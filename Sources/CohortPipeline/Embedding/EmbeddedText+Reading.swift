internal import CohortCore
internal import CohortStore

extension EmbeddedText {
  /// This text of a stored sample: its messages' texts, joined by newlines. Empty when there is none.
  func read(from view: SampleView) throws -> String {
    var texts: [(isAssistant: Bool, text: UnsafeRawBufferPointer)] = []
    try SampleContent.visit(view.content) { role, _, text in texts.append((role == .assistant, text)) }
    let response = texts.lastIndex(where: \.isAssistant)
    let chosen =
      switch self {
      case .prompt: texts[..<(response ?? texts.endIndex)]
      case .response: response.map { texts[$0...$0] } ?? []
      case .both: texts[...]
      }
    if let only = chosen.first, chosen.count == 1 { return String(decoding: only.text, as: UTF8.self) }
    return chosen.map { String(decoding: $0.text, as: UTF8.self) }.joined(separator: "\n")
  }
}
