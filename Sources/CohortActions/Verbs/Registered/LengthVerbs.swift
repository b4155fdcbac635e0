internal import CohortCore
internal import CohortStore

extension VerbRegistry {
  /// Length measures.
  static let lengths: [Verb] = [lengthList, lengthAdd, lengthDrop]

  private static let lengthList = Verb.rows(
    "List the length measures and how many samples they have measured.", VerbRoute(.get, "/lengths"),
    answers: AnswerFields.measure
  ) { _ in LengthListAction() }

  private static let lengthAdd = Verb(
    LengthAddAction.name, "Add a length measure beside the store's own. It starts empty; an update fills it.",
    access: .updates, route: VerbRoute(.post, "/lengths", status: 201),
    parameters: [
      .newName("measure"),
      VerbParameter(
        "unit", .body, .choice(LengthUnit.allCases.filter { $0 != .field }.map(\.name)), isRequired: true,
        "What it counts."),
      VerbParameter("tokenizer", .body, .text, "With tokens: the text of the tokenizer.json that counts."),
      VerbParameter(
        "part", .body, .choice(MessageParts.Part.allCases.map(\.name)),
        standard: .text(MessageParts.Part.everything.name),
        "What counts of each message: all of it, its answer and calls, or its reasoning."),
    ], answer: .record(AnswerFields.measure)
  ) { arguments, store, control, _ in
    let unit = LengthUnit(name: try arguments.text("unit")) ?? .characters
    guard (unit == .tokens) == arguments.has("tokenizer") else {
      throw CohortError.argument("tokenizer", "The unit tokens and 'tokenizer' go together")
    }
    let part = MessageParts.Part(name: try arguments.text("part")) ?? .everything
    let name = try arguments.text("name")
    return try GivenFile.with(try arguments.text(ifGiven: "tokenizer"), of: "tokenizer", kind: "json") { path in
      VerbEnd(
        try LengthAddAction(measure: name, unit: unit, tokenizer: path, part: part).run(on: store, control))
    }
  }

  private static let lengthDrop = Verb.record(
    "Forget a length measure that no grouping divides by.", name: DropAction(.measure, named: "").name,
    access: .updates, VerbRoute(.delete, "/lengths/{measure}"), [.named("measure", "The measure.")],
    answers: AnswerFields.dropped
  ) { DropAction(.measure, named: try $0.text("measure")) }
}
