/// Which messages of a sample are its prompt, and which is its response: the response is the last message of the
/// assistant that is trained on, the prompt is what stands before it. What follows the response belongs to neither. A message
/// says itself that it is not trained on (`SampleContent.isMasked`); if all of the assistant say so, the last of them is the
/// response. Without a message of the assistant there is no response, and all messages are the prompt.
///
/// The one place that says so: ingestion, lengths, encoders, trainers and exports ask here.
public struct SampleParts: Hashable, Sendable {
  /// What a message can be to the rule.
  public enum Turn: Hashable, Sendable {
    /// Not the assistant's.
    case other
    /// The assistant's, and not trained on.
    case masked
    /// The assistant's.
    case trained
  }

  /// How many messages the sample has.
  public let count: Int
  /// Index of the response; nil when there is none.
  public let response: Int?
  /// Whether there is a response, and it is trained on.
  public let isTrained: Bool

  /// Indices of the prompt's messages.
  public var prompt: Range<Int> { 0..<(response ?? count) }

  /// The parts of messages that are known by what they are to the rule.
  /// - Parameter turn: what a message is, by its index; asked from the end.
  /// - Complexity: O(messages behind the response); O(messages) when none is trained on.
  public init(count: Int, turn: (Int) -> Turn) {
    self.count = count
    var last: Int?
    for index in (0..<count).reversed() {
      switch turn(index) {
      case .other: continue
      case .masked: last = last ?? index
      case .trained:
        (response, isTrained) = (index, true)
        return
      }
    }
    (response, isTrained) = (last, false)
  }

  /// The parts of a conversation. Complexity: as `init(count:turn:)`, and O(bytes) of the extra objects looked at.
  public init(_ messages: [Message]) {
    self.init(count: messages.count) { index in
      messages[index].extra.withUnsafeBytes { Turn(messages[index].role, extra: $0) }
    }
  }

  /// The lengths of the parts, clamped to 32 bits.
  /// - Parameter length: the length of a message; asked once for each, in order.
  public func lengths(_ length: (Int) throws -> Int) rethrows -> SampleLengths {
    var (prompt, answer, total) = (0, 0, 0)
    for index in 0..<count {
      let length = try length(index)
      total += length
      if self.prompt.contains(index) { prompt += length }
      if index == response { answer = length }
    }
    return SampleLengths(
      prompt: UInt32(clamping: prompt), response: UInt32(clamping: answer), total: UInt32(clamping: total))
  }
}

extension SampleParts.Turn {
  /// - Parameter extra: the message's extra object in canonical JSON; empty when there is none.
  public init(_ role: MessageRole, extra: UnsafeRawBufferPointer) {
    self = role != .assistant ? .other : SampleContent.isMasked(extra) ? .masked : .trained
  }
}

extension SampleContent {
  /// A message in place. Valid only inside the closure that got it.
  public struct MessageView {
    /// Who speaks.
    public let role: MessageRole
    /// A JSON object, empty when there is none.
    public let extra: UnsafeRawBufferPointer
    /// The message's text in UTF-8, in place.
    public let text: UnsafeRawBufferPointer

    /// What of the message is reasoning, answer and calls. Complexity: O(bytes of `extra`).
    public var parts: MessageParts { MessageParts(isAssistant: role == .assistant, extra: extra, text: text) }
  }

  /// The messages of a sample in place, and what is prompt and response among them. Valid only inside the closure that
  /// got it.
  public struct PartsView {
    /// All messages, in order.
    public let messages: [MessageView]
    /// Which of them are prompt and response, by index.
    public let parts: SampleParts

    /// The messages before the response; all where there is none.
    public var prompt: ArraySlice<MessageView> { messages[parts.prompt] }
    /// Nil where there is none.
    public var response: MessageView? { parts.response.map { messages[$0] } }

    /// The texts of some messages, joined by newlines: UTF-8.
    /// - Complexity: O(bytes).
    public static func joined(_ messages: some Collection<MessageView>) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(messages.reduce(0) { $0 + $1.text.count + 1 })
      for (index, message) in messages.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: "\n")) }
        bytes.append(contentsOf: message.text)
      }
      return bytes
    }
  }

  /// Lends the messages of canonical bytes to `body`.
  /// - Throws: `core.invalid`, `core.truncated` for bytes that do not follow the layout; what `body` throws.
  /// - Complexity: O(messages); texts are not looked at.
  public static func withParts<R>(
    of bytes: UnsafeRawBufferPointer, _ body: (PartsView) throws -> R
  ) throws -> R {
    var messages: [MessageView] = []
    try visit(bytes) { messages.append(MessageView(role: $0, extra: $1, text: $2)) }
    let parts = SampleParts(count: messages.count) { SampleParts.Turn(messages[$0].role, extra: messages[$0].extra) }
    return try body(PartsView(messages: messages, parts: parts))
  }
}
