/// The canonical bytes of a sample's messages: what is stored, hashed for identity and read back. Layout in
/// `Schemas/sample-content.md`:
///
/// ```
/// u8      layout version (1)
/// varint  number of messages
/// blob    tools: JSON array as UTF-8, empty when there are none
/// message × n:
///   u8      role: 0 system, 1 user, 2 assistant, 3 tool, 255 other
///   string  role name, only for 255
///   blob    extra: JSON object as UTF-8, empty when there is none
///   blob    text as UTF-8
/// ```
public enum SampleContent {
  /// The first byte of the content; readers refuse any other.
  public static let layoutVersion: UInt8 = 1

  static func code(of role: MessageRole) -> UInt8 {
    switch role {
    case .system: 0
    case .user: 1
    case .assistant: 2
    case .tool: 3
    case .other: 255
    }
  }

  /// The canonical bytes of some messages.
  public static func encode(_ messages: [Message], tools: [UInt8] = []) -> [UInt8] {
    var writer = ByteWriter(capacity: 16 + messages.reduce(0) { $0 + $1.text.utf8.count + $1.extra.count + 8 })
    writer.fixed(layoutVersion)
    writer.varint(messages.count)
    writer.blob(tools)
    for message in messages {
      writer.fixed(code(of: message.role))
      if case .other(let name) = message.role { writer.string(name) }
      writer.blob(message.extra)
      writer.string(message.text)
    }
    return writer.bytes
  }

  /// Reads canonical bytes back.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws -> (messages: [Message], tools: [UInt8]) {
    var messages: [Message] = []
    let tools = try visit(bytes) { role, extra, text in
      guard let string = String(validating: text.bindMemory(to: UInt8.self), as: UTF8.self) else {
        throw CohortError.invalid("the text of a message", cause: "not UTF-8")
      }
      messages.append(Message(role: role, text: string, extra: [UInt8](extra)))
    }
    return (messages, tools)
  }

  /// Calls `body` with each message in place, without copying text. The buffers are valid only inside `body`.
  /// - Returns: the tools, as JSON, empty when there are none.
  @discardableResult
  public static func visit(
    _ bytes: UnsafeRawBufferPointer,
    _ body: (_ role: MessageRole, _ extra: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) throws -> Void
  ) throws -> [UInt8] {
    try ByteReader.decode(bytes) { reader in
      let version = try reader.fixed(UInt8.self)
      guard version == layoutVersion else {
        throw CohortError.invalid("the sample's layout version", at: 0, cause: "\(version) is not known")
      }
      let count = try reader.count(unit: 3)
      let tools = [UInt8](try reader.blob())
      for _ in 0..<count {
        let role: MessageRole
        switch try reader.fixed(UInt8.self) {
        case 0: role = .system
        case 1: role = .user
        case 2: role = .assistant
        case 3: role = .tool
        case 255: role = .other(try reader.string())
        case let code: throw CohortError.invalid("a role", at: reader.offset - 1, cause: "code \(code)")
        }
        let extra = try reader.blob()
        try body(role, extra, try reader.blob())
      }
      return tools
    }
  }
}
