internal import CohortCore
internal import CohortStore
internal import Foundation

/// One sample as a line of JSON. Keys keep their order, so that the same sample gives the same bytes.
enum ExportedRow {
  /// - Throws: `SkipReason` when the layout cannot hold the sample.
  static func json(_ sample: StoredSample, as layout: ExportLayout, task: String?) throws -> String {
    var fields: [(String, String)] = []
    switch layout {
    case .messages:
      fields.append(("messages", "[" + sample.messages.map(openAI).joined(separator: ",") + "]"))
    case .sharegpt:
      let turns = sample.messages.filter { $0.role != .system }
      fields.append(("conversations", try "[" + turns.map(shareGPT).joined(separator: ",") + "]"))
      if let system = try onlySystem(sample) { fields.append(("system", quoted(system))) }
    case .alpaca:
      let (prompt, response) = try singleTurn(sample)
      fields.append(("instruction", quoted(prompt)))
      fields.append(("input", "\"\""))
      fields.append(("output", quoted(response)))
      if let system = try onlySystem(sample) { fields.append(("system", quoted(system))) }
    case .promptCompletion:
      if isPromptAndResponse(sample), let (prompt, response) = try? singleTurn(sample) {
        fields.append(("prompt", quoted(prompt)))
        fields.append(("completion", quoted(response)))
      } else {
        guard let last = sample.parts.response, last == sample.messages.count - 1 else { throw SkipReason.noResponse }
        fields.append(("prompt", "[" + sample.messages[..<last].map(openAI).joined(separator: ",") + "]"))
        fields.append(("completion", "[" + openAI(sample.messages[last]) + "]"))
      }
    }
    if !sample.tools.isEmpty { fields.append(("tools", String(decoding: sample.tools, as: UTF8.self))) }
    if let task { fields.append(("task", quoted(task))) }
    let attributes = try tail(sample, taken: fields.map(\.0))
    return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + attributes + "}"
  }

  enum SkipReason: String, Error {
    case severalTurns = "several-turns"
    case noResponse = "no-response"
    case toolMessages = "tool-messages"
    case severalSystemMessages = "several-system-messages"
    case extras = "message-extras"
  }

  private static func openAI(_ message: Message) -> String {
    var text = "{\"role\":\(quoted(message.role.name)),\"content\":\(quoted(message.text))"
    if message.extra.count > 2 {
      // A JSON object: its members join those of the message.
      text += "," + String(decoding: message.extra.dropFirst().dropLast(), as: UTF8.self)
    }
    return text + "}"
  }

  private static func shareGPT(_ message: Message) throws -> String {
    let isCall = message.role == .assistant && message.text.isEmpty && !message.extra.isEmpty
    // A turn has one value: a call beside text, or a name, has no place.
    guard isCall || message.extra.isEmpty else { throw SkipReason.extras }
    let from =
      switch message.role {
      case .user: "human"
      case .assistant: isCall ? "function_call" : "gpt"
      case .tool: "observation"
      case .system, .other: message.role.name
      }
    let value = isCall ? String(decoding: message.extra, as: UTF8.self) : message.text
    return "{\"from\":\(quoted(from)),\"value\":\(quoted(value))}"
  }

  /// Whether two strings hold all that a sample says.
  private static func isPromptAndResponse(_ sample: StoredSample) -> Bool {
    sample.messages.map(\.role) == [.user, .assistant] || sample.messages.map(\.role) == [.assistant]
  }

  /// Prompt and response of a sample with one question and one answer.
  private static func singleTurn(_ sample: StoredSample) throws -> (String, String) {
    let turns = sample.messages.filter { $0.role != .system }
    guard turns.allSatisfy({ $0.extra.isEmpty && $0.role != .tool }) else { throw SkipReason.toolMessages }
    guard let response = turns.last, response.role == .assistant else { throw SkipReason.noResponse }
    guard turns.count <= 2 else { throw SkipReason.severalTurns }
    return (turns.count == 2 ? turns[0].text : "", response.text)
  }

  private static func onlySystem(_ sample: StoredSample) throws -> String? {
    let system = sample.messages.filter { $0.role == .system }
    guard system.count <= 1 else { throw SkipReason.severalSystemMessages }
    return system.first?.text
  }

  /// The attributes, as members of the row: the bytes as they are stored, unless the layout uses one of their keys.
  private static func tail(_ sample: StoredSample, taken: [String]) throws -> String {
    guard sample.attributes.count > 2 else { return "" }
    let attributes: [String: AttributeValue]
    do {
      attributes = try JSONDecoder().decode([String: AttributeValue].self, from: Data(sample.attributes))
    } catch {
      throw CohortError(
        .pipelineAttributes, "The attributes of a sample are not a JSON object", place: "sample \(sample.id)",
        cause: "\(error)")
    }
    if taken.allSatisfy({ attributes[$0] == nil }) {
      return "," + String(decoding: sample.attributes.dropFirst().dropLast(), as: UTF8.self)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = ""
    for (key, value) in attributes.sorted(by: { $0.key < $1.key }) where !taken.contains(key) {
      text += ",\(quoted(key)):\(String(decoding: try encoder.encode(value), as: UTF8.self))"
    }
    return text
  }

  static func quoted(_ text: String) -> String { JSONString.quoted(text, .lines) }
}
