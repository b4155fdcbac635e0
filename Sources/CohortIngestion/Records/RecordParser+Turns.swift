internal import CohortCore

/// Lists of turns in any dialect, and single turns.
extension RecordParser {
  /// Adds the turns of a value: a list of them, one turn, or a text that holds them.
  func addTurns(_ value: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    switch tape.kind(value) {
    case .array: break
    case .object: return try addTurn(value, of: tape, shape)
    case .string: return try addWrittenTurns(tape.text(value), shape)
    default: throw wrongType("the list of messages", value, of: tape)
    }
    let range = tape.inside(value)
    var turn = range.lowerBound
    var isUsers = true
    while turn < range.upperBound {
      switch tape.kind(turn) {
      case .object: try addTurn(turn, of: tape, shape)
      case .array: try addQuestionAndAnswer(turn, of: tape, shape)
      case .string:
        draft.add(isUsers ? MessageDraft.user : MessageDraft.assistant, tape.text(turn))
        isUsers.toggle()
      default: throw wrongType("a message", turn, of: tape)
      }
      turn = tape.next(after: turn)
    }
  }

  /// Turns in a string: JSON, or a transcript.
  private func addWrittenTurns(_ text: UnsafeTape.Text, _ shape: CompiledShape) throws(Failure) {
    if Transcript.isJSON(text) {
      let inner = try parseNested(text, what: "the list of messages", .wrongType)
      return try addTurns(UnsafeTape.root, of: inner, shape)
    }
    let turns = Transcript.turns(of: text)
    guard !turns.isEmpty else {
      throw Failure(
        reason: .wrongType, detail: "the conversation is a text that is neither JSON nor begins with a speaker's name")
    }
    for turn in turns {
      if turn.role == .assistant, try addWrittenCall(turn.text) { continue }
      draft.add(turn.role.code, turn.text)
    }
  }

  /// A list of two: what is asked, and the answer.
  private func addQuestionAndAnswer(_ pair: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let question = tape.firstElement(of: pair), let answer = tape.element(1, of: pair),
      tape.next(after: answer) == tape.inside(pair).upperBound
    else { throw Failure(reason: .wrongType, detail: "a turn of the history is not two strings") }
    try addText(question, MessageDraft.user, "a question", of: tape)
    try addText(answer, MessageDraft.assistant, "an answer", of: tape)
  }

  private func addText(_ value: Int, _ role: UInt8, _ what: String, of tape: UnsafeTape) throws(Failure) {
    guard let text = draft.text(of: value, tape) else { throw wrongType(what, value, of: tape) }
    draft.entries.append(.init(role: role, text: text))
  }

  private func addTurn(_ turn: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    let members = shape.turnKeys.members(of: turn, tape)
    if members.isDoubled { throw Failure(reason: .duplicateKey, detail: "a message has two roles or two contents") }
    guard members.isTurn else {
      if members.isPair {
        try addText(members.question, MessageDraft.user, "a question", of: tape)
        return try addText(members.answer, MessageDraft.assistant, "an answer", of: tape)
      }
      throw Failure(reason: .missingField, detail: "a message has no '\(shape.turnKeys.roleName)'")
    }
    guard tape.kind(members.role) == .string else { throw wrongType("a message's role", members.role, of: tape) }
    var entry = MessageDraft.Entry(role: MessageDraft.other, text: .scratch(0..<0))
    let name = tape.text(members.role)
    switch shape.roles.role(named: name) {
    case .call where members.content >= 0 && tape.kind(members.content) != .null:
      entry.role = MessageDraft.assistant
      if members.hasMore { writeExtra(of: turn, members, OtherParts(), tape, shape, into: &entry) }
      if tape.kind(members.content) == .string { return try addCallTurn(tape.text(members.content), entry) }
      entry.extra = try composeCalls(members.content, of: tape, beside: entry.extra)
      entry.hasCalls = true
      draft.entries.append(entry)
      return
    case let role?: entry.role = role.code
    case nil:
      entry.roleName = name
      tallies.note(role: String(decoding: name.prefix(64), as: UTF8.self))
    }
    try readContent(of: turn, members, tape, shape, into: &entry)
  }

  // MARK: Texts that hold JSON

  /// Parses JSON that sits in a string, and stays valid as long as the record is read.
  func parseNested(
    _ text: UnsafeTape.Text, what: String, _ reason: RejectionReason
  ) throws(Failure) -> UnsafeTape {
    let parser: JSONParser
    do {
      parser = try nestedParser()
    } catch {
      throw Failure(reason: .noMemory, detail: error.message)
    }
    var padded = [UInt8](text)
    padded.append(contentsOf: repeatElement(0, count: JSONParser.padding))
    let result = padded.withUnsafeBufferPointer { bytes -> Result<UnsafeTape, Failure> in
      do throws(Failure) {
        return .success(try parser.parse(UnsafeBufferPointer(rebasing: bytes.dropLast(JSONParser.padding))))
      } catch {
        return .failure(Failure(reason: reason, detail: "\(what) is not JSON: \(error.detail)"))
      }
    }
    if case .failure = result { giveBackNestedParser() }
    return try result.get()
  }
}
