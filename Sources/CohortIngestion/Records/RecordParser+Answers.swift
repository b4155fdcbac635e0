internal import CohortCore

/// Questions with several answers: choices of which one is right, and candidates of which one is best.
extension RecordParser {
  // MARK: Choices

  /// The question with its choices, a line each with a letter; the response is the letter and the text of the right one.
  func composeChoices(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    let question = try text(try required(.prompt, shape), .prompt, of: tape, shape)
    let choices = try self.choices(of: tape, shape)
    let answer = try required(.response, shape)
    guard let right = index(of: answer, among: choices, tape) else {
      throw Failure(
        reason: .wrongType, detail: "the answer is neither the index, the letter nor the text of one of the choices")
    }
    let prompt = draft.compose { bytes in
      switch question {
      case .inPlace(let text): bytes.append(contentsOf: text)
      case .scratch(let range): for offset in range { bytes.append(bytes[offset]) }
      }
      for choice in choices {
        bytes.append(UInt8(ascii: "\n"))
        Self.write(choice, of: tape, to: &bytes)
      }
    }
    draft.entries.append(.init(role: MessageDraft.user, text: .scratch(prompt)))
    let response = draft.compose { Self.write(choices[right], of: tape, to: &$0) }
    draft.entries.append(.init(role: MessageDraft.assistant, text: .scratch(response)))
  }

  private struct Choice {
    var label: [UInt8]
    var text: Int
  }

  private static func write(_ choice: Choice, of tape: UnsafeTape, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: choice.label)
    bytes.append(contentsOf: ". ".utf8)
    if tape.kind(choice.text) == .string {
      bytes.append(contentsOf: tape.text(choice.text))
    } else {
      CanonicalJSON.append(choice.text, of: tape, to: &bytes)
    }
  }

  /// A list of texts, or texts and their labels side by side.
  private func choices(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) -> [Choice] {
    var list = try required(.choices, shape)
    var labels: Int?
    if tape.kind(list) == .string { return choicesInColumns(of: tape) }
    if tape.kind(list) == .object {
      labels = tape.member(Array("label".utf8), of: list)
      guard let texts = tape.member(Array("text".utf8), of: list) else {
        var choices: [Choice] = []
        tape.forEachMember(of: list) { key, text in
          choices.append(Choice(label: Array(tape.text(key)), text: text))
          return true
        }
        return choices
      }
      list = texts
    }
    guard tape.kind(list) == .array, !tape.isEmptyContainer(list) else { throw wrongType("'choices'", list, of: tape) }
    var choices: [Choice] = []
    let given = labels.map { tape.elements(of: $0) } ?? []
    tape.forEachElement(of: list) { element in
      let given = choices.count < given.count ? given[choices.count] : nil
      let letter = UInt8(ascii: "A") + UInt8(min(choices.count, 25))
      let label = given.flatMap { tape.kind($0) == .string ? Array(tape.text($0)) : nil } ?? [letter]
      choices.append(Choice(label: label, text: element))
      return true
    }
    return choices
  }

  /// Choices that are fields of their own, named by their letters.
  private func choicesInColumns(of tape: UnsafeTape) -> [Choice] {
    var choices: [Choice] = []
    for letter in UInt8(ascii: "A")...UInt8(ascii: "E") {
      guard let text = tape.member([letter], of: UnsafeTape.root), tape.kind(text) != .null else { break }
      choices.append(Choice(label: [letter], text: text))
    }
    return choices
  }

  private func index(of answer: Int, among choices: [Choice], _ tape: UnsafeTape) -> Int? {
    if tape.kind(answer) != .string {
      return tape.count(answer).flatMap { Int(exactly: $0) }.flatMap { $0 < choices.count ? $0 : nil }
    }
    let text = tape.text(answer)
    return choices.firstIndex { UnsafeTape.isEqual(text, $0.label) }
      ?? choices.firstIndex { tape.kind($0.text) == .string && tape.text($0.text).elementsEqual(text) }
      ?? Int(tape.string(answer)).flatMap { choices.indices.contains($0) ? $0 : nil }
  }

  // MARK: Candidates

  private static let scores = [
    "pm_score", "score", "overall_score", "fine-grained_score", "rating", "upvotes", "votes",
  ].map { Array($0.utf8) }
  private static let texts = ["text", "response", "content", "answer", "body", "output", "completion", "value"].map {
    Array($0.utf8)
  }

  /// The answer with the highest score, an accepted one before it; of equal ones the first. All answers stay an attribute
  /// where there are several.
  func composeCandidates(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    try addHistory(of: tape, shape)
    try addPrompt(of: tape, shape)
    let list = try required(.response, shape)
    guard tape.kind(list) == .array else { throw wrongType("the list of answers", list, of: tape) }
    var best: (value: Int, score: Double)?
    var count = 0
    tape.forEachElement(of: list) { element in
      count += 1
      let score = Self.score(of: element, tape)
      if best.map({ score > $0.score }) ?? true { best = (element, score) }
      return true
    }
    guard let best else { throw Failure(reason: .emptyResponse, detail: "the list of answers is empty") }
    if count > 1 || tape.kind(best.value) == .object { keepAsAttribute(.response) }
    if tape.kind(best.value) == .object {
      if tape.member(Array("role".utf8), of: best.value) != nil { return try addTurns(best.value, of: tape, shape) }
      guard let text = Self.texts.lazy.compactMap({ tape.member($0, of: best.value) }).first else {
        throw Failure(reason: .missingField, detail: "an answer has no text")
      }
      draft.entries.append(
        .init(role: MessageDraft.assistant, text: try self.text(text, .response, of: tape, shape)))
    } else {
      draft.entries.append(
        .init(role: MessageDraft.assistant, text: try text(best.value, .response, of: tape, shape)))
    }
  }

  private static func score(of answer: Int, _ tape: UnsafeTape) -> Double {
    guard tape.kind(answer) == .object else { return 0 }
    for key in ["selected", "accepted", "is_accepted"] {
      if let mark = tape.member(Array(key.utf8), of: answer), tape.kind(mark) == .yes { return .infinity }
    }
    if let rank = tape.member(Array("rank".utf8), of: answer).flatMap({ tape.count($0) }) { return -Double(rank) }
    for key in scores {
      guard let score = tape.member(key, of: answer) else { continue }
      switch tape.kind(score) {
      case .signed: return Double(tape.signed(score))
      case .unsigned: return Double(tape.unsigned(score))
      case .double: return tape.double(score)
      case .string:
        guard let number = Double(tape.string(score)), number.isFinite else { continue }
        return number
      default: continue
      }
    }
    return 0
  }
}
