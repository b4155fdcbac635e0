internal import CohortCore

/// Records that hold several samples: paths of a tree of messages, and questions about paragraphs.
extension RecordParser {
  // MARK: Trees

  /// Each path from the root to an assistant's message without an accepted answer of the assistant below it. A reply is
  /// accepted by its rank (`IngestionOptions.highestRank`); one without a rank only where no reply beside it has one.
  func parseTree(
    of tape: UnsafeTape, _ shape: CompiledShape, _ record: InputBlock.Record, into batch: inout SampleBatch
  ) throws(Failure) {
    var path: [Int] = []
    var leaves: [[Int]] = []
    visit(try required(.messages, shape), of: tape, shape, &path, &leaves)
    if leaves.isEmpty {
      throw Failure(reason: .noAssistantMessage, detail: "no accepted reply in the tree is the assistant's")
    }
    for leaf in leaves {
      draft.reset()
      for node in leaf { try addNode(node, of: tape, shape) }
      try addSample(of: tape, shape, line: record.line, into: &batch)
    }
  }

  /// - Returns: whether a path that ends in or below this message was found.
  @discardableResult
  private func visit(
    _ node: Int, of tape: UnsafeTape, _ shape: CompiledShape, _ path: inout [Int], _ leaves: inout [[Int]]
  ) -> Bool {
    guard tape.kind(node) == .object else { return false }
    path.append(node)
    defer { path.removeLast() }
    var found = false
    if let replies = tape.member(Array("replies".utf8), of: node), tape.kind(replies) == .array {
      var ranked = false
      tape.forEachElement(of: replies) { reply in
        ranked = ranked || Self.rank(of: reply, tape) != nil
        return true
      }
      tape.forEachElement(of: replies) { reply in
        let rank = Self.rank(of: reply, tape)
        if rank.map({ $0 <= UInt64(shape.highestRank) }) ?? !ranked {
          if visit(reply, of: tape, shape, &path, &leaves) { found = true }
        }
        return true
      }
    }
    guard !found, role(of: node, tape, shape) == .assistant else { return found }
    leaves.append(path)
    return true
  }

  private static func rank(of node: Int, _ tape: UnsafeTape) -> UInt64? {
    tape.member(Array("rank".utf8), of: node).flatMap { tape.count($0) }
  }

  private func role(of node: Int, _ tape: UnsafeTape, _ shape: CompiledShape) -> TurnRole? {
    tape.member(Array("role".utf8), of: node).flatMap {
      tape.kind($0) == .string ? shape.roles.role(named: tape.text($0)) : nil
    }
  }

  /// A message of a tree without what concerns its place there.
  private func addNode(_ node: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    guard let text = tape.member(Array("text".utf8), of: node), let content = draft.text(of: text, tape) else {
      throw Failure(reason: .missingField, detail: "a message of the tree has no 'text'")
    }
    guard let role = role(of: node, tape, shape) else {
      throw Failure(reason: .missingField, detail: "a message of the tree has no known 'role'")
    }
    draft.entries.append(.init(role: role.code, text: content))
  }

  // MARK: Paragraphs

  /// SQuAD's own form: each question of each paragraph is a sample; the first answer is the response.
  func parseParagraphs(
    of tape: UnsafeTape, _ shape: CompiledShape, _ record: InputBlock.Record, into batch: inout SampleBatch
  ) throws(Failure) {
    let paragraphs = try required(.instances, shape)
    var found = 0
    for paragraph in tape.elements(of: paragraphs) {
      guard let context = tape.member(Array("context".utf8), of: paragraph),
        let questions = tape.member(Array("qas".utf8), of: paragraph), tape.kind(questions) == .array
      else { throw Failure(reason: .missingField, detail: "a paragraph has no 'context' or no 'qas'") }
      for question in tape.elements(of: questions) {
        found += 1
        do {
          try addQuestion(question, context, of: tape, shape, record, into: &batch)
        } catch {
          rejectPart(question, error, line: record.line, of: tape, in: &batch)
        }
      }
    }
    if found == 0 { throw Failure(reason: .missingField, detail: "there are no questions") }
  }

  private func addQuestion(
    _ question: Int, _ context: Int, of tape: UnsafeTape, _ shape: CompiledShape, _ record: InputBlock.Record,
    into batch: inout SampleBatch
  ) throws(Failure) {
    draft.reset()
    guard let asked = tape.member(Array("question".utf8), of: question), let text = draft.text(of: asked, tape),
      let passage = draft.text(of: context, tape)
    else { throw Failure(reason: .missingField, detail: "a question has no text") }
    let answers = tape.member(Array("answers".utf8), of: question)
    let first = answers.flatMap { tape.kind($0) == .array ? tape.firstElement(of: $0) : nil }
    guard let answer = first.flatMap({ tape.member(Array("text".utf8), of: $0) }) else {
      throw Failure(reason: .emptyResponse, detail: "the question has no answer")
    }
    draft.addJoined(MessageDraft.user, [text, passage])
    draft.entries.append(.init(role: MessageDraft.assistant, text: try self.text(answer, .response, of: tape, shape)))
    let document = attributes
    defer { attributes = document }
    attributes = []
    let overridden = CanonicalJSON.overriddenKeys(of: question, tape)
    tape.forEachMember(of: question) { key, value in
      if overridden.contains(key) { return true }
      if value != asked, value != answers { attributes.append(key) }
      return true
    }
    addAttributes(document, of: tape)
    try addSample(of: tape, shape, line: record.line, into: &batch)
  }

  /// Adds attributes of the document to those of one of its samples, whose own win.
  func addAttributes(_ document: [Int], of tape: UnsafeTape) {
    let own = Set(attributes.map { Array(tape.text($0)) })
    attributes += document.filter { !own.contains(Array(tape.text($0))) }
  }

  func addSample(
    of tape: UnsafeTape, _ shape: CompiledShape, line: UInt64, into batch: inout SampleBatch
  ) throws(Failure) {
    try finishSample(line: line, of: tape, shape, into: &batch) { bytes in
      self.writeAttributes(of: tape, to: &bytes)
    }
  }

  /// Refuses one of several samples of a record.
  func rejectPart(
    _ part: Int, _ failure: Failure, line: UInt64, of tape: UnsafeTape, in batch: inout SampleBatch
  ) {
    var raw: [UInt8] = []
    CanonicalJSON.append(part, of: tape, to: &raw)
    reject(
      failure, line: line, raw: Array(raw.prefix(SampleBatch.Rejection.rawLimit)), size: UInt64(raw.count), in: &batch)
  }
}
