import CohortCore
import Testing

/// What a kind of grouping says of itself.
@Suite struct GroupingKindTests {
  private static let anchors = AnchorsKind(space: "s", votes: 5, leakage: 0.5, set: Digest128(high: 1, low: 2))

  /// No two kinds share a tag, and every kind reads what it writes.
  @Test func tagsAreTheirOwn() {
    let tags = GroupingKinds.all.flatMap { $0.tags }
    #expect(Set(tags).count == tags.count && tags.sorted() == Array(0...6))
  }

  @Test(arguments: [
    (GroupingDefinition(criterion: .task), "task", "task"),
    (GroupingDefinition(criterion: .attribute("a*b")), "attribute:a*b", "attribute:a*b"),
    (GroupingDefinition(criterion: .length(.response, .quantiles(8))), "length", "response length, 8 quantiles"),
    (
      GroupingDefinition(criterion: .length(.total, .given([4, 9]), measure: "m")), "length:m",
      "total length by m, edges 4,9"
    ),
    (
      GroupingDefinition(criterion: .length(.prompt, .given([])), granularity: .groupSize(7)), "length",
      "prompt length, no edges, 7 samples a group"
    ),
    (GroupingDefinition(criterion: .length(.prompt, .equalWidth(3))), "length", "prompt length, 3 intervals"),
    (
      GroupingDefinition(criterion: .embedding(space: "s"), granularity: .groups(4), isBalanced: true), "embedding",
      "balanced embedding s, 4 groups"
    ),
    (GroupingDefinition(criterion: .embedding(space: "s")), "embedding", "embedding s"),
    (GroupingDefinition(criterion: .anchors(anchors)), "anchors", "5 nearest anchors in s"),
    (GroupingDefinition(criterion: .product("x", "y", minimum: 9)), "x*y", "x*y, at least 9 samples a cell"),
  ])
  func definitionsAreSpelled(definition: GroupingDefinition, spelling: String, text: String) throws {
    #expect(definition.text == text)
    #expect(definition.criterion.spelling == spelling)
    #expect(definition.fields.first == GroupingField("by", .text(spelling)))
    #expect(try #require(GroupingSpelling(spelling)).kind == type(of: definition.criterion))
  }

  @Test(
    arguments: [
      ("task", ["task", ""]), ("length", ["length", ""]), ("length:llama", ["length", "llama"]), ("length:", nil),
      ("attribute:", nil), ("attribute:a*b", ["attribute:KEY", "a*b"]), ("length:a*b", ["A*B", "length:a*b"]),
      ("a*b", ["A*B", "a*b"]), ("*b", nil), ("a*", nil), ("**", nil), ("***", ["A*B", "***"]), ("tasks", nil),
      ("", nil),
      ("anchors", ["anchors", ""]), ("embedding", ["embedding", ""]), ("attribute:task", ["attribute:KEY", "task"]),
    ] as [(String, [String]?)])
  func spellingsAreRead(text: String, expected: [String]?) {
    #expect(GroupingSpelling(text).map { [$0.kind.spellings[0], $0.argument] } == expected)
  }

  @Test func choicesFitTheirKind() {
    var choices = GroupingChoices()
    #expect(choices.objection(to: TaskKind.self) == nil)
    #expect(choices.objection(to: AnchorsKind.self) == "--by anchors needs --anchors FILE.")
    choices.groupSize = 4
    #expect(choices.objection(to: LengthKind.self) == nil)
    #expect(choices.objection(to: TaskKind.self) == "--group-size goes with --by embedding or --by length.")
    choices.quantiles = 3
    #expect(choices.objection(to: LengthKind.self)?.hasPrefix("--group-size goes with --edges or alone") == true)
    choices.groupSize = nil
    choices.quantiles = 0
    #expect(choices.objection(to: LengthKind.self) == "--quantiles takes a number from 1 to 1048576, not 0.")
    choices.quantiles = nil
    choices.minimum = 2
    #expect(choices.objection(to: ProductKind.self) == nil)
    #expect(choices.objection(to: AttributeKind.self) == "--min-size goes with --by A*B.")
  }

  /// Two definitions are equal when their kinds and all that these hold are.
  @Test func definitionsOfTwoKindsDiffer() {
    let definitions = [
      GroupingDefinition(criterion: .task), GroupingDefinition(criterion: .attribute("task")),
      GroupingDefinition(criterion: .attribute("s")), GroupingDefinition(criterion: .embedding(space: "s")),
      GroupingDefinition(criterion: .embedding(space: "s"), granularity: .groups(1)),
      GroupingDefinition(criterion: .embedding(space: "s"), isBalanced: true),
      GroupingDefinition(criterion: .anchors(Self.anchors)),
    ]
    #expect(Set(definitions).count == definitions.count)
    #expect(definitions[3] == GroupingDefinition(criterion: .embedding(space: "s")))
  }
}
