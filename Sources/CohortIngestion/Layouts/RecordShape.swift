/// What part of a sample a field holds.
enum FieldSlot: Int, CaseIterable {
  case system, prompt, input, response, history, messages, tools, task, length, rejected, definition, instances
  case label, reasoning, choices, ignored

  /// Fields that are used and still stay attributes of the sample.
  var staysAttribute: Bool { self == .length || self == .rejected || self == .label }
  var bit: UInt32 { 1 << UInt32(rawValue) }

  /// What `--map` and layouts of users call the slot; nil for those that they cannot name.
  var word: String? {
    switch self {
    case .system: "system"
    case .prompt: "prompt"
    case .input: "input"
    case .response: "response"
    case .history: "history"
    case .messages: "messages"
    case .tools: "tools"
    case .task: "task"
    case .rejected: "rejected"
    case .definition: "definition"
    case .label: "label"
    case .reasoning: "reasoning"
    case .length, .instances, .choices, .ignored: nil
    }
  }

  init?(word: String) {
    guard let known = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = known
  }
}

/// How the records of one source are read: where the parts of a sample are, and what each becomes. How a turn is written
/// is no part of it: every list of turns is read by the same words (`TurnKeys`, `RoleTable`).
struct RecordShape: Hashable, Sendable {
  /// Which JSON types a field may have.
  struct Kinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt16
    static let string = Kinds(rawValue: 1)
    static let null = Kinds(rawValue: 2)
    /// A list of turns: objects with a role and a content, or a single one of them.
    static let roleTurns = Kinds(rawValue: 4)
    /// The same with ShareGPT's `from` and `value`.
    static let fromTurns = Kinds(rawValue: 8)
    /// A list of strings, the user's and the assistant's in turn.
    static let strings = Kinds(rawValue: 16)
    /// A list of questions with their answers: objects or lists of two.
    static let pairs = Kinds(rawValue: 32)
    /// JSON in a string, or a text with the speakers' names before their turns.
    static let writtenTurns = Kinds(rawValue: 64)
    /// Only the latter.
    static let transcript = Kinds(rawValue: 4096)
    static let list = Kinds(rawValue: 128)
    static let object = Kinds(rawValue: 256)
    /// A number or a truth value, which counts as text.
    static let number = Kinds(rawValue: 512)
    static let truth = Kinds(rawValue: 1024)
    static let any = Kinds(rawValue: 2048)

    /// One text, however its type was guessed by the program that wrote it.
    static let text: Kinds = [.string, .number, .truth]
    static let turns: Kinds = [.roleTurns, .fromTurns, .strings, .pairs, .writtenTurns]
    /// What stands for a prompt or a response: one text, or turns.
    static let textOrTurns: Kinds = [.text, .roleTurns, .fromTurns]
  }

  struct Field: Hashable, Sendable {
    /// A key of the record, or a dotted path of keys and list indices; empty for the record itself.
    var key: String
    var slot: FieldSlot
    var kinds: Kinds
    var isRequired: Bool

    static func required(_ key: String, _ slot: FieldSlot, _ kinds: Kinds = .string) -> Field {
      Field(key: key, slot: slot, kinds: kinds, isRequired: true)
    }

    static func optional(_ key: String, _ slot: FieldSlot, _ kinds: Kinds = [.string, .null]) -> Field {
      Field(key: key, slot: slot, kinds: kinds.union(.null), isRequired: false)
    }
  }

  enum Body: Hashable, Sendable {
    /// Prompt, input, response, each one text or a list of turns.
    case pair
    /// A list of turns.
    case conversation
    /// A definition and a list of inputs with outputs.
    case instances
    /// Paragraphs with questions about them.
    case paragraphs
    /// A preferred and a rejected response.
    case preference
    /// A question with choices, of which one is right.
    case choices
    /// A prompt with several answers, of which the best is the response.
    case candidates
    /// A message with its replies, and theirs.
    case tree
    /// One message of a tree, with the id of the message that it answers.
    case linked
  }

  /// The layout's name, for reports; `map` for a shape given by `--map` alone.
  var name: String
  var body: Body
  var fields: [Field]
  /// Names that a `dataset_info.json`, `--role` or a layout of the user gives to keys and roles of turns.
  var words = TurnWords()
  /// A trailing `<|endoftext|>` is no part of the response.
  var dropsEndOfText = false
  /// The response is JSON of the calls that answer.
  var callsAnswer = false
  /// Of two shapes that explain the same fields, the one with the higher rank is what people mean.
  var rank = 0

  func field(in slot: FieldSlot) -> Field? { fields.first { $0.slot == slot } }
}

/// Names of keys and roles in turns beyond the known ones.
struct TurnWords: Hashable, Sendable {
  /// The key of the role and of the content; nil for the known ones.
  var roleKey: String?
  var contentKey: String?
  /// Roles by their names in the data.
  var roles: [String: TurnRole] = [:]
}
