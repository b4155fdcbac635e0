import CohortCore
import CohortIngestion
import CohortTesting
import Testing

/// Reasoning, calls and weights of messages, on their way in.
@Suite struct ReasoningTests {
  private func lengths(_ turn: String) throws -> SampleLengths? {
    let record = #"{"messages":[{"role":"user","content":"12"},{"role":"assistant",\#(turn)}]}"#
    return try readLines([record]).samples.first?.lengths
  }

  @Test(arguments: [
    (#""content":"144","reasoning_content":"Twelve dozens.""#, 17), (#""content":"144","reasoning":"a\nb""#, 6),
    (#""content":"144","thinking":"é""#, 4), (#""content":"<think>x</think>144""#, 19),
    (#""content":"144","weight":1,"name":"abc","id":"x""#, 3),
    (
      #""content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]"#, 32
    ),
    (#""content":"a","function_call":{"name":"f","arguments":{}}"#, 28),
  ])
  func aResponseCountsTextReasoningAndCalls(turn: String, response: UInt32) throws {
    #expect(try lengths(turn) == SampleLengths(prompt: 2, response: response, total: response + 2))
  }

  @Test func reasoningOfThePromptCountsToo() throws {
    let record =
      #"{"messages":[{"role":"assistant","content":"a","reasoning":"bc"},{"role":"assistant","content":"d"}]}"#
    #expect(
      try readLines([record]).samples.first?.lengths == SampleLengths(prompt: 3, response: 1, total: 4))
  }

  @Test func theResponseIsTheLastTrainedTurn() throws {
    func record(_ first: String, _ second: String) -> String {
      #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"12"\#(first)},{"role":"user","content":"u"},{"role":"assistant","content":"123"\#(second)}]}"#
    }
    let result = try readLines([
      record(#","weight":0"#, #","weight":1"#), record(#","train":true"#, #","train":false"#),
      record(#","loss_mask":1"#, #","loss":false"#), record(#","weight":0"#, #","weight":0"#),
      record("", #","loss_mask":[0,0]"#), record("", #","masked":true"#),
    ])
    #expect(result.reasons.isEmpty)
    #expect(result.samples.map(\.lengths.response) == [3, 2, 2, 3, 2, 2])
    #expect(result.samples.map(\.lengths.prompt) == [4, 1, 1, 4, 1, 1])
  }

  /// A turn that is not trained on may be empty: it is no answer.
  @Test func onlyTheTrainedTurnMustAnswer() throws {
    let empty = #"{"role":"assistant","content":" ","weight":0}"#
    let full = #"{"role":"assistant","content":"a"}"#
    let result = try readLines(
      [(full, empty), (empty, full), (empty, empty)].map { #"{"messages":[\#($0.0),\#($0.1)]}"# })
    #expect(result.order == "ssr" && result.reasons == ["empty-response"])
  }

  @Test(arguments: [
    #""content":"","reasoning_content":"The text ends here.""#, #""content":" \n","thinking":"x""#,
    #""content":"<think>x</think>\n""#,
  ])
  func reasoningIsNoAnswer(turn: String) throws {
    let record = #"{"messages":[{"role":"user","content":"u"},{"role":"assistant",\#(turn)}]}"#
    let result = try readLines([record])
    #expect(result.reasons == ["reasoning-only"])
    #expect(result.rejections.first?.detail == "the response holds what was thought, and no answer")
    // A call is an answer.
    let call = record.dropLast(3) + #","tool_calls":[{"function":{"name":"f"}}]}]}"#
    #expect(try readLines([String(call)]).order == "s")
  }

  // MARK: ShareGPT

  private func turn(_ members: String) throws -> Message? {
    let record = #"{"conversations":[{"from":"human","value":"u"},{"from":"function_call",\#(members)}]}"#
    return try readLines([record]).samples.first?.messages.last
  }

  @Test(arguments: [
    (
      #""value":"{\"name\":\"f\",\"arguments\":{}}""#, "",
      #"[{"type":"function","function":{"name":"f","arguments":{}}}]"#
    ),
    (
      #""value":"<think>\nr\n</think>\n\n[{\"name\":\"f\"}]""#, "<think>\nr\n</think>\n\n",
      #"[{"type":"function","function":{"name":"f"}}]"#
    ),
    (
      #""value":"I look.<tool_call>{\"name\":\"f\"}</tool_call>\n""#, "I look.",
      #"[{"type":"function","function":{"name":"f"}}]"#
    ),
    (#""value":"{\"name\":\"f\"}","weight":0"#, "", #"[{"type":"function","function":{"name":"f"}}],"weight":0"#),
    // Its own calls count, with their ids; the value repeats them.
    (
      #""value":"{\"name\":\"g\"}","tool_calls":[{"id":"c","function":{"name":"f"}}]"#, "",
      #"[{"id":"c","function":{"name":"f"}}]"#
    ),
    (#""value":"a<tool_call>[]</tool_call>","tool_calls":[{"id":"c"}]"#, "a", #"[{"id":"c"}]"#),
  ])
  func aTurnThatCallsKeepsWhatStandsBesideTheCall(members: String, text: String, calls: String) throws {
    let message = try #require(try turn(members))
    #expect(message.role == .assistant && message.text == text)
    #expect(String(decoding: message.extra, as: UTF8.self) == #"{"tool_calls":\#(calls)}"#)
  }

  @Test func aMaskedCallIsNoResponse() throws {
    let record =
      #"{"conversations":[{"from":"gpt","value":"a"},{"from":"function_call","value":"{\"name\":\"f\"}","weight":0}]}"#
    #expect(try readLines([record]).samples.first?.lengths.response == 1)
  }

  @Test func reasoningInBothPlacesIsKeptOnce() throws {
    func text(_ value: String) throws -> String? {
      let record =
        #"{"conversations":[{"from":"human","value":"u"},{"from":"gpt","value":"\#(value)","reasoning_content":"r\ns"}]}"#
      return try readLines([record]).samples.first?.messages.last?.text
    }
    #expect(try text(#"<think>\nr\ns\n</think>\n\na"#) == "a")
    #expect(try text(#"<think>\nother\n</think>\n\na"#) == "<think>\nother\n</think>\n\na")
    #expect(try text("a") == "a")
  }

  // MARK: Agreement

  /// What ingestion counts and takes for the response is what stored bytes give.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func storedBytesGiveTheSameParts(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    func pick(_ choices: [String]) -> String { choices[random.below(choices.count)] }
    let texts = ["", "a b", "<think>é\\n</think> x", "<think>", "\\u0001 \\\"q\\\"", " ", "😀"]
    let members = [
      #","weight":0"#, #","weight":1"#, #","loss_mask":[0,0]"#, #","train":false"#,
      #","reasoning_content":"a\n\"b\"é""#,
      #","thinking":"t","reasoning":"""#,
      #","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{\"é\": \"\\n\"}"}}]"#,
      #","function_call":{"name":"g","arguments":{"x":[1.5,null]}}"#, #","name":"n","masked":true"#,
    ]
    let rows = (0..<300).map { _ in
      let turns = (0...random.below(4)).map { _ in
        let role = pick(["user", "assistant", "assistant", "tool", "critic"])
        let extra = (0..<random.below(3)).map { _ in members[random.below(members.count)] }
        return #"{"role":"\#(role)","content":"\#(pick(texts))"\#(Set(extra).sorted().joined())}"#
      }
      return #"{"messages":[\#(turns.joined(separator: ","))]}"#
    }
    for unit in [LengthUnit.characters, .bytes, .words] {
      let samples = try readLines(rows, options { $0.lengthUnit = unit }).samples
      #expect(samples.count > 50, "seed \(seed)")
      for sample in samples {
        try sample.content.withUnsafeBytes { bytes in
          try SampleContent.withParts(of: bytes) { view in
            let lengths = SampleContent.lengths(of: view) { unit.measure($0) }
            #expect(lengths == sample.lengths, "seed \(seed): \(sample.messages)")
            #expect(view.parts == SampleParts(sample.messages))
          }
        }
      }
    }
  }
}
