import CohortCore
import Testing

/// Lengths counted from stored content.
@Suite struct SampleContentLengthsTests {
  private func lengths(_ messages: [Message]) throws -> [UInt32] {
    let bytes = SampleContent.encode(messages, tools: Array("[1]".utf8))
    let lengths = try bytes.withUnsafeBytes { bytes in
      try SampleContent.withParts(of: bytes) { SampleContent.lengths(of: $0) { $0.count } }
    }
    return [lengths.prompt, lengths.response, lengths.total]
  }

  @Test func theLastAssistantMessageIsTheResponse() throws {
    func message(_ role: MessageRole, _ count: Int) -> Message {
      Message(role: role, text: String(repeating: "x", count: count))
    }
    #expect(try lengths([message(.user, 3), message(.assistant, 5)]) == [3, 5, 8])
    #expect(
      try lengths([
        message(.system, 1), message(.user, 10), message(.assistant, 100), message(.other("critic"), 1000),
        message(.assistant, 10000), message(.tool, 100_000),
      ]) == [1111, 10000, 111_111])
    #expect(try lengths([message(.user, 7)]) == [7, 0, 7])
    #expect(try lengths([]) == [0, 0, 0])
  }

  /// Calls and reasoning count; whatever else a message carries does not.
  @Test(arguments: [
    (#"{"tool_calls":[{"id":1}]}"#, 2), (#"{"name":"n","function_call":{"a":{}}}"#, 8),
    (#"{"tool_calls":[],"function_call":{}}"#, 2), (#"{"tool_calls":[]}"#, 0),
    (#"{"tool_calls":"[1]"}"#, 0), (#"{"function_call":7,"name":"tool_calls"}"#, 0),
    (#"{"x":{"tool_calls":[1]},"y":[{"function_call":{}}]}"#, 0), (#"{"a\"tool_calls":[1]}"#, 0),
    (#"{"x":"\\","tool_calls":[1]}"#, 1), (#"{"x":"\",\"tool_calls\":[1]"}"#, 0),
    (#"{"x":"}","tool_calls":{}}"#, 2), (#"{"x":"{","tool_calls":{}}"#, 2), ("{}", 0), ("", 0),
    (#"{"reasoning_content":"r\n","weight":1}"#, 2), (#"{"tool_call_id":"c","weight":0.5,"name":"n"}"#, 0),
  ])
  func callsAndReasoningCount(extra: String, count: UInt32) throws {
    let message = Message(role: .assistant, text: "abc", extra: Array(extra.utf8))
    #expect(try lengths([Message(role: .user, text: "q"), message]) == [1, 3 + count, 4 + count])
  }

  /// An object that is cut anywhere counts no call: it is looked at as far as it goes. The byte behind it is the length of
  /// the text, here one that would go on with the call: `{` or `[`.
  @Test(arguments: [0, 0x5b, 0x7b])
  func brokenJSONNeverGoesTooFar(textLength: Int) throws {
    let text = String(repeating: "1", count: textLength)
    let whole = #"{"name":"\"n","tool_calls":[{"a":"\\"}]}"#
    var counted = 0
    for end in 0...whole.utf8.count {
      let extra = String(whole.prefix(end))
      let counts = end == whole.utf8.count
      let length = UInt32(textLength + (counts ? 10 : 0))
      let message = Message(role: .assistant, text: text, extra: Array(extra.utf8))
      #expect(try lengths([message]) == [0, length, length], "\(extra)")
      counted += counts ? 1 : 0
    }
    #expect(counted == 1)
  }
}
