import CohortCore
import CohortIngestion
import CohortTesting
import Testing

/// One record of each layout of `Docs/formats.md`, and what it becomes.
struct LayoutFixture: CustomStringConvertible, Sendable {
  var layout: String
  var record: String
  var dialog: [String]
  var task: String?
  var attributes = ""
  var tools = ""

  var description: String { layout }

  static let all: [LayoutFixture] = [
    LayoutFixture(
      layout: "messages",
      record:
        #"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","content":"A"}],"id":7}"#,
      dialog: ["system: S", "user: U", "assistant: A"], attributes: #"{"id":7}"#),
    LayoutFixture(
      layout: "messages",
      record:
        #"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":"A"}],"tools":[ {"name": "f"} ]}"#,
      dialog: ["user: ab", "assistant: A"], tools: #"[{"name":"f"}]"#),
    LayoutFixture(
      layout: "sharegpt",
      record:
        #"{"conversations":[{"from":"human","value":"U"},{"from":"function_call","value":"{\"name\": \"f\", \"arguments\": {\"x\": 1}}"},{"from":"observation","value":"O"},{"from":"gpt","value":"A"}],"system":"S","tools":"[{\"name\": \"f\"}]"}"#,
      dialog: ["system: S", "user: U", "assistant: ", "tool: O", "assistant: A"], tools: #"[{"name":"f"}]"#),
    LayoutFixture(
      layout: "lima", record: #"{"conversations":["q","a","q2","a2"],"source":"x"}"#,
      dialog: ["user: q", "assistant: a", "user: q2", "assistant: a2"], attributes: #"{"source":"x"}"#),
    LayoutFixture(
      layout: "prompt-completion", record: #"{"prompt":"P","completion":"C<|endoftext|>"}"#,
      dialog: ["user: P", "assistant: C"]),
    LayoutFixture(
      layout: "prompt-completion",
      record: #"{"prompt":[{"role":"user","content":"P"}],"completion":[{"role":"assistant","content":"C"}]}"#,
      dialog: ["user: P", "assistant: C"]),
    LayoutFixture(
      layout: "alpaca", record: #"{"instruction":"I","input":"in","output":"O","system":"S","history":[["q","a"]]}"#,
      dialog: ["system: S", "user: q", "assistant: a", "user: I\nin", "assistant: O"]),
    LayoutFixture(
      layout: "alpaca", record: #"{"instruction":"I","input":"","response":"R","output":"O"}"#,
      dialog: ["user: I", "assistant: O"], attributes: #"{"response":"R"}"#),
    LayoutFixture(
      layout: "dolly", record: #"{"instruction":"I","context":"","response":"R","category":"open_qa"}"#,
      dialog: ["user: I", "assistant: R"], task: "open_qa"),
    LayoutFixture(
      layout: "orca", record: #"{"id":"niv.1","system_prompt":"S","question":"Q","response":"R"}"#,
      dialog: ["system: S", "user: Q", "assistant: R"], attributes: #"{"id":"niv.1"}"#),
    LayoutFixture(
      layout: "flan",
      record: #"{"inputs":"I","targets":"T","_task_name":"nli","_task_source":"P3","_template_type":"fs_opt"}"#,
      dialog: ["user: I", "assistant: T"], task: "nli", attributes: #"{"_task_source":"P3","_template_type":"fs_opt"}"#),
    LayoutFixture(
      layout: "flan", record: #"{"inputs":"I","target":"T"}"#, dialog: ["user: I", "assistant: T"]),
    LayoutFixture(
      layout: "p3",
      record: #"{"inputs":[1,2],"inputs_pretokenized":"I","targets":[3],"targets_pretokenized":"T"}"#,
      dialog: ["user: I", "assistant: T"]),
    LayoutFixture(
      layout: "qa", record: #"{"question":"Q","answer":"A"}"#, dialog: ["user: Q", "assistant: A"]),
    LayoutFixture(
      layout: "qa", record: #"{"type":"MATH","query":"Q","original_question":"o","response":"R"}"#,
      dialog: ["user: Q", "assistant: R"], attributes: #"{"type":"MATH","original_question":"o"}"#),
    LayoutFixture(
      layout: "natural-instructions",
      record:
        #"{"Definition":["D1","D2"],"Positive Examples":[],"Domains":["news"],"Instances":[{"id":"i1","input":"in","output":["o1","o2"]}]}"#,
      dialog: ["user: D1\nD2\nin", "assistant: o1"],
      attributes: #"{"id":"i1","output":["o1","o2"],"Domains":["news"]}"#),
    LayoutFixture(
      layout: "text", record: #"{"text":"T","meta":{"a":[1,2.5,null]}}"#, dialog: ["assistant: T"],
      attributes: #"{"meta":{"a":[1,2.5,null]}}"#),
  ]
}

@Suite struct LayoutTests {
  @Test(arguments: LayoutFixture.all)
  func everyLayoutIsDetectedAndRead(_ fixture: LayoutFixture) throws {
    let result = try readLines([fixture.record, fixture.record])
    #expect(result.rejections.isEmpty)
    #expect(result.layouts == [fixture.layout])
    #expect(result.samples.map(\.line) == [1, 2])
    for sample in result.samples {
      #expect(sample.dialog == fixture.dialog)
      #expect(sample.attributes == fixture.attributes)
      #expect(sample.tools == fixture.tools)
      #expect(sample.task == fixture.task)
      #expect(sample.content == SampleContent.encode(sample.messages, tools: Array(sample.tools.utf8)))
      #expect(sample.hash == XXH3.hash64(sample.content))
    }
  }

  @Test(arguments: LayoutFixture.all)
  func everyLayoutIsReadByItsName(_ fixture: LayoutFixture) throws {
    let result = try readLines([fixture.record], try options { try $0.setLayout(named: fixture.layout) })
    #expect(result.samples.first?.dialog == fixture.dialog)
  }

  @Test func callsBecomeToolCalls() throws {
    let record =
      #"{"conversations":[{"from":"human","value":"U"},{"from":"function_call","value":"[{\"name\":\"f\"},{\"name\":\"g\"}]"}]}"#
    let sample = try #require(try readLines([record]).samples.first)
    let extra =
      #"{"tool_calls":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}"#
    #expect(sample.messages.last == Message(role: .assistant, text: "", extra: Array(extra.utf8)))
    #expect(sample.lengths == SampleLengths(prompt: 1, response: 24, total: 25))
  }

  @Test func messagesKeepWhatTheyCarry() throws {
    let record =
      #"{"messages":[{"role":"critic","content":"D"},{"role":"user","name":"Ann","content":"U","weight":null},{"content":null,"tool_calls":[{"id":"1"}],"role":"assistant"}]}"#
    let sample = try #require(try readLines([record]).samples.first)
    #expect(
      sample.messages == [
        Message(role: .other("critic"), text: "D"),
        Message(role: .user, text: "U", extra: Array(#"{"name":"Ann"}"#.utf8)),
        Message(role: .assistant, text: "", extra: Array(#"{"tool_calls":[{"id":"1"}]}"#.utf8)),
      ])
  }

  @Test func theChosenResponseOfAPreferenceIsRead() throws {
    let record = #"{"prompt":"P","chosen":"C","rejected":"R","score":1}"#
    let result = try readLines([record])
    #expect(result.layouts == ["preference"])
    #expect(result.notes.first?.contains("'rejected' is kept as an attribute") == true)
    #expect(result.samples.first?.dialog == ["user: P", "assistant: C"])
    #expect(result.samples.first?.attributes == #"{"rejected":"R","score":1}"#)
    // A chosen conversation that holds the prompt is not given it twice.
    let chat =
      #"{"prompt":"P","chosen":[{"role":"user","content":"P"},{"role":"assistant","content":"C"}],"rejected":[]}"#
    let second = try readLines([chat], options { $0.layout = .preference })
    #expect(second.samples.first?.dialog == ["user: P", "assistant: C"])
    #expect(second.samples.first?.attributes == #"{"prompt":"P","rejected":[]}"#)
  }

  @Test func instancesCountOnTheirOwn() throws {
    let document = """
      {
        "Definition": "D",
        "Instances": [
          {"input": "a", "output": ["1"]},
          {"input": "b", "output": []},
          {"input": "c", "output": "3"}
        ]
      }
      """
    let result = try read(document)
    #expect(result.order == "srs")
    #expect(result.samples.map(\.line) == [1, 3])
    #expect(result.rejections.map(\.line) == [2])
    #expect(result.rejections.first.map { String(decoding: $0.raw, as: UTF8.self) } == #"{"input":"b","output":[]}"#)
  }

  @Test func aMapNamesTheFields() throws {
    let record = #"{"a.b":"dotted","meta":{"ask":{"q":"Q"},"kind":"k"},"reply":"R"}"#
    let result = try readLines(
      [record],
      try options { $0.map = try FieldMap(parsing: "prompt=meta.ask.q,response=reply,task=meta.kind,system=a.b") })
    let sample = try #require(result.samples.first)
    #expect(sample.dialog == ["system: dotted", "user: Q", "assistant: R"])
    #expect(sample.task == "k")
    #expect(sample.attributes == #"{"meta":{"ask":{"q":"Q"},"kind":"k"}}"#)
    #expect(result.layouts == ["map"])
  }

  @Test func aMapCorrectsALayout() throws {
    let record = #"{"instruction":"I","input":"x","output":"O","better":"B"}"#
    let result = try readLines(
      [record],
      options {
        $0.layout = .alpaca
        $0.map = FieldMap(response: "better")
      })
    #expect(result.samples.first?.dialog == ["user: I\nx", "assistant: B"])
    #expect(result.samples.first?.attributes == #"{"output":"O"}"#)
  }

  @Test(arguments: ["prompt", "prompt=", "promt=a", "prompt=a,prompt=b", "", "prompt=a,,response=b"])
  func malformedMapsAreRefused(_ text: String) throws {
    let error = try failure { _ = try FieldMap(parsing: text) }
    #expect(error.code.name == "ingestion.invalid-map")
    #expect(error.category == .usage)
  }
}
