/// What each layout makes of a record's fields.
extension RecordParser {
  static let endOfText = Array("<|endoftext|>".utf8)

  func composeMessages(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    switch shape.shape.body {
    case .pair: try composePair(of: tape, shape)
    case .conversation:
      try addSystem(of: tape)
      try addMessages(try required(.messages, shape), of: tape, shape)
    case .turns: try composeTurns(of: tape, shape)
    case .preference: try composePreference(of: tape, shape)
    case .instances: break
    }
    try readTools(of: tape)
  }

  private func composePair(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    try addSystem(of: tape)
    try addHistory(of: tape)
    if let prompt = value(.prompt) {
      if tape.kind(prompt) == .array {
        try addMessages(prompt, of: tape, shape)
      } else {
        try addPrompt(try text(prompt, .prompt, of: tape, shape), of: tape, shape)
      }
    } else if shape.shape.field(in: .prompt) != nil {
      throw missing(.prompt, shape)
    }
    if let field = shape.shape.field(in: .input), field.isRequired, value(.input) == nil {
      throw missing(.input, shape)
    }
    try addResponse(try required(.response, shape), of: tape, shape)
  }

  /// The prompt, and behind a line end the input, if that is not empty.
  private func addPrompt(_ prompt: UnsafeTape.Text, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let input = value(.input), tape.kind(input) != .null else { return draft.add(MessageDraft.user, prompt) }
    let more = try text(input, .input, of: tape, shape)
    if more.isEmpty { return draft.add(MessageDraft.user, prompt) }
    if prompt.isEmpty { return draft.add(MessageDraft.user, more) }
    let range = draft.compose { bytes in
      bytes.append(contentsOf: prompt)
      bytes.append(UInt8(ascii: "\n"))
      bytes.append(contentsOf: more)
    }
    draft.entries.append(.init(role: MessageDraft.user, text: .scratch(range)))
  }

  private func addResponse(_ value: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    if tape.kind(value) == .array { return try addMessages(value, of: tape, shape) }
    var response = try text(value, .response, of: tape, shape)
    if shape.shape.dropsEndOfText,
      UnsafeTape.isEqual(UnsafeTape.Text(rebasing: response.suffix(Self.endOfText.count)), Self.endOfText)
    {
      response = UnsafeTape.Text(rebasing: response.dropLast(Self.endOfText.count))
    }
    draft.add(MessageDraft.assistant, response)
  }

  private func addSystem(of tape: UnsafeTape) throws(Failure) {
    guard let system = value(.system), tape.kind(system) != .null else { return }
    guard tape.kind(system) == .string else { throw wrongType("the system text", system, of: tape) }
    let text = tape.text(system)
    if !text.isEmpty { draft.add(MessageDraft.system, text) }
  }

  /// Earlier turns: `[[question, answer], …]`.
  private func addHistory(of tape: UnsafeTape) throws(Failure) {
    guard let history = value(.history), tape.kind(history) != .null else { return }
    guard tape.kind(history) == .array else { throw wrongType("the history", history, of: tape) }
    var wrong = -1
    tape.forEachElement(of: history) { turn in
      guard tape.kind(turn) == .array, let question = tape.firstElement(of: turn), tape.kind(question) == .string,
        case let answer = tape.next(after: question), answer < tape.inside(turn).upperBound,
        tape.kind(answer) == .string, tape.next(after: answer) == tape.inside(turn).upperBound
      else {
        wrong = turn
        return false
      }
      draft.add(MessageDraft.user, tape.text(question))
      draft.add(MessageDraft.assistant, tape.text(answer))
      return true
    }
    if wrong >= 0 { throw Failure(reason: .wrongType, detail: "a turn of the history is not two strings") }
  }

  private func composeTurns(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    let list = try required(.messages, shape)
    guard tape.kind(list) == .array else { throw wrongType("the conversation", list, of: tape) }
    var wrong = -1
    tape.forEachElement(of: list) { turn in
      guard tape.kind(turn) == .string else {
        wrong = turn
        return false
      }
      draft.add(draft.entries.count % 2 == 0 ? MessageDraft.user : MessageDraft.assistant, tape.text(turn))
      return true
    }
    if wrong >= 0 { throw wrongType("a turn", wrong, of: tape) }
  }

  /// The chosen response. A list that begins with the user's turn holds the prompt already; the field `prompt` is then
  /// an attribute.
  private func composePreference(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    let chosen = try required(.response, shape)
    if value(.rejected) == nil { throw missing(.rejected, shape) }
    if let prompt = value(.prompt), tape.kind(prompt) != .null {
      if holdsPrompt(chosen, of: tape, shape) {
        attributes.append(prompt - 1)
      } else if tape.kind(prompt) == .array {
        try addMessages(prompt, of: tape, shape)
      } else {
        draft.add(MessageDraft.user, try text(prompt, .prompt, of: tape, shape))
      }
    }
    try addResponse(chosen, of: tape, shape)
  }

  private func holdsPrompt(_ list: Int, of tape: UnsafeTape, _ shape: CompiledShape) -> Bool {
    guard tape.kind(list) == .array else { return false }
    var holds = false
    tape.forEachElement(of: list) { message in
      guard tape.kind(message) == .object, let role = tape.member(shape.roleKey, of: message),
        tape.kind(role) == .string
      else { return true }
      holds = shape.role(named: tape.text(role)) == .user
      return !holds
    }
    return holds
  }

  // MARK: Fields

  func required(_ slot: FieldSlot, _ shape: CompiledShape) throws(Failure) -> Int {
    guard let value = value(slot) else { throw missing(slot, shape) }
    return value
  }

  func text(
    _ value: Int, _ slot: FieldSlot, of tape: UnsafeTape, _ shape: CompiledShape
  ) throws(Failure) -> UnsafeTape.Text {
    guard tape.kind(value) == .string else {
      throw wrongType("'\(shape.shape.field(in: slot)?.key ?? "\(slot)")'", value, of: tape)
    }
    return tape.text(value)
  }

  func missing(_ slot: FieldSlot, _ shape: CompiledShape) -> Failure {
    Failure(reason: .missingField, detail: "the field '\(shape.shape.field(in: slot)?.key ?? "\(slot)")' is missing")
  }

  func wrongType(_ what: String, _ value: Int, of tape: UnsafeTape) -> Failure {
    Failure(reason: .wrongType, detail: "\(what) is \(tape.name(of: tape.kind(value)))")
  }
}

extension CompiledShape {
  /// nil for a role that has no name in the dialect.
  func role(named name: UnsafeTape.Text) -> MessageDialect.Role? {
    for known in roles where UnsafeTape.isEqual(name, known.name) { return known.role }
    return nil
  }
}
