public import CohortCore

/// Who speaks in a turn.
enum TurnRole: String, CaseIterable, Hashable, Sendable {
  case system, user, assistant, tool
  /// The assistant calls a tool: the content is the call as JSON.
  case call

  /// The role's code in `SampleContent`.
  var code: UInt8 {
    switch self {
    case .system: MessageDraft.system
    case .user: MessageDraft.user
    case .assistant, .call: MessageDraft.assistant
    case .tool: MessageDraft.tool
    }
  }
}

/// The names that public data gives to those who speak. Names match without regard to case and outer spaces.
///
/// Sendable because nothing changes after `init`.
final class RoleTable: Sendable {
  private let entries: [(name: [UInt8], role: TurnRole)]

  /// The usual names first: they are looked for in order.
  private static let known: [(String, TurnRole)] = [
    ("user", .user), ("assistant", .assistant), ("human", .user), ("gpt", .assistant), ("system", .system),
    ("tool", .tool), ("function_call", .call), ("observation", .tool), ("function", .tool), ("model", .assistant),
    ("bot", .assistant), ("ai", .assistant), ("chatgpt", .assistant), ("chatbot", .assistant), ("bard", .assistant),
    ("bing", .assistant), ("claude", .assistant), ("gemini", .assistant), ("llama", .assistant), ("gpt-4", .assistant),
    ("gpt4", .assistant), ("gpt-3.5", .assistant), ("gpt-3.5-turbo", .assistant), ("answer", .assistant),
    ("response", .assistant), ("completion", .assistant), ("prompter", .user), ("instruction", .user),
    ("question", .user), ("prompt", .user), ("customer", .user), ("developer", .system), ("context", .system),
    ("ipython", .tool), ("tool_response", .tool), ("function_response", .tool), ("function response", .tool),
    ("tool_result", .tool), ("tool_call", .call), ("tool_calls", .call), ("functioncall", .call),
  ]

  /// - Parameter given: names that count before the known ones.
  init(_ given: [String: TurnRole] = [:]) {
    let own = given.sorted { $0.key < $1.key }.map { (KeyFolding.folded($0.key.utf8), $0.value) }
    entries = own + Self.known.map { (Array($0.0.utf8), $0.1) }
  }

  /// nil for a name that nobody knows.
  func role(named name: UnsafeTape.Text) -> TurnRole? {
    for known in entries where known.name.count == name.count && UnsafeTape.isEqual(name, known.name) {
      return known.role
    }
    let folded = KeyFolding.folded(name)
    return entries.first { $0.name == folded }?.role
  }
}

extension IngestionOptions {
  /// Takes values of `--role`: `NAME=user|assistant|system|tool`.
  /// - Throws: `ingestion.invalid-role`.
  public mutating func addRole(parsing text: String) throws(CohortError) {
    let form = "Write it as --role NAME=user, with user, assistant, system or tool"
    guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
      throw .usage(.ingestionInvalidRole, "'\(text)' is not NAME=ROLE", hint: form)
    }
    let word = String(text[text.index(after: equals)...])
    guard let role = TurnRole(rawValue: word) else {
      throw .usage(.ingestionInvalidRole, "'\(word)' is not a role", hint: form)
    }
    roles[String(text[..<equals])] = role
  }
}
