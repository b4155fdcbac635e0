/// The one table of known shapes. A public data set more is a line here, and a record in the tests.
///
/// A shape says where the parts are. How turns are written (`role` and `content`, `from` and `value`, strings, pairs,
/// typed parts, JSON in a string) is the same for all of them.
extension Layout {
  /// All layouts, those that say most about a record before those that say least.
  public static let known: [Layout] = [
    preference, kto, messages, sharegpt, lima, turnPairs, transcript, oasstTree, oasst, naturalInstructions,
    selfInstruct,
    squad, sciq, promptCompletion, p3, flan, dolly, orca, alpaca, qa, xlam, multipleChoice, answers, batchResults, pair,
    text,
  ]

  // MARK: Lists of turns

  /// Where lists of turns are found; the record itself last.
  private static let turnKeys = [
    "messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "items", "data", "contents",
    "body.messages", "request.messages", "",
  ]

  /// OpenAI and TRL: `messages[{role, content}]`, under any key for turns.
  public static let messages = Layout("messages", conversations(.roleTurns))
  /// `conversations[{from, value}]`, under any key for turns.
  public static let sharegpt = Layout("sharegpt", conversations(.fromTurns, usual: "conversations"))
  /// Strings, user and assistant in turn.
  public static let lima = Layout("lima", conversations(.strings, usual: "conversations"))
  /// Questions with their answers, one after the other: `conversation[{input, output}]`.
  public static let turnPairs = Layout("turn-pairs", conversations(.pairs, usual: "conversation"))
  /// Turns in one string: as JSON, or with the speakers' names before them.
  public static let transcript = Layout(
    "transcript",
    conversations(.writtenTurns, usual: "chat") + [
      shape(.conversation, [.required("text", .messages, .transcript)] + systems + tools)
    ])

  private static func conversations(_ kind: RecordShape.Kinds, usual: String = "messages") -> [RecordShape] {
    let keys = [usual] + turnKeys.filter { $0 != usual }
    return keys.filter { kind != .writtenTurns || !$0.isEmpty }.map { key in
      shape(.conversation, [.required(key, .messages, kind)] + systems + tools + task)
    }
  }

  // MARK: Pairs

  /// TRL and the P3 exports: `prompt`, `completion`.
  public static let promptCompletion = Layout(
    "prompt-completion",
    [
      shape(
        .pair,
        [.required("prompt", .prompt, .textOrTurns), .required("completion", .response, .textOrTurns)] + partners(),
        dropsEndOfText: true, rank: 1)
    ])
  /// `inputs_pretokenized`, `targets_pretokenized`.
  public static let p3 = Layout(
    "p3",
    [
      shape(
        .pair,
        [
          .required("inputs_pretokenized", .prompt), .required("targets_pretokenized", .response),
          .optional("inputs", .ignored, .any), .optional("targets", .ignored, .any),
        ], rank: 2)
    ])
  /// `inputs`, `targets` or `target`, perhaps with the task's `definition`.
  public static let flan = Layout(
    "flan",
    ["targets", "target"].map { target in
      shape(
        .pair,
        [
          .required("inputs", .prompt), .required(target, .response, .text), .optional("definition", .definition),
          .optional("_task_name", .task), .optional("task_name", .task),
        ] + partners(), rank: 2)
    })
  /// `instruction`, `context`, `response`, `category`.
  public static let dolly = Layout(
    "dolly",
    [
      shape(
        .pair,
        [
          .required("instruction", .prompt), .required("context", .input, [.string, .null]),
          .required("response", .response, .text), .optional("category", .task),
        ] + partners(input: []), rank: 2)
    ])
  /// `system_prompt`, `question`, `response`.
  public static let orca = Layout(
    "orca",
    [
      shape(
        .pair,
        [
          .required("system_prompt", .system, [.string, .null]), .required("question", .prompt),
          .required("response", .response, .text),
        ] + tools + reasoning, rank: 1)
    ])
  /// `instruction`, `input`, `output`, `system`, `history`.
  public static let alpaca = Layout(
    "alpaca",
    [shape(.pair, [.required("instruction", .prompt), .required("output", .response, .text)] + partners(), rank: 1)])
  /// `question`, `answer`, or `query`, `response`.
  public static let qa = Layout("qa", [pairShape("question", "answer"), pairShape("query", "response")])
  /// Any other question with its answer: `problem` and `solution`, `input` and `output`, `prompt` and `response`, …
  public static let pair: Layout = {
    let prompts = [
      "prompt", "instruction", "question", "query", "problem", "input", "inputs", "input_text", "user", "human",
      "message", "message_1",
    ]
    let responses = [
      "solution", "response", "output", "answer", "completion", "target", "targets", "output_text", "assistant", "gpt",
      "message_2",
    ]
    // What people mean when there are several.
    let usual = ["problem": "solution", "question": "solution", "prompt": "response", "input": "output"]
    return Layout(
      "pair",
      prompts.flatMap { prompt in
        responses.map { pairShape(prompt, $0, rank: usual[prompt] == $0 ? 1 : 0) }
          // A text beside a prompt is the response only where nothing else can be.
          + [pairShape(prompt, "text", rank: -1)]
      } + [pairShape("text", "code")])
  }()
  /// `text`: a response without a prompt.
  public static let text = Layout("text", [shape(.pair, [.required("text", .response, .text)])])

  // MARK: Choices and calls

  /// `query`, `answers` and `tools`: the response is the calls that answer.
  public static let xlam = Layout(
    "xlam",
    ["query", "question", "prompt"].map { prompt in
      shape(
        .pair,
        [
          .required(prompt, .prompt), .required("answers", .response, [.string, .list]),
          .required("tools", .tools, [.string, .list]),
        ] + systems, callsAnswer: true, rank: 1)
    })
  /// `question`, `choices` and the index, letter or text of the right one.
  public static let multipleChoice: Layout = {
    let letters = ["B", "C", "D", "E"].map { RecordShape.Field.optional($0, .ignored) }
    var shapes: [RecordShape] = []
    for answer in ["answer", "answerKey", "label"] {
      let right = RecordShape.Field.required(answer, .response, [.string, .number])
      shapes.append(
        shape(.choices, [.required("question", .prompt), .required("A", .choices), right] + letters + systems, rank: 1))
      for choices in ["choices", "options"] {
        let fields: [RecordShape.Field] = [
          .required("question", .prompt), .required(choices, .choices, [.list, .object]), right,
          .optional("subject", .task),
        ]
        shapes.append(shape(.choices, fields + systems, rank: 1))
      }
    }
    return Layout("multiple-choice", shapes)
  }()
  /// A prompt with several answers, of which the best by its score, else the first, is the response.
  public static let answers = Layout(
    "answers",
    ["question", "instruction", "prompt", "query"].flatMap { prompt in
      ["answers", "completions", "responses", "answer", "outputs", "response", "completion", "output"].map { answers in
        shape(.candidates, [.required(prompt, .prompt), .required(answers, .response, .list)] + partners(prompt))
      }
    })
  /// SQuAD, flattened or as one document.
  public static let squad = Layout(
    "squad",
    [
      shape(
        .pair,
        [
          .required("question", .prompt), .required("context", .input), .required("answers.text.0", .response),
          .optional("answers", .ignored, .any),
        ], rank: 2),
      shape(.paragraphs, [.required("paragraphs", .instances, .list), .optional("title", .task)]),
    ])

  /// SciQ: the passage that supports the answer is the context; wrong answers stay attributes.
  public static let sciq = Layout(
    "sciq",
    [
      shape(
        .pair, [.required("question", .prompt), .required("correct_answer", .response)] + partners(input: ["support"]))
    ])

  // MARK: Documents, trees, answers of servers

  /// `Definition`, `Instances[{input, output}]`: one sample an instance.
  public static let naturalInstructions = Layout(
    "natural-instructions",
    [
      shape(
        .instances,
        [
          .required("Definition", .definition, [.string, .strings]), .required("Instances", .instances, .list),
          .optional("Positive Examples", .ignored, .any), .optional("Negative Examples", .ignored, .any),
        ])
    ])
  /// `instruction`, `instances[{input, output}]`: one sample an instance.
  public static let selfInstruct = Layout(
    "self-instruct",
    [
      shape(
        .instances, [.required("instruction", .definition), .required("instances", .instances, .list)])
    ])
  /// Open Assistant's trees: a `prompt` with `replies`, and theirs.
  public static let oasstTree = Layout(
    "oasst-tree",
    [shape(.tree, [.required("prompt", .messages, .object), .optional("message_tree_id", .ignored, .any)])])
  /// Open Assistant's messages, a record each: `message_id`, `parent_id`, `text`, `role`.
  public static let oasst = Layout(
    "oasst",
    [
      shape(
        .linked,
        [
          .required("message_id", .messages, .string), .required("parent_id", .instances, [.string, .null]),
          .required("text", .response), .required("role", .prompt),
        ])
    ])
  /// What OpenAI's batches and completions answer: a response without a prompt.
  public static let batchResults = Layout(
    "openai-batch",
    ["response.body.choices.0.message", "response.choices.0.message", "choices.0.message"].map { path in
      shape(.pair, [.required(path, .response, .roleTurns)])
    })

  // MARK: Preferences

  /// `chosen`, `rejected`, `prompt`: the chosen response, and the rejected one as an attribute.
  public static let preference: Layout = {
    let keys = [
      ("chosen", "rejected"), ("response_j", "response_k"), ("chosen_response", "rejected_response"),
      ("preferred", "dispreferred"),
    ]
    // OpenAI's, whose prompt lies deeper.
    let deep = shape(
      .preference,
      [
        .required("preferred_output", .response, .textOrTurns), .required("non_preferred_output", .rejected, .any),
        .required("input.messages", .prompt, .textOrTurns),
      ], rank: 2)
    return Layout(
      "preference",
      keys.map { chosen, rejected in
        let prompts = [
          "prompt", "instruction", "question", "query", "problem", "message", "conversations", "messages",
          "input",
        ]
        return shape(
          .preference,
          [
            .required(chosen, .response, [.textOrTurns, .writtenTurns]), .required(rejected, .rejected, .any),
          ] + prompts.map { .optional($0, .prompt, [.textOrTurns, .null]) } + partners(), rank: 2)
      } + [deep])
  }()
  /// A pair or a list of turns with `label: true` or `false`, or LLaMA-Factory's `kto_tag`.
  public static let kto: Layout = {
    let labels = ["label", "kto_tag"]
    let pairs = [
      ("prompt", "completion"), ("prompt", "response"), ("instruction", "output"), ("question", "answer"),
      ("query", "response"),
    ]
    return Layout(
      "kto",
      labels.flatMap { label -> [RecordShape] in
        let field = RecordShape.Field.required(label, .label, .truth)
        let ofTurns = [RecordShape.Kinds.roleTurns, .fromTurns].flatMap { kind in
          ["messages", "conversations"].map { key in
            shape(.conversation, [.required(key, .messages, kind), field] + systems + tools + task, rank: 1)
          }
        }
        let ofTexts = pairs.map { prompt, response in
          shape(
            .pair,
            [.required(prompt, .prompt, .textOrTurns), .required(response, .response, .textOrTurns), field]
              + partners(prompt), rank: 2)
        }
        return ofTurns + ofTexts
      })
  }()

  // MARK: Partners

  private static let systems: [RecordShape.Field] = [
    "system", "system_prompt", "system_message", "systemInstruction", "system_instruction", "systemPrompt",
  ].map { .optional($0, .system, [.string, .list, .object]) }

  /// A list of tools, or its JSON as a string.
  private static let tools: [RecordShape.Field] = ["tools", "functions", "tool_defs"].map {
    .optional($0, .tools, [.string, .list, .object])
  }

  /// The key under which exports write the task.
  private static let task: [RecordShape.Field] = [.optional("task", .task, .text)]

  private static let reasoning: [RecordShape.Field] = ["reasoning_content", "thinking", "reasoning"].map {
    .optional($0, .reasoning, .any)
  }

  /// What may stand beside a pair of texts. Of several keys for one part the first counts; the others are attributes.
  private static func partners(_ prompt: String = "", input: [String] = ["input", "context", "passage", "article"])
    -> [RecordShape.Field]
  {
    systems + tools + reasoning + task
      + input.filter { $0 != prompt }.map { .optional($0, .input) }
      + ["history", "chat_history"].map { .optional($0, .history, .list) }
  }

  private static func pairShape(_ prompt: String, _ response: String, rank: Int = 0) -> RecordShape {
    shape(
      .pair,
      [.required(prompt, .prompt, .textOrTurns), .required(response, .response, .textOrTurns)] + partners(prompt),
      rank: rank)
  }

  private static func shape(
    _ body: RecordShape.Body, _ fields: [RecordShape.Field], dropsEndOfText: Bool = false, callsAnswer: Bool = false,
    rank: Int = 0
  ) -> RecordShape {
    RecordShape(
      name: "", body: body, fields: fields, dropsEndOfText: dropsEndOfText, callsAnswer: callsAnswer, rank: rank)
  }
}
