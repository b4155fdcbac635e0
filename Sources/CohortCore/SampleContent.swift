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

  static func code(of role: MessageRole) -> RoleCode {
    switch role {
    case .system: .system
    case .user: .user
    case .assistant: .assistant
    case .tool: .tool
    case .other: .other
    }
  }

  /// The canonical bytes of some messages.
  public static func encode(_ messages: [Message], tools: [UInt8] = []) -> [UInt8] {
    var writer = ByteWriter(capacity: 16 + messages.reduce(0) { $0 + $1.text.utf8.count + $1.extra.count + 8 })
    writer.fixed(layoutVersion)
    writer.varint(messages.count)
    writer.blob(tools)
    for message in messages {
      writer.fixed(code(of: message.role).rawValue)
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
    func part(_ place: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[place]) }
    let tools = try forEachPlace(in: bytes) { message in
      let role: MessageRole =
        switch message.role {
        case .system: .system
        case .user: .user
        case .assistant: .assistant
        case .tool: .tool
        case .other: .other(try text(part(message.roleName), at: message.roleName.lowerBound))
        }
      try body(role, part(message.extra), part(message.text))
    }
    return [UInt8](part(tools))
  }

  private static func text(_ utf8: UnsafeRawBufferPointer, at offset: Int) throws -> String {
    guard let text = String(validating: utf8.bindMemory(to: UInt8.self), as: UTF8.self) else {
      throw CohortError.invalid("UTF-8 text", at: offset)
    }
    return text
  }
}

extension SampleContent {
  /// Who speaks, as its code in canonical bytes.
  public enum RoleCode: UInt8, Sendable {
    case system = 0
    case user = 1
    case assistant = 2
    case tool = 3
    /// The role's name stands beside the code.
    case other = 255
  }

  /// Where a message lies: offsets from the first of the canonical bytes.
  public struct MessagePlace {
    public let role: RoleCode
    /// Empty unless the role is `other`. UTF-8 if the content is sound; not looked at.
    public let roleName: Range<Int>
    /// A JSON object, empty when there is none.
    public let extra: Range<Int>
    /// The message's text in UTF-8.
    public let text: Range<Int>
  }

  /// Calls `body` with the place of each message, in order: for those who keep the bytes and look at them later.
  /// - Returns: where the tools lie, JSON; empty when there are none.
  /// - Throws: `core.invalid`, `core.truncated` for bytes that do not follow the layout; what `body` throws.
  /// - Complexity: O(messages); texts are not looked at.
  @discardableResult
  public static func forEachPlace(
    in bytes: UnsafeRawBufferPointer, _ body: (MessagePlace) throws -> Void
  ) throws -> Range<Int> {
    try ByteReader.decode(bytes) { reader in
      let version = try reader.byte()
      guard version == layoutVersion else {
        throw CohortError.invalid("the sample's layout version", at: 0, cause: "\(version) is not known")
      }
      let count = try reader.count(unit: 3)
      let tools = try reader.blobPlace()
      for _ in 0..<count {
        let code = try reader.byte()
        guard let role = RoleCode(rawValue: code) else {
          throw CohortError.invalid("a role", at: reader.offset - 1, cause: "code \(code)")
        }
        let name = role == .other ? try reader.blobPlace() : reader.offset..<reader.offset
        let extra = try reader.blobPlace()
        try body(MessagePlace(role: role, roleName: name, extra: extra, text: try reader.blobPlace()))
      }
      return tools
    }
  }
}
