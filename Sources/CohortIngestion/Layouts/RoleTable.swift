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
  private let table: KeyTable

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
    let named = given.sorted { $0.key < $1.key }.map { (KeyFolding.folded($0.key), $0.value) }
    // Each name once.
    let own = Dictionary(named) { first, _ in first }
    let others = Self.known.filter { own[$0.0] == nil }
    table = KeyTable(
      (own.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + others).map { name, role in
        (key: name, bits: UInt32(TurnRole.allCases.firstIndex(of: role) ?? 0))
      })
  }

  /// nil for a name that nobody knows.
  func role(named name: UnsafeTape.Text) -> TurnRole? {
    guard let index = table.index(of: name) ?? table.foldedIndex(of: name) else { return nil }
    return TurnRole.allCases[Int(table.bits(at: index))]
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
