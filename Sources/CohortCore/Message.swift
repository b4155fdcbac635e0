/// Who speaks.
public enum MessageRole: Hashable, Sendable {
  /// Instructions that stand above the conversation.
  case system
  /// Whoever asks.
  case user
  /// The model: its last message that is trained on is the sample's response.
  case assistant
  /// What a tool that was called gave back.
  case tool
  /// Any other role, by its name in the source.
  case other(String)

  /// The role of a name in a source, spelled exactly so; any unknown name is `other`.
  public init(name: String) {
    switch name {
    case "system": self = .system
    case "user": self = .user
    case "assistant": self = .assistant
    case "tool": self = .tool
    default: self = .other(name)
    }
  }

  /// The role as sources name it; `MessageRole(name:)` reads it back.
  public var name: String {
    switch self {
    case .system: "system"
    case .user: "user"
    case .assistant: "assistant"
    case .tool: "tool"
    case .other(let name): name
    }
  }
}

/// One turn of a sample. `extra` is a JSON object with what the turn carries besides text (`name`, `tool_calls`,
/// `reasoning_content`, `weight`, …), as UTF-8, empty when there is nothing. What of it is reasoning and calls says
/// `MessageParts`, whether the turn is trained on `SampleContent.isMasked`.
public struct Message: Hashable, Sendable {
  /// Who speaks; decides what is prompt and what is response.
  public var role: MessageRole
  /// What is said, kept as the source has it.
  public var text: String
  /// UTF-8 of one JSON object, or empty.
  public var extra: [UInt8]

  public init(role: MessageRole, text: String, extra: [UInt8] = []) {
    self.role = role
    self.text = text
    self.extra = extra
  }
}
