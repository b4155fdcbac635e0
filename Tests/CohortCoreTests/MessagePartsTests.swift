import CohortCore
import Testing

/// What of a message is reasoning, answer and calls.
@Suite struct MessagePartsTests {
  private func parts<R>(
    _ text: String, extra: String = "", isAssistant: Bool = true, _ body: (MessageParts) throws -> R
  ) rethrows -> R {
    try Array(extra.utf8).withUnsafeBytes { extra in
      try Array(text.utf8).withUnsafeBytes { text in
        try body(MessageParts(isAssistant: isAssistant, extra: extra, text: text))
      }
    }
  }

  @Test(arguments: [
    ("<think>r</think>a", "r", "a"), ("<think>\nr s\n</think>\n\na b\n", "r s", "a b\n"),
    (" \n<think>r</think>", "r", ""), ("<think></think>a", "", "a"), ("<think>\n\n</think>\n\na", "", "a"),
    ("<think>r</think>a</think>b", "r", "a</think>b"), ("<think><</thin</think><a", "<</thin", "<a"),
    ("<think>é</think>ü", "é", "ü"),
    // No reasoning: no end, no beginning, not at the beginning, another mark.
    ("<think>r", "", "<think>r"), ("r</think>a", "", "r</think>a"), ("a<think>r</think>", "", "a<think>r</think>"),
    ("<thinking>r</thinking>a", "", "<thinking>r</thinking>a"), (" a", "", " a"), ("", "", ""), ("<", "", "<"),
    ("  ", "", "  "),
  ])
  func reasoningAtTheBeginningOfATextIsKeptApart(text: String, reasoning: String, answer: String) {
    parts(text) { parts in
      #expect(String(decoding: parts.reasoningInText, as: UTF8.self) == reasoning)
      #expect(String(decoding: parts.answer, as: UTF8.self) == answer)
      #expect(!parts.hasReasoningBesideText)
    }
    // Only the assistant reasons.
    parts(text, extra: #"{"reasoning_content":"r"}"#, isAssistant: false) { parts in
      #expect(parts.reasoningInText.isEmpty && parts.answer.count == text.utf8.count && !parts.hasReasoningBesideText)
    }
  }

  @Test(arguments: [
    (#"{"reasoning_content":"r"}"#, "r"), (#"{"reasoning":"r"}"#, "r"), (#"{"thinking":"r"}"#, "r"),
    // The canonical place counts, and no other beside it.
    (#"{"thinking":"1","reasoning":"2","reasoning_content":"3"}"#, "3"), (#"{"thinking":"1","reasoning":"2"}"#, "2"),
    (#"{"reasoning_content":"","thinking":"1"}"#, "1"), (#"{"reasoning_content":null,"reasoning":"2"}"#, "2"),
    (
      #"{"reasoning_content":"\"\\\/\b\f\n\r\t\u0001é\u00e9\ud83d\ude00\ud83d\\u"}"#,
      "\"\\/\u{8}\u{c}\n\r\t\u{1}éé😀\u{fffd}\\u"
    ),
    (#"{"reasoning_content":["r"]}"#, ""), (#"{"reasoning":{"content":"r"}}"#, ""), (#"{"x":{"thinking":"r"}}"#, ""),
    ("", ""), ("{}", ""), (#"{"reasoning_content":"r"#, ""),
  ])
  func reasoningBesideATextIsFound(extra: String, reasoning: String) {
    parts("a", extra: extra) { parts in
      #expect(parts.withReasoningBesideText { String(decoding: $0, as: UTF8.self) } == reasoning)
      #expect(parts.hasReasoningBesideText == !reasoning.isEmpty)
      #expect(
        String(decoding: parts.inlineReasoning, as: UTF8.self)
          == (reasoning.isEmpty ? "" : "<think>\n\(reasoning)\n</think>\n\n"))
    }
  }

  /// What is written before a text is taken off again, once, and nothing else is.
  @Test(arguments: ["a", "", "<think>\nr\n</think>\n\na", "<think>r</think>a", "<think>\n"])
  func reasoningBeforeATextIsTakenOff(text: String) {
    let extra = #"{"reasoning":"r"}"#
    let whole = parts(text, extra: extra) { String(decoding: $0.inlineReasoning, as: UTF8.self) } + text
    parts(whole, extra: extra) {
      #expect(String(decoding: $0.textWithoutInlineReasoning, as: UTF8.self) == text)
    }
    parts(whole) { #expect($0.textWithoutInlineReasoning.count == whole.utf8.count) }
    parts(whole, extra: #"{"reasoning":"s"}"#) { #expect($0.textWithoutInlineReasoning.count == whole.utf8.count) }
  }

  @Test(arguments: [
    // The function, with its arguments as JSON; ids and kinds are not trained on.
    (
      #"{"tool_calls":[{"id":"c1","type":"function","index":0,"function":{"name":"f","arguments":"{\"a\": 1}"}}]}"#,
      [#"{"name":"f","arguments":{"a": 1}}"#]
    ),
    (
      #"{"tool_calls":[{"type":"function","function":{"name":"f","arguments":{"id":1}}},{"function":{}}]}"#,
      [#"{"name":"f","arguments":{"id":1}}"#, "{}"]
    ),
    (#"{"function_call":{"name":"f","arguments":"x"}}"#, [#"{"name":"f","arguments":x}"#]),
    (#"{"tool_calls":[{"id":"1","name":"f","type":"t","arguments":{}}]}"#, [#"{"name":"f","arguments":{}}"#]),
    (#"{"tool_calls":{"function":"f"}}"#, [#"{"function":"f"}"#]), (#"{"tool_calls":[{"id":1}]}"#, ["{}"]),
    (#"{"tool_calls":["f",7]}"#, [#""f""#, "7"]),
    (#"{"function_call":{"n":2},"tool_calls":[{"n":1}]}"#, [#"{"n":1}"#, #"{"n":2}"#]),
    (#"{"tool_calls":[],"function_call":{}}"#, ["{}"]), (#"{"tool_calls":[]}"#, []),
    (#"{"tool_calls":"[1]"}"#, []), (#"{"x":{"tool_calls":[1]}}"#, []),
  ])
  func callsAreTheJSONThatIsTrainedOn(extra: String, calls: [String]) {
    parts("", extra: extra) { parts in
      var found: [String] = []
      parts.forEachCall { found.append(String(decoding: $0, as: UTF8.self)) }
      #expect(found == calls)
      #expect(parts.hasCalls == !calls.isEmpty)
      #expect(parts.length { $0.count } == calls.reduce(0) { $0 + $1.utf8.count })
    }
  }

  @Test func everyPartHasItsLength() {
    let extra =
      #"{"reasoning_content":"12\n","weight":1,"name":"nobody","tool_calls":[{"id":"x","function":{"n":"1"}}]}"#
    parts("<think>ab</think> xyz", extra: extra) { parts in
      #expect(parts.length { $0.count } == 21 + 3 + 9)
      #expect(parts.length(of: .answer) { $0.count } == 3 + 9)
      #expect(parts.length(of: .reasoning) { $0.count } == 2 + 3)
      // Each text is measured by itself.
      #expect(parts.length { _ in 1 } == 3)
    }
    for part in MessageParts.Part.allCases { #expect(MessageParts.Part(name: part.name) == part) }
    #expect(MessageParts.Part(name: "Answer") == nil)
  }
}
