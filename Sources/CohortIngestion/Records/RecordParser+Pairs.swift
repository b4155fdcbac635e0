internal import CohortCore

/// What the layouts make of a record's fields: prompts, responses, and what stands beside them.
extension RecordParser {
  func composeMessages(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    switch shape.shape.body {
    case .pair: try composePair(of: tape, shape)
    case .conversation: try addTurns(try required(.messages, shape), of: tape, shape)
    case .preference: try composePreference(of: tape, shape)
    case .choices: try composeChoices(of: tape, shape)
    case .candidates: try composeCandidates(of: tape, shape)
    case .instances, .paragraphs, .tree, .linked: break
    }
    try addPartners(of: tape, shape)
  }

  /// What stands beside the texts. What the prompt has not taken up stays an attribute: nothing is lost.
  private func addPartners(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    keepUnused(.definition, of: tape)
    keepUnused(.input, of: tape)
    keepUnused(.history, of: tape)
    try addSystem(of: tape, shape)
    try readTools(of: tape)
    addReasoning(of: tape)
    markUndesired(of: tape)
  }

  private func composePair(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    if let turns = value(.messages) { try addTurns(turns, of: tape, shape) }
    try addHistory(of: tape, shape)
    try addPrompt(of: tape, shape)
    if shape.requiresInput, value(.input) == nil { throw missing(.input, shape) }
    try addResponse(try required(.response, shape), of: tape, shape)
  }

  private func keepUnused(_ slot: FieldSlot, of tape: UnsafeTape) {
    guard let value = value(slot), usedSlots & slot.bit == 0, tape.kind(value) != .null else { return }
    keepAsAttribute(slot)
  }

  func addHistory(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let history = value(.history), tape.kind(history) != .null else { return }
    usedSlots |= FieldSlot.history.bit
    // An empty cell of a table.
    if tape.kind(history) == .string, tape.text(history).allSatisfy(TextSniffing.isSpace) { return }
    try addTurns(history, of: tape, shape)
  }

  func addPrompt(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let prompt = value(.prompt) else {
      if shape.shape.field(in: .prompt)?.isRequired == true { throw missing(.prompt, shape) }
      return
    }
    switch tape.kind(prompt) {
    case .array, .object: try addTurns(prompt, of: tape, shape)
    case .string where value(.input) == nil && value(.definition) == nil:
      let turns = Transcript.openTurns(of: tape.text(prompt))
      if turns.isEmpty { return draft.add(MessageDraft.user, tape.text(prompt)) }
      for turn in turns { draft.add(turn.role.code, turn.text) }
    default: try addQuestion([.definition, .prompt, .input], of: tape, shape)
    }
  }

  /// The texts of some fields, a line each, those that are empty left out.
  func addQuestion(_ slots: [FieldSlot], of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    var first: MessageDraft.Text?
    var joined: [MessageDraft.Text] = []
    for slot in slots {
      usedSlots |= slot.bit
      // One key may stand for the input, and for the prompt where there is no other.
      if slot == .input, value(.input) == value(.prompt) { continue }
      guard let value = value(slot), tape.kind(value) != .null || slot == .prompt else { continue }
      let text = try text(value, slot, of: tape, shape)
      if first == nil || !text.isEmpty { first = first.flatMap { $0.isEmpty ? nil : $0 } ?? text }
      if !text.isEmpty { joined.append(text) }
    }
    guard joined.count > 1 else {
      draft.entries.append(.init(role: MessageDraft.user, text: joined.first ?? first ?? .scratch(0..<0)))
      return
    }
    draft.addJoined(MessageDraft.user, joined)
  }

  func addResponse(_ value: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    if shape.shape.callsAnswer {
      if tape.kind(value) != .string { return try addCalls(value, of: tape) }
      if Transcript.isJSON(tape.text(value)) { return try addCalls(of: tape.text(value)) }
    }
    switch tape.kind(value) {
    case .array where tape.firstElement(of: value).map({ tape.kind($0) == .string }) == true:
      // Several answers: the first counts, and all stay an attribute.
      keepAsAttribute(.response)
      let first = try text(tape.inside(value).lowerBound, .response, of: tape, shape)
      draft.entries.append(.init(role: MessageDraft.assistant, text: first))
      return
    case .array, .object: return try addTurns(value, of: tape, shape)
    default: break
    }
    guard shape.shape.dropsEndOfText, tape.kind(value) == .string else {
      let text = try text(value, .response, of: tape, shape)
      draft.entries.append(.init(role: MessageDraft.assistant, text: text))
      return
    }
    var response = tape.text(value)
    if UnsafeTape.isEqual(UnsafeTape.Text(rebasing: response.suffix(Transcript.endOfText.count)), Transcript.endOfText)
    {
      response = UnsafeTape.Text(rebasing: response.dropLast(Transcript.endOfText.count))
    }
    draft.add(MessageDraft.assistant, response)
  }

  // MARK: Partners

  /// The text above the conversation goes to its front, unless the conversation begins with the same one.
  private func addSystem(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let system = value(.system), tape.kind(system) != .null else { return }
    let count = draft.entries.count
    switch tape.kind(system) {
    case .string:
      var text = tape.text(system)
      // Glaive's transcripts name the speaker here, too.
      let marker = Array("SYSTEM:".utf8)
      if shape.shape.name == Layout.transcript.name, text.starts(with: marker) {
        text = UnsafeTape.Text(rebasing: text.dropFirst(marker.count).drop(while: TextSniffing.isSpace))
      }
      if text.isEmpty { return }
      draft.add(MessageDraft.system, text)
    case .array, .object:
      if tape.isEmptyContainer(system) { return }
      // An object or a list of something else is not said by anybody: it stays an attribute.
      guard holdsTexts(system, of: tape, shape) else { return keepAsAttribute(.system) }
      var entry = MessageDraft.Entry(role: MessageDraft.system, text: .scratch(0..<0))
      var members = TurnKeys.Members()
      if tape.kind(system) == .object {
        members = shape.turnKeys.members(of: system, tape)
      } else {
        members.content = system
      }
      try readContent(of: system, members, tape, shape, into: &entry)
    default: return keepAsAttribute(.system)
    }
    draft.moveToFront(from: count)
  }

  /// Whether a value is a list of texts and typed parts, or an object that holds a text.
  private func holdsTexts(_ value: Int, of tape: UnsafeTape, _ shape: CompiledShape) -> Bool {
    if tape.kind(value) == .object {
      let content = shape.turnKeys.members(of: value, tape).content
      return content >= 0 && (tape.kind(content) == .string || holdsTexts(content, of: tape, shape))
    }
    return tape.kind(value) == .array
      && tape.elements(of: value).allSatisfy { part in
        if case .text = PartType(part, of: tape) { return true }
        return false
      }
  }

  /// Reasoning that stands beside a response goes into it.
  private func addReasoning(of tape: UnsafeTape) {
    guard let reasoning = value(.reasoning) else { return }
    // One word is a switch (`on`, `high`), and no thought.
    guard tape.kind(reasoning) == .string, tape.text(reasoning).contains(where: TextSniffing.isSpace),
      let last = draft.entries.lastIndex(where: { $0.role == MessageDraft.assistant }),
      !draft.entries[last].hasReasoning, draft.entries[last].extra.isEmpty
    else {
      keepAsAttribute(.reasoning)
      return
    }
    draft.entries[last].extra = draft.compose { bytes in
      bytes.append(contentsOf: "{\"reasoning_content\":".utf8)
      CanonicalJSON.append(tape.text(reasoning), to: &bytes)
      bytes.append(UInt8(ascii: "}"))
    }
    draft.entries[last].hasReasoning = true
  }

  /// A response that its label calls undesired is kept with weight 0: nobody trains on it unasked.
  private func markUndesired(of tape: UnsafeTape) {
    guard let label = value(.label), tape.truth(label) == false else { return }
    for index in draft.entries.indices where draft.entries[index].role == MessageDraft.assistant {
      guard !draft.entries[index].isMasked else { continue }
      let old = Array(draft.scratch[draft.entries[index].extra])
      draft.entries[index].extra = draft.compose { bytes in
        bytes.append(contentsOf: "{\"weight\":0".utf8)
        MemberWriter.append(old, without: "weight", to: &bytes)
        bytes.append(UInt8(ascii: "}"))
      }
      draft.entries[index].isMasked = true
    }
    tallies.undesired += 1
  }

  // MARK: Preferences

  /// The chosen response. A conversation that begins with the user's turn holds the prompt already; the field `prompt` is
  /// then an attribute.
  private func composePreference(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    let chosen = try required(.response, shape)
    if value(.rejected) == nil { throw missing(.rejected, shape) }
    let isWritten = tape.kind(chosen) == .string && holdsWrittenTurns(tape.text(chosen), shape)
    if isWritten || tape.kind(chosen) == .array { try addTurns(chosen, of: tape, shape) }
    let hasPrompt = draft.entries.contains { $0.role == MessageDraft.user }
    if let prompt = value(.prompt), tape.kind(prompt) != .null {
      if hasPrompt {
        keepAsAttribute(.prompt)
      } else {
        let count = draft.entries.count
        try addHistory(of: tape, shape)
        try addPrompt(of: tape, shape)
        draft.moveToFront(from: count)
      }
    }
    if !isWritten, tape.kind(chosen) != .array { try addResponse(chosen, of: tape, shape) }
  }

  /// Whether a text is a transcript, or a list of turns as JSON; an answer may be JSON itself.
  private func holdsWrittenTurns(_ text: UnsafeTape.Text, _ shape: CompiledShape) -> Bool {
    guard Transcript.isJSON(text) else { return Transcript.isTranscript(text) }
    guard let inner = try? parseNested(text, what: "the response", .wrongType) else { return false }
    defer { giveBackNestedParser() }
    return RecordShape.Kinds([.roleTurns, .fromTurns]).accepts(UnsafeTape.root, of: inner, shape.turnKeys)
      && inner.kind(UnsafeTape.root) == .array && !inner.isEmptyContainer(UnsafeTape.root)
  }

  // MARK: Fields

  func required(_ slot: FieldSlot, _ shape: CompiledShape) throws(Failure) -> Int {
    guard let value = value(slot) else { throw missing(slot, shape) }
    return value
  }

  func text(
    _ value: Int, _ slot: FieldSlot, of tape: UnsafeTape, _ shape: CompiledShape
  ) throws(Failure) -> MessageDraft.Text {
    guard let text = draft.text(of: value, tape) else {
      throw wrongType("'\(shape.shape.field(in: slot)?.key ?? "\(slot)")'", value, of: tape)
    }
    return text
  }

  func missing(_ slot: FieldSlot, _ shape: CompiledShape) -> Failure {
    Failure(reason: .missingField, detail: "the field '\(shape.shape.field(in: slot)?.key ?? "\(slot)")' is missing")
  }

  func wrongType(_ what: String, _ value: Int, of tape: UnsafeTape) -> Failure {
    Failure(reason: .wrongType, detail: "\(what) is \(tape.name(of: tape.kind(value)))")
  }
}
