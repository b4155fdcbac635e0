import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// A filter finds what a look at every sample finds.
@Suite struct SampleFilterTests {
  /// What a sample was made with.
  private struct Made {
    var id: SampleID
    var source: String
    var task: String?
    var attributes: [String: AttributeValue]
  }

  private static let sources = ["a", "b/c.jsonl", "ü"]
  private static let tasks = ["sums", "words", nil]
  private static let values: [(json: String, text: String?)] = [
    ("\"en\"", "en"), ("\"de\"", "de"), ("8.0", "8.0"), ("8", "8"), ("true", "true"), ("null", nil),
    ("{\"en\":1}", "{\"en\":1}"),
  ]

  private static func store(in folder: TemporaryFolder, _ random: inout TestRandom, rows: Int) throws -> (Store, [Made])
  {
    let store = try Store.create(at: folder.file("store"))
    var made: [Made] = []
    for part in 0..<6 {
      var builder = SampleBatchBuilder()
      let source = sources[part % sources.count]
      for row in 0..<rows {
        let task = tasks[random.below(3)]
        var members: [String] = []
        if random.below(3) > 0 { members.append("\"lang\":\(values[random.below(values.count)].json)") }
        if random.below(3) == 0 { members.append("\"meta\":{\"lang\":\(values[random.below(values.count)].json)}") }
        if random.below(9) == 0 { members.append("\"meta.lang\":\"own\"") }
        let json = members.isEmpty ? "" : "{\(members.joined(separator: ","))}"
        builder.add(prompt: "\(part) \(row)", response: "r", task: task, attributes: json)
        made.append(
          Made(
            id: SampleID(UInt64(made.count)), source: source, task: task,
            attributes: json.isEmpty
              ? [:] : try JSONDecoder().decode([String: AttributeValue].self, from: Data(json.utf8))))
      }
      _ = try store.write {
        try $0.ingest(builder.prepared, source: source, origin: "memory", dedupe: DedupeScope.none)
      }
    }
    return (store, made)
  }

  private static func text(_ path: String, _ attributes: [String: AttributeValue]) -> String? {
    if let text = attributes[path]?.text { return text }
    guard path == "meta.lang", case .object(let inner) = attributes["meta"] else { return nil }
    return inner["lang"]?.text
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func aFilterFindsWhatALookAtEverySampleFinds(seed: UInt64) throws {
    var random = TestRandom(seed: seed &+ 900)
    let folder = try TemporaryFolder()
    let (store, made) = try Self.store(in: folder, &random, rows: 90)
    _ = try store.write { try $0.createGrouping(name: "by", definition: GroupingDefinition(criterion: .task)) }
    try Pending.group(store)
    let gone = Set((0..<40).map { _ in SampleID(UInt64(random.below(made.count))) })
    _ = try DeletionJob.run(store, Array(gone), reason: "test")
    var hits = 0
    for _ in 0..<60 {
      var filter = SampleFilter()
      if random.below(2) == 0 { filter.source = Self.sources[random.below(3)] }
      if random.below(3) == 0 { filter.task = "words" }
      for _ in 0..<random.below(3) {
        filter.attributes.append(
          AttributeCondition(
            key: ["lang", "meta.lang", "none"][random.below(3)],
            value: Self.values[random.below(5)].text ?? "", isNegated: random.below(2) == 0))
      }
      let expected = made.filter { sample in
        !gone.contains(sample.id) && filter.source ?? sample.source == sample.source
          && (filter.task == nil || filter.task == sample.task)
          && filter.attributes.allSatisfy {
            (Self.text($0.key, sample.attributes) == $0.value) != $0.isNegated
          }
      }.map(\.id)
      let found = try store.read { try filter.ids(in: $0) }
      #expect(found == expected, "seed \(seed), \(filter)")
      hits += found.count
    }
    #expect(hits > 0)
    // The groups of a grouping by task are the tasks.
    let groups = try store.read { transaction in
      try transaction.groups(of: try transaction.existingGrouping("by").id).map(\.id)
    }
    let all = try groups.flatMap { group in
      try store.read { try SampleFilter(membership: .init(group: group, grouping: "by")).ids(in: $0) }
    }
    #expect(all.sorted() == made.map(\.id).filter { !gone.contains($0) })
  }

  @Test func whatIsNotThereIsNotFound() throws {
    var random = TestRandom(seed: 7)
    let folder = try TemporaryFolder()
    let (store, _) = try Self.store(in: folder, &random, rows: 3)
    _ = try store.write { try $0.createGrouping(name: "topics", definition: GroupingDefinition(criterion: .task)) }
    for (filter, code, hint) in [
      (SampleFilter(source: "b/c.json"), "store.unknown-source", "Did you mean 'b/c.jsonl'?"),
      (SampleFilter(task: "wrods"), "store.unknown-task", "Did you mean 'words'?"),
      (
        SampleFilter(membership: .init(group: GroupID(0), grouping: "topcis")), "store.unknown-grouping",
        "Did you mean 'topics'?"
      ),
      (
        SampleFilter(membership: .init(group: GroupID(77), grouping: "topics")), "pipeline.unknown-group",
        "See cohort group list --grouping topics"
      ),
    ] {
      let error = try failure { _ = try store.read { try filter.ids(in: $0) } }
      #expect(error.code.name == code && error.hint == hint && error.category == .notFound)
    }
  }

  @Test(arguments: [
    ("a=b", "a", "b", false), ("a!=b", "a", "b", true), ("a=b!=c", "a", "b!=c", false), ("a.b=", "a.b", "", false),
    ("a=!b", "a", "!b", false), ("a ü=1", "a ü", "1", false),
  ])
  func aConditionIsReadUpToItsFirstSign(text: String, key: String, value: String, isNegated: Bool) throws {
    #expect(
      try AttributeCondition(parsing: text) == AttributeCondition(key: key, value: value, isNegated: isNegated))
  }

  @Test(arguments: ["", "a", "=b", "!=b"]) func whatIsNoConditionIsRefused(text: String) throws {
    #expect(codeName { _ = try AttributeCondition(parsing: text) } == "pipeline.condition")
  }
}
