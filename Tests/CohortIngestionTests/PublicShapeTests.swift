import CohortCore
import CohortIngestion
import Testing

/// A record in the shape of a public data set, with other words, and what it becomes without any flag.
struct PublicShape: CustomStringConvertible, Sendable {
  var name: String
  var record: String
  var layout: String
  var dialog: [String]
  var task: String?
  var attributes = ""
  var tools = ""
  var extras: [String] = []

  var description: String { name }

  static let all: [PublicShape] = conversations + pairs + answers + preferences

  static let conversations: [PublicShape] = [
    PublicShape(
      name: "role and content under conversations",
      record: #"{"conversations":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]}"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "from and value under messages",
      record: #"{"messages":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]}"#, layout: "sharegpt",
      dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "a bare list of messages", record: #"[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "UltraChat", record: #"{"id":"7","data":["Q","A","Q2","A2"]}"#, layout: "lima",
      dialog: ["user: Q", "assistant: A", "user: Q2", "assistant: A2"], attributes: #"{"id":"7"}"#),
    PublicShape(
      name: "Capybara",
      record: #"{"source":"x","conversation":[{"input":"Q","output":"A"},{"input":"Q2","output":"A2"}]}"#,
      layout: "turn-pairs", dialog: ["user: Q", "assistant: A", "user: Q2", "assistant: A2"],
      attributes: #"{"source":"x"}"#),
    PublicShape(
      name: "LMSYS",
      record:
        #"{"conversation_id":"c","model":"m","conversation":[{"content":"Q","role":"user"},{"content":"A","role":"assistant"}],"turn":1}"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"],
      attributes: #"{"conversation_id":"c","model":"m","turn":1}"#),
    PublicShape(
      name: "Vertex",
      record:
        #"{"systemInstruction":{"role":"system","parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"Q"}]},{"role":"model","parts":[{"text":"A"},{"text":"!"}]}]}"#,
      layout: "messages", dialog: ["system: S", "user: Q", "assistant: A!"]),
    PublicShape(
      name: "Cohere",
      record:
        #"{"messages":[{"role":"System","content":"S"},{"role":"User","content":"Q"},{"role":"Chatbot","content":"A"}]}"#,
      layout: "messages", dialog: ["system: S", "user: Q", "assistant: A"]),
    PublicShape(
      name: "Anthropic with tools",
      record:
        #"{"system":"S","messages":[{"role":"user","content":[{"type":"text","text":"Q"}]},{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"t","name":"f","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"R"}]},{"role":"assistant","content":"A"}],"tools":[{"name":"f"}]}"#,
      layout: "messages", dialog: ["system: S", "user: Q", "assistant: I look.", "tool: R", "assistant: A"],
      tools: #"[{"name":"f"}]"#,
      extras: [
        "", "", #"{"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":{"x":1}}}]}"#,
        #"{"tool_call_id":"t"}"#, "",
      ]),
    PublicShape(
      name: "thinking parts",
      record:
        #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"thinking","thinking":"T"},{"type":"text","text":"A"}]}]}"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"], extras: ["", #"{"reasoning_content":"T"}"#]),
    PublicShape(
      name: "image parts",
      record:
        #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"Q"}]},{"role":"assistant","content":"A"}]}"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"],
      extras: [#"{"parts":[{"type":"image_url","image_url":{"url":"u"}}]}"#, ""]),
    PublicShape(
      name: "images beside the text",
      record:
        #"{"messages":[{"role":"user","content":"<image>Q"},{"role":"assistant","content":"A"}],"images":["a.png"]}"#,
      layout: "messages", dialog: ["user: <image>Q", "assistant: A"], attributes: #"{"images":["a.png"]}"#),
    PublicShape(
      name: "glaive",
      record:
        #"{"system":"SYSTEM: Use f.","chat":"USER: Q\n\n\nASSISTANT: <functioncall> {\"name\": \"f\", \"arguments\": '{\"x\": 1}'} <|endoftext|>\n\n\nFUNCTION RESPONSE: {\"y\": 2}\n\n\nASSISTANT: A <|endoftext|>\n\n\n"}"#,
      layout: "transcript", dialog: ["system: Use f.", "user: Q", "assistant: ", "tool: {\"y\": 2}", "assistant: A"],
      extras: [
        "", "", #"{"tool_calls":[{"type":"function","function":{"name":"f","arguments":{"x":1}}}]}"#, "", "",
      ]),
    PublicShape(
      name: "turns as JSON in a string",
      record:
        #"{"messages":"[{\"role\": \"user\", \"content\": \"Q\"}, {\"role\": \"assistant\", \"content\": \"A\"}]"}"#,
      layout: "transcript", dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "tools under another name",
      record:
        #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"tool_defs":"[{\"name\": \"f\"}]"}"#,
      layout: "messages", dialog: ["user: Q", "assistant: A"], tools: #"[{"name":"f"}]"#),
  ]

  static let pairs: [PublicShape] = [
    PublicShape(
      name: "problem and solution", record: #"{"problem":"Q","solution":"A"}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "input and output", record: #"{"input":"Q","output":"A"}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "prompt and response", record: #"{"prompt":"Q","response":"A","helpfulness":4}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"helpfulness":4}"#),
    PublicShape(
      name: "natural instructions, flattened",
      record:
        #"{"task_name":"t1","id":"i","definition":"D","inputs":"Q","targets":"A"}"#, layout: "flan",
      dialog: ["user: D\nQ", "assistant: A"], task: "t1", attributes: #"{"id":"i"}"#),
    PublicShape(
      name: "numbers as answers", record: #"{"question":"Q","answer":4.0}"#, layout: "qa",
      dialog: ["user: Q", "assistant: 4.0"]),
    PublicShape(
      name: "truth values as answers", record: #"{"question":"Q","answer":true}"#, layout: "qa",
      dialog: ["user: Q", "assistant: true"]),
    PublicShape(
      name: "a question with its context", record: #"{"question":"Q","context":"C","answer":"A"}"#, layout: "qa",
      dialog: ["user: Q\nC", "assistant: A"]),
    PublicShape(
      name: "keys in another case", record: #"{" Instruction":"I","INPUT":"in","Output ":"O"}"#, layout: "alpaca",
      dialog: ["user: I\nin", "assistant: O"]),
    PublicShape(
      name: "two keys that differ in case", record: #"{"instruction":"I","output":"O","Output":"P"}"#, layout: "alpaca",
      dialog: ["user: I", "assistant: O"], attributes: #"{"Output":"P"}"#),
    PublicShape(
      name: "BoolQ", record: #"{"question":"Q","answer":true,"passage":"P"}"#, layout: "qa",
      dialog: ["user: Q\nP", "assistant: true"]),
    PublicShape(
      name: "Cosmopedia", record: #"{"prompt":"Q","text":"A"}"#, layout: "pair", dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "MBPP", record: #"{"text":"Q","code":"A"}"#, layout: "pair", dialog: ["user: Q", "assistant: A"]),
    PublicShape(
      name: "Anthropic's old form", record: #"{"prompt":"\n\nHuman: Q\n\nAssistant:","completion":" A"}"#,
      layout: "prompt-completion", dialog: ["user: Q", "assistant:  A"]),
    PublicShape(
      name: "a switch for reasoning", record: #"{"input":"Q","output":"A","reasoning":"on"}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"reasoning":"on"}"#),
    PublicShape(
      name: "a task of its own", record: #"{"prompt":"Q","completion":"A","task":"t"}"#, layout: "prompt-completion",
      dialog: ["user: Q", "assistant: A"], task: "t"),
    PublicShape(
      name: "a context beside turns",
      record:
        #"{"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}],"context":"C"}"#,
      layout: "prompt-completion", dialog: ["user: Q", "assistant: A"], attributes: #"{"context":"C"}"#),
    PublicShape(
      name: "reasoning beside a response", record: #"{"prompt":"Q","response":"A","reasoning":"T t"}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"], extras: ["", #"{"reasoning_content":"T t"}"#]),
    PublicShape(
      name: "OpenAI batch results",
      record:
        #"{"id":"b","custom_id":"c","response":{"status_code":200,"body":{"choices":[{"index":0,"message":{"role":"assistant","content":"A"}}]}},"error":null}"#,
      layout: "openai-batch", dialog: ["assistant: A"],
      attributes:
        #"{"id":"b","custom_id":"c","response":{"status_code":200,"body":{"choices":[{"index":0,"message":{"role":"assistant","content":"A"}}]}},"error":null}"#
    ),
  ]

  static let answers: [PublicShape] = [
    PublicShape(
      name: "xLAM",
      record: #"{"id":0,"query":"Q","answers":"[{\"name\": \"f\", \"arguments\": {}}]","tools":"[{\"name\": \"f\"}]"}"#,
      layout: "xlam", dialog: ["user: Q", "assistant: "], attributes: #"{"id":0}"#, tools: #"[{"name":"f"}]"#,
      extras: ["", #"{"tool_calls":[{"type":"function","function":{"name":"f","arguments":{}}}]}"#]),
    PublicShape(
      name: "MMLU", record: #"{"question":"Q","subject":"s","choices":["x","y","z"],"answer":2}"#,
      layout: "multiple-choice", dialog: ["user: Q\nA. x\nB. y\nC. z", "assistant: C. z"], task: "s"),
    PublicShape(
      name: "choices in columns", record: #"{"question":"Q","A":"x","B":"y","C":"z","answer":"B"}"#,
      layout: "multiple-choice", dialog: ["user: Q\nA. x\nB. y\nC. z", "assistant: B. y"]),
    PublicShape(
      name: "several answers in a list", record: #"{"prompt":"Q","response":["A","B"]}"#, layout: "answers",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"response":["A","B"]}"#),
    PublicShape(
      name: "Guanaco", record: ####"{"text":"### Human: Q### Assistant: A\n\nB### Human: Q2### Assistant: A2"}"####,
      layout: "transcript", dialog: ["user: Q", "assistant: A\n\nB", "user: Q2", "assistant: A2"]),
    PublicShape(
      name: "Cohere's history",
      record:
        #"{"message":"Q2","chat_history":[{"role":"USER","message":"Q"},{"role":"CHATBOT","message":"A"}],"response":"A2"}"#,
      layout: "pair", dialog: ["user: Q", "assistant: A", "user: Q2", "assistant: A2"]),
    PublicShape(
      name: "CAMEL", record: #"{"role_1":"r","topic":"t","message_1":"Q","message_2":"A"}"#, layout: "pair",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"role_1":"r","topic":"t"}"#),
    PublicShape(
      name: "MedQA", record: #"{"question":"Q","options":{"A":"x","B":"y"},"answer":"B"}"#, layout: "multiple-choice",
      dialog: ["user: Q\nA. x\nB. y", "assistant: B. y"]),
    PublicShape(
      name: "Nectar",
      record:
        #"{"prompt":"\n\nHuman: Q\n\nAssistant: ","answers":[{"answer":"B","rank":3.0},{"answer":"A","rank":1.0}]}"#,
      layout: "answers", dialog: ["user: Q", "assistant: A"],
      attributes: #"{"answers":[{"answer":"B","rank":3.0},{"answer":"A","rank":1.0}]}"#),
    PublicShape(
      name: "SciQ", record: #"{"question":"Q","distractor1":"x","correct_answer":"A","support":"S"}"#, layout: "sciq",
      dialog: ["user: Q\nS", "assistant: A"], attributes: #"{"distractor1":"x"}"#),
    PublicShape(
      name: "ARC", record: #"{"id":"i","question":"Q","choices":{"text":["x","y"],"label":["1","2"]},"answerKey":"2"}"#,
      layout: "multiple-choice", dialog: ["user: Q\n1. x\n2. y", "assistant: 2. y"], attributes: #"{"id":"i"}"#),
    PublicShape(
      name: "SQuAD, flattened",
      record:
        #"{"id":"i","title":"t","context":"C","question":"Q","answers":{"text":["A","B"],"answer_start":[1,2]}}"#,
      layout: "squad", dialog: ["user: Q\nC", "assistant: A"], attributes: #"{"id":"i","title":"t"}"#),
    PublicShape(
      name: "Stack Exchange",
      record:
        #"{"qid":1,"question":"Q","answers":[{"text":"B","pm_score":1},{"text":"A","pm_score":5}]}"#,
      layout: "answers", dialog: ["user: Q", "assistant: A"],
      attributes: #"{"qid":1,"answers":[{"text":"B","pm_score":1},{"text":"A","pm_score":5}]}"#),
    PublicShape(
      name: "UltraFeedback, raw",
      record:
        #"{"instruction":"Q","completions":[{"model":"m","response":"A","overall_score":7.5},{"model":"n","response":"B","overall_score":3}]}"#,
      layout: "answers", dialog: ["user: Q", "assistant: A"],
      attributes:
        #"{"completions":[{"model":"m","response":"A","overall_score":7.5},{"model":"n","response":"B","overall_score":3}]}"#
    ),
    PublicShape(
      name: "self-instruct seeds",
      record:
        #"{"id":"s","instruction":"I","instances":[{"input":"in","output":"O"}],"is_classification":false}"#,
      layout: "self-instruct", dialog: ["user: I\nin", "assistant: O"],
      attributes: #"{"id":"s","is_classification":false}"#),
  ]

  static let preferences: [PublicShape] = [
    PublicShape(
      name: "HH-RLHF",
      record:
        #"{"chosen":"\n\nHuman: Q\n\nAssistant: A\n\nHuman: Q2\n\nAssistant: A2","rejected":"\n\nHuman: Q\n\nAssistant: B"}"#,
      layout: "preference", dialog: ["user: Q", "assistant: A", "user: Q2", "assistant: A2"],
      attributes: #"{"rejected":"\n\nHuman: Q\n\nAssistant: B"}"#),
    PublicShape(
      name: "LLaMA-Factory's DPO",
      record:
        #"{"conversations":[{"from":"human","value":"Q"}],"chosen":{"from":"gpt","value":"A"},"rejected":{"from":"gpt","value":"B"}}"#,
      layout: "preference", dialog: ["user: Q", "assistant: A"],
      attributes: #"{"rejected":{"from":"gpt","value":"B"}}"#),
    PublicShape(
      name: "a preference with a system text", record: #"{"system":"S","question":"Q","chosen":"A","rejected":"B"}"#,
      layout: "preference", dialog: ["system: S", "user: Q", "assistant: A"], attributes: #"{"rejected":"B"}"#),
    PublicShape(
      name: "Stack Exchange, paired", record: #"{"qid":1,"question":"Q","response_j":"A","response_k":"B"}"#,
      layout: "preference", dialog: ["user: Q", "assistant: A"], attributes: #"{"qid":1,"response_k":"B"}"#),
    PublicShape(
      name: "a preference whose question is the input",
      record: #"{"system":"S","input":"Q","chosen":"A","rejected":"B"}"#,
      layout: "preference", dialog: ["system: S", "user: Q", "assistant: A"], attributes: #"{"rejected":"B"}"#),
    PublicShape(
      name: "OpenAI's preferences",
      record:
        #"{"input":{"messages":[{"role":"user","content":"Q"}]},"preferred_output":[{"role":"assistant","content":"A"}],"non_preferred_output":[{"role":"assistant","content":"B"}]}"#,
      layout: "preference", dialog: ["user: Q", "assistant: A"],
      attributes:
        #"{"input":{"messages":[{"role":"user","content":"Q"}]},"non_preferred_output":[{"role":"assistant","content":"B"}]}"#
    ),
    PublicShape(
      name: "KTO with labels as words", record: #"{"prompt":"Q","completion":"A","label":"False"}"#, layout: "kto",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"label":"False"}"#, extras: ["", #"{"weight":0}"#]),
    PublicShape(
      name: "KTO, desired", record: #"{"prompt":"Q","completion":"A","label":true}"#, layout: "kto",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"label":true}"#),
    PublicShape(
      name: "KTO, undesired", record: #"{"prompt":"Q","completion":"A","label":false}"#, layout: "kto",
      dialog: ["user: Q", "assistant: A"], attributes: #"{"label":false}"#, extras: ["", #"{"weight":0}"#]),
    PublicShape(
      name: "LLaMA-Factory's KTO",
      record:
        #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],"label":false}"#,
      layout: "kto", dialog: ["user: Q", "assistant: A"], attributes: #"{"label":false}"#,
      extras: ["", #"{"weight":0}"#]),
  ]
}

@Suite struct PublicShapeTests {
  @Test(arguments: PublicShape.all)
  func aPublicShapeIsReadWithoutFlags(_ shape: PublicShape) throws {
    let result = try readLines([shape.record, shape.record], options { $0.format = .lines })
    #expect(result.rejections.isEmpty)
    #expect(result.layouts == [shape.layout])
    for sample in result.samples {
      #expect(sample.dialog == shape.dialog)
      #expect(sample.task == shape.task)
      #expect(sample.attributes == shape.attributes)
      #expect(sample.tools == shape.tools)
      if !shape.extras.isEmpty {
        #expect(sample.messages.map { String(decoding: $0.extra, as: UTF8.self) } == shape.extras)
      }
    }
  }

  @Test func rolesOfTheWildAreKnownAndOthersNamed() throws {
    let names = ["model", "bard", "bing", "claude", "ai", "chatgpt", "bot", "Assistant", " GPT "]
    let rows = names.map { #"{"conversations":[{"from":"human","value":"Q"},{"from":"\#($0)","value":"A"}]}"# }
    #expect(try readLines(rows).samples.allSatisfy { $0.dialog == ["user: Q", "assistant: A"] })
    let odd = #"{"messages":[{"role":"hummany","content":"Q"},{"role":"assistant","content":"A"}]}"#
    let reader = try IngestionReader(sources: [.memory(Array(odd.utf8), name: "m")], options: options())
    let batch = try #require(try reader.next())
    #expect(batch.tallies.unknownRoles == ["hummany": 1])
    #expect(batch.tallies.notes.first?.contains("--role 'hummany=user'") == true)
    let named = try readLines([odd], try options { try $0.addRole(parsing: "hummany=user") })
    #expect(named.samples.first?.dialog == ["user: Q", "assistant: A"])
    for text in ["x", "=user", "x=nobody"] {
      #expect(throws: CohortError.self) { _ = try options { try $0.addRole(parsing: text) } }
    }
  }

  @Test func acceptedPathsOfATreeAreSamples() throws {
    let tree = """
      {"message_tree_id":"t","prompt":{"text":"Q","role":"prompter","replies":[
      {"text":"A","role":"assistant","rank":0,"replies":[{"text":"Q2","role":"prompter","replies":[
      {"text":"A2","role":"assistant","replies":[]},{"text":"B2","role":"assistant","replies":[]}]},
      {"text":"Q3","role":"prompter","replies":[]}]},
      {"text":"B","role":"assistant","rank":1,"replies":[]}]}}
      """.replacing("\n", with: "")
    #expect(
      try readLines([tree]).samples.map(\.dialog) == [
        ["user: Q", "assistant: A", "user: Q2", "assistant: A2"],
        ["user: Q", "assistant: A", "user: Q2", "assistant: B2"],
      ])
    #expect(try readLines([tree], options { $0.highestRank = 1 }).samples.count == 3)
  }

  @Test func linkedMessagesBecomeTheConversationsOfTheirTree() throws {
    func row(_ id: String, _ parent: String?, _ role: String, _ text: String, rank: Int? = nil) -> String {
      let parent = parent.map { "\"\($0)\"" } ?? "null"
      let rank = rank.map { "\($0)" } ?? "null"
      return
        #"{"message_id":"\#(id)","parent_id":\#(parent),"text":"\#(text)","role":"\#(role)","lang":"en","rank":\#(rank)}"#
    }
    let rows = [
      row("p", nil, "prompter", "Q"), row("a", "p", "assistant", "A", rank: 0),
      row("b", "p", "assistant", "B", rank: 1), row("q", "a", "prompter", "Q2"), row("c", "q", "assistant", "A2"),
      "{", row("z", nil, "prompter", "nobody answers"), row("o", "gone", "assistant", "O"),
    ]
    let result = try readLines(rows)
    #expect(result.layouts == ["oasst"])
    #expect(result.order == "srs")
    #expect(
      result.samples.map(\.dialog) == [["user: Q", "assistant: A", "user: Q2", "assistant: A2"], ["assistant: O"]])
    #expect(result.samples.map(\.line) == [5, 8])
    #expect(result.samples.first?.attributes == #"{"lang":"en"}"#)
    #expect(
      result.notes == [
        "1 messages answer a message that is not in the file",
        "2 messages lead to no accepted answer of the assistant: they are in no conversation",
      ])
    // A circle is told of, too, and a table is read like lines.
    let circle = try readLines([row("x", "y", "prompter", "Q"), row("y", "x", "assistant", "A")])
    #expect(circle.order == "" && circle.notes.last?.hasPrefix("2 messages lead to no") == true)
    let table = "message_id,parent_id,text,role\np,,Q,prompter\na,p,A,assistant\n"
    #expect(try read(table, named: "m.csv").samples.map(\.dialog) == [["user: Q", "assistant: A"]])
    // The same whatever the blocks are.
    let many = (0..<500).flatMap {
      [row("p\($0)", nil, "prompter", "Q"), row("a\($0)", "p\($0)", "assistant", "A\($0)")]
    }
    let small = try readLines(
      many,
      options {
        $0.batchRecords = 7
        $0.batchBytes = 1024
      })
    #expect(small.samples.map { $0.messages.last?.text } == (0..<500).map { "A\($0)" })
  }

  @Test func paragraphsHoldQuestions() throws {
    let record =
      #"{"title":"t","paragraphs":[{"context":"C","qas":[{"id":"1","question":"Q","answers":[{"text":"A","answer_start":0}]},{"id":"2","question":"Q2","answers":[]}]}]}"#
    let result = try readLines([record])
    #expect(result.order == "sr")
    #expect(result.samples.first?.dialog == ["user: Q\nC", "assistant: A"])
    #expect(result.samples.first?.attributes == #"{"id":"1"}"#)
    #expect(result.samples.first?.task == "t")
    #expect(result.reasons == ["empty-response"])
    // Numbers are texts, and a question's own key wins over that of the document.
    let odd =
      #"{"id":"d","paragraphs":[{"context":42,"qas":[{"id":"1","question":12345,"answers":[{"text":"a"}]}]}]}"#
    let sample = try #require(try readLines([odd]).samples.first)
    #expect(sample.dialog == ["user: 12345\n42", "assistant: a"] && sample.attributes == #"{"id":"1"}"#)
  }

  @Test func whatAPathReachesIsNoAttributeOfItsOwn() throws {
    let record = #"{"q":"x","a":"y","meta":[["t"],3,{"s":["u"]}]}"#
    for map in ["tools=meta.0", "reasoning=meta.1", "system=meta.2.s", "system=meta.1"] {
      let result = try readLines([record], try options { $0.map = try FieldMap(parsing: "prompt=q,response=a,\(map)") })
      #expect(result.samples.first?.attributes == #"{"meta":[["t"],3,{"s":["u"]}]}"#, "\(map)")
    }
  }

  @Test func anAnswerMayBeJSON() throws {
    let record = #"{"prompt":"Q","chosen":"[{\"name\":\"x\"}]","rejected":"[]"}"#
    #expect(try readLines([record]).samples.first?.dialog == ["user: Q", #"assistant: [{"name":"x"}]"#])
    let turns =
      #"{"chosen":"[{\"role\":\"user\",\"content\":\"Q\"},{\"role\":\"assistant\",\"content\":\"A\"}]","rejected":"x"}"#
    #expect(try readLines([turns]).samples.first?.dialog == ["user: Q", "assistant: A"])
  }

  @Test func noMessageHasAKeyTwice() throws {
    let turn =
      #"{"role":"assistant","tool_calls":[],"content":[{"type":"tool_use","id":"t","name":"f","input":{}}],"x":1,"x":2}"#
    let record = #"{"messages":[{"role":"user","content":"Q"},\#(turn)]}"#
    let extra = try #require(try readLines([record]).samples.first?.messages.last?.extra)
    #expect(
      String(decoding: extra, as: UTF8.self)
        == #"{"x":2,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":{}}}]}"#)
    let undesired =
      #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":1}],"label":false}"#
    let weight = try #require(try readLines([undesired]).samples.first?.messages.last?.extra)
    #expect(String(decoding: weight, as: UTF8.self) == #"{"weight":0}"#)
  }

  @Test func aRecordDoesNotUnfoldWithoutBound() throws {
    let replies = (0..<50).map { #"{"text":"\#($0)","role":"assistant","replies":[]}"# }.joined(separator: ",")
    let root = String(repeating: "x", count: 2000)
    let tree = #"{"prompt":{"text":"\#(root)","role":"prompter","replies":[\#(replies)]}}"#
    let result = try readLines([tree], options { $0.limits.unfoldedBytes = 20_000 })
    #expect(result.samples.count == 10 && result.reasons == ["line-too-long"])
  }

  @Test func aMapReachesListsToolsAndTurns() throws {
    let record =
      #"{"talk":[{"who":"x"}],"x":{"y":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]},"defs":[{"name":"f"}],"out":[{"text":"R"}]}"#
    let turns = try readLines([record], try options { $0.map = try FieldMap(parsing: "messages=x.y,tools=defs") })
    #expect(turns.samples.first?.dialog == ["user: Q", "assistant: A"])
    #expect(turns.samples.first?.tools == #"[{"name":"f"}]"#)
    let text = try readLines([record], try options { $0.map = try FieldMap(parsing: "response=out.0.text") })
    #expect(text.samples.first?.dialog == ["assistant: R"])
    // Parts beside the texts correct whatever layout is found.
    let partner = try readLines(
      [#"{"prompt":"P","completion":"C","rules":"S"}"#], try options { $0.map = try FieldMap(parsing: "system=rules") })
    #expect(partner.samples.first?.dialog == ["system: S", "user: P", "assistant: C"])
  }

  @Test func layoutsOfUsersAreReadByNameAndFound() throws {
    var described = LayoutDescription(name: "tickets")
    described.parts = ["messages": "ticket.talk", "task": "queue"]
    described.roleKey = "who"
    described.contentKey = "said"
    described.roles = ["agent": "assistant", "caller": "user"]
    let layout = try described.layout()
    let record = #"{"queue":"a","ticket":{"talk":[{"who":"caller","said":"Q"},{"who":"agent","said":"A"}]}}"#
    for change in [{ $0.layout = layout }, { $0.ownLayouts = [layout] }] as [(inout IngestionOptions) -> Void] {
      let result = try readLines([record], options(change))
      #expect(result.layouts == ["tickets"])
      #expect(result.samples.first?.dialog == ["user: Q", "assistant: A"])
      #expect(result.samples.first?.task == "a")
    }
    described.parts = ["prompt": "p"]
    #expect(throws: CohortError.self) { _ = try described.layout() }
    described.name = "alpaca"
    #expect(throws: CohortError.self) { _ = try described.layout() }
  }

  @Test func firstRecordsAreShownFieldByField() throws {
    let rows = [
      #"{"instruction":"I","input":"in","output":"O","id":3}"#, #"{"instruction":"I","output":""}"#,
      #"{"instruction":"J","output":"P"}"#,
    ]
    let reader = try IngestionReader(
      sources: [.memory(Array(rows.joined(separator: "\n").utf8), name: "m")],
      options: options { $0.previewedRecords = 2 })
    let previews = try #require(try reader.next()).previews
    #expect(previews.count == 2)
    #expect(
      previews[0].fields.map { "\($0.key) \($0.becomes) \($0.value)" } == [
        #"instruction prompt "I""#, #"input input "in""#, #"output response "O""#, "id attribute 3",
      ])
    #expect(
      previews[0].turns.map { "\($0.role) \($0.part ?? "-") \($0.text)" } == [
        "user prompt I\nin", "assistant response O",
      ])
    #expect(previews[1].refusal == "empty-response: the response holds no text")
  }

  @Test func aTurnThatIsNotTrainedOnIsCounted() throws {
    let row =
      #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":0}]}"#
    let reader = try IngestionReader(sources: [.memory(Array(row.utf8), name: "m")], options: options())
    #expect(try reader.next()?.tallies.untrained == 1)
  }
}
