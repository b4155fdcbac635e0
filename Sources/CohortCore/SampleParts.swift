/// Which messages of a sample are its prompt, and which is its response: the response is the last message of the
/// assistant, the prompt is what stands before it. What follows the response belongs to neither. Without a message of the
/// assistant there is no response, and all messages are the prompt.
///
/// The one place that says so: ingestion, lengths, encoders, trainers and exports ask here.
public struct SampleParts: Hashable, Sendable {
  /// How many messages the sample has.
  public let count: Int
  /// Index of the response; nil when there is none.
  public let response: Int?

  /// Indices of the prompt's messages.
  public var prompt: Range<Int> { 0..<(response ?? count) }

  /// The parts of messages that are known by their roles only.
  /// - Parameter isAssistant: whether a message is the assistant's, by its index; asked from the end.
  /// - Complexity: O(messages behind the response).
  public init(count: Int, isAssistant: (Int) -> Bool) {
    self.count = count
    response = (0..<count).last(where: isAssistant)
  }

  /// The parts of a conversation. Complexity: O(messages behind the response).
  public init(_ messages: [Message]) {
    self.init(count: messages.count) { messages[$0].role == .assistant }
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

extension SampleContent {
  /// A message in place. Valid only inside the closure that got it.
  public struct MessageView {
    /// Who speaks.
    public let role: MessageRole
    /// A JSON object, empty when there is none.
    public let extra: UnsafeRawBufferPointer
    /// The message's text in UTF-8, in place.
    public let text: UnsafeRawBufferPointer
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
    let parts = SampleParts(count: messages.count) { messages[$0].role == .assistant }
    return try body(PartsView(messages: messages, parts: parts))
  }
}
