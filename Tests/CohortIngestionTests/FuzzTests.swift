import CohortCore
import CohortIngestion
import CohortTesting
import Foundation
import Testing

/// Records of all shapes, changed in their structure: keys renamed, values of other types, parts left out, doubled and
/// wrapped. No input ends the process; every record of a file becomes a sample or a rejection, and it is the same however
/// the file is cut and by how many threads it is read.
///
/// 2,000 inputs; with `COHORT_TORTURE` set 100,000. `COHORT_SEED` replays.
@Suite struct FuzzTests {
  static let records: [String] =
    LayoutFixture.all.map(\.record) + PublicShape.all.map(\.record) + [
      #"{"title":"t","paragraphs":[{"context":"C","qas":[{"id":"1","question":"Q","answers":[{"text":"A"}]}]}]}"#,
      #"{"message_id":"a","parent_id":null,"text":"Q","role":"prompter"}"#,
      #"{"message_id":"b","parent_id":"a","text":"A","role":"assistant","rank":0}"#,
      #"{"prompt":{"text":"Q","role":"prompter","replies":[{"text":"A","role":"assistant","replies":[]}]}}"#,
    ]

  private static let maps = [
    "prompt=prompt,response=messages.0", "messages=messages.0.content", "prompt=a.b,response=text,tools=tools.0",
    "system=messages.1", "reasoning=label,input=id", "response=answers.0.text,tools=meta.0", "messages=text",
  ]

  @Test func changedRecordsOfAllShapesAreReadOrRefused() throws {
    let seed = Torture.seed
    print("FuzzTests: COHORT_SEED=\(seed)")
    let trees = try Self.records.map { try #require(Self.tree($0)) }
    var (taken, refused, unread) = (0, 0, 0)
    for number in 0..<Torture.cases(2_000, tortured: 100_000) {
      var random = SplitMix64(seed: seed &+ UInt64(number))
      let input = try Self.input(trees, using: &random)
      let place = "COHORT_SEED=\(seed), input \(number)"
      guard let whole = try Self.read(input, 4 << 20, 4096, 0, place) else {
        unread += 1
        continue
      }
      #expect(whole.order.count == whole.samples.count + whole.rejections.count, "\(place)")
      for sample in whole.samples {
        #expect(sample.content == SampleContent.encode(sample.messages, tools: Array(sample.tools.utf8)), "\(place)")
        #expect(SampleParts(sample.messages).response != nil, "\(place)")
        #expect(sample.attributes.isEmpty || Self.tree(sample.attributes) is [String: Any], "\(place)")
      }
      for rejection in whole.rejections {
        #expect(RejectionReason(rawValue: rejection.reason) != nil && !rejection.detail.isEmpty, "\(place)")
      }
      // Messages that are linked become as many records as there are conversations.
      if let lines = input.lines, whole.layouts != ["oasst"] {
        #expect(whole.order.count >= lines, "\(place): a record of \(lines) is lost")
      }
      // Detection looks at the first block, so a small one may judge otherwise: then nothing is compared.
      if let cut = try Self.read(input, 64 << 10, 64, 2, place), cut.layouts == whole.layouts {
        #expect(cut.samples == whole.samples, "\(place)")
        #expect(cut.rejections == whole.rejections, "\(place)")
      }
      taken += whole.samples.count
      refused += whole.rejections.count
    }
    #expect(taken > 1_000 && refused > 100 && unread > 50, "\(taken) taken, \(refused) refused, \(unread) not read")
  }

  private static func read(
    _ input: Input, _ bytes: Int, _ records: Int, _ workers: Int, _ place: String
  ) throws -> ReadResult? {
    do {
      return try CohortIngestionTests.read(
        [.memory(input.bytes, name: input.name)],
        try options {
          $0.batchBytes = bytes
          $0.batchRecords = records
          $0.workers = workers
          $0.map = try input.map.map { try FieldMap(parsing: $0) }
        })
    } catch let error as CohortError {
      #expect(error.code.name.hasPrefix("ingestion.") && !error.message.isEmpty, "\(place)")
      return nil
    }
  }

  struct Input {
    var name: String
    var bytes: [UInt8]
    /// Lines that each hold a record; nil where that is not known.
    var lines: Int?
    /// What is mapped to what; nil for nothing.
    var map: String?
  }

  private static func tree(_ text: String) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
  }

  private static func text(_ tree: Any) throws -> String {
    String(
      decoding: try JSONSerialization.data(withJSONObject: tree, options: [.fragmentsAllowed, .sortedKeys]),
      as: UTF8.self)
  }

  /// Some records, most of them of one shape, in one of the containers.
  private static func input(_ trees: [Any], using random: inout SplitMix64) throws -> Input {
    let base = trees.randomElement(using: &random) ?? [:]
    let count = Int.random(in: 1...12, using: &random)
    let changes = Int.random(in: 0...3, using: &random)
    // The file's own kind of record, and single records that differ from it.
    let kind = try change(base, changes, using: &random)
    let records = try (0..<count).map { _ -> Any in
      switch Int.random(in: 0..<10, using: &random) {
      case 0: trees.randomElement(using: &random) ?? base
      case 1, 2: try change(kind, 2, using: &random)
      default: kind
      }
    }
    let lines = try records.map { try Self.text($0) }
    var text: String
    var known: Int?
    switch Int.random(in: 0..<9, using: &random) {
    case 0: text = "[" + lines.joined(separator: ",") + "]"
    case 1: text = "{\"data\":[" + lines.joined(separator: ",\n") + "]}"
    case 2: text = "{\"rows\":[" + lines.map { "{\"row\":\($0)}" }.joined(separator: ",") + "]}"
    case 3: text = lines.joined(separator: ",\n")
    case 4: text = lines.joined()
    case 5: text = try table(records)
    case 6: text = try columns(records)
    default:
      text = lines.joined(separator: "\n") + "\n"
      if records.allSatisfy({ $0 is [String: Any] }) { known = records.count }
    }
    var bytes = Array(text.utf8)
    if Int.random(in: 0..<5, using: &random) == 0 {
      bytes = MutationTests.mutate(bytes, using: &random, keepLines: false)
      known = nil
    }
    let names = ["m.jsonl", "m.json", "m.csv", "m.txt"]
    // A map may take several keys for one part, and then no record is left.
    let map = Int.random(in: 0..<4, using: &random) == 0 ? maps.randomElement(using: &random) : nil
    return Input(name: names.randomElement(using: &random) ?? "m", bytes: bytes, lines: known, map: map)
  }

  private static func table(_ records: [Any]) throws -> String {
    let rows = records.compactMap { $0 as? [String: Any] }
    let columns = rows.first?.keys.sorted() ?? ["a"]
    func quoted(_ value: Any?) throws -> String {
      guard let value else { return "" }
      let text = try value as? String ?? Self.text(value)
      return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
    return try
      ([columns.joined(separator: ",")]
      + rows.map { row in try columns.map { try quoted(row[$0]) }.joined(separator: ",") }).joined(separator: "\n")
  }

  /// As pandas writes a table, perhaps with something else beside the columns.
  private static func columns(_ records: [Any]) throws -> String {
    let rows = records.compactMap { $0 as? [String: Any] }
    var columns: [String: Any] = [:]
    for key in rows.first?.keys.sorted() ?? [] { columns[key] = rows.map { $0[key] ?? NSNull() } }
    if rows.count % 3 == 0 { columns["name"] = "x" }
    return try text(columns)
  }

  private static func change(_ tree: Any, _ changes: Int, using random: inout SplitMix64) throws -> Any {
    var tree = tree
    for _ in 0..<changes { tree = changed(tree, depth: 0, using: &random) }
    return tree
  }

  private static let keys = [
    "messages", "conversations", "role", "content", "from", "value", "prompt", "response", "text", "output", "answer",
    "system", "tools", "chosen", "rejected", "label", "weight", "parts", "id", "Output", "", "a.b", "é",
  ]

  /// One change somewhere in a tree.
  private static func changed(_ tree: Any, depth: Int, using random: inout SplitMix64) -> Any {
    if depth < 6, Int.random(in: 0..<4, using: &random) > 0 {
      if var object = tree as? [String: Any], let key = object.keys.sorted().randomElement(using: &random) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: object[key] = nil
        case 1: object[keys.randomElement(using: &random) ?? ""] = object.removeValue(forKey: key)
        case 2: object[keys.randomElement(using: &random) ?? ""] = object[key]
        default: if let value = object[key] { object[key] = changed(value, depth: depth + 1, using: &random) }
        }
        return object
      }
      if var list = tree as? [Any], !list.isEmpty {
        let index = Int.random(in: 0..<list.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: list.remove(at: index)
        case 1: list.append(list[index])
        default: list[index] = changed(list[index], depth: depth + 1, using: &random)
        }
        return list
      }
    }
    let others: [Any] = [
      NSNull(), 0, -1.5, true, false, "", " ", "x", [Any](), [String: Any](), [tree], ["text": tree],
      ["role": "user", "content": tree], [["role": "assistant", "content": "A"]], "[{\"role\":\"user\"}]",
      "Human: a\n\nAssistant: b", "<think>t</think>a", String(repeating: "é", count: 300), 1e300, 9_007_199_254_740_993,
    ]
    return others.randomElement(using: &random) ?? NSNull()
  }
}
