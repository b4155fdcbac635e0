import CohortTesting
import Foundation
import Testing

/// Groupings by labelled anchors, as a user makes them.
@Suite struct AnchorsTests {
  private static let data = Checkout.quickstartData

  /// A store with the vectors of gsm8k, and some of them as anchors: three labels, and the first is all of row 0.
  private static func prepared(_ program: Program) throws {
    let ingested = try program.shell(
      "set -e; cohort init; cohort ingest \(data)/gsm8k --task gsm8k --embeddings \(data)/gsm8k.npy")
    try #require(ingested.status == 0, "\(ingested)")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: data + "/gsm8k.npy"))
    let start = 10 + Int(bytes[8]) | Int(bytes[9]) << 8
    func row(_ number: Int) -> [Float] {
      (0..<384).map { column in
        let at = start + (number * 384 + column) * 2
        return Float(Float16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8))
      }
    }
    var lines = ""
    for (label, number) in [("first", 0), ("second", 40), ("third", 80), ("second", 120)] {
      lines += "{\"label\":\"\(label)\",\"vector\":\(row(number).map(Double.init))}\n"
    }
    try program.write(lines, to: "dev.jsonl")
    let file = NPYFile.floats([0, 40, 80, 120].map(row))
    try Data(file).write(to: program.folder.appendingPathComponent("dev.npy"))
  }

  @Test func anchorsMakeGroupsAndTellOfLeakage() throws {
    try withProgram { program in
      try Self.prepared(program)
      try program.write("first\nsecond\nthird\nsecond\n", to: "dev.labels.txt")
      for (name, file) in [("exams", "dev.jsonl"), ("arrays", "dev.npy")] {
        let made = try program.cohort("grouping", "create", name, "--by", "anchors", "--anchors", file, "--json")
        #expect(made.status == 0, "\(made)")
        let record = try #require(try made.json() as? [String: Any])
        #expect(record["anchors"] as? Int == 4 && record["labels"] as? Int == 3)
        // The store has what it needs.
        try FileManager.default.removeItem(at: program.folder.appendingPathComponent(file))
      }
      let voted = try program.cohort("grouping", "create", "x", "--by", "anchors", "--anchors", "dev.jsonl")
      #expect(voted.status == 3, "\(voted)")
      let update = try program.cohort("update", "--json")
      let updates = try #require(try update.json() as? [[String: Any]], "\(update)")
      #expect(updates.allSatisfy { $0["leaked"] as? Int == 4 && $0["assigned"] as? Int == 600 }, "\(update)")
      let lists = try ["exams", "arrays"].map { try program.cohort("group", "list", "--grouping", $0, "--json").output }
      #expect(lists[0] == lists[1])
      let groups = try #require(try JSONSerialization.jsonObject(with: Data(lists[0].utf8)) as? [[String: Any]])
      #expect(groups.compactMap { $0["label"] as? String } == ["first", "second", "third"])
      #expect(groups.compactMap { $0["leaked"] as? Int } == [1, 2, 1])
      #expect(groups.compactMap { $0["size"] as? Int }.reduce(0, +) == 600)

      let near = try #require(
        try program.cohort("grouping", "leakage", "exams", "--json").json() as? [[String: Any]])
      #expect(near.compactMap { $0["id"] as? Int } == [0, 40, 80, 120])
      #expect(near.allSatisfy { ($0["cosine"] as? Double).map { $0 > 0.999 } == true })
      let all = try program.cohort("grouping", "leakage", "exams", "--threshold=-0.99", "--format", "jsonl")
      #expect(try all.jsonLines().count == 600)
      let counts = try program.cohort("grouping", "leakage", "exams", "--counts", "--json")
      #expect(try (counts.json() as? [[String: Any]])?.compactMap { $0["leaked"] as? Int } == [1, 2, 1], "\(counts)")

      // Deleting, then verifying with a replay, a snapshot and a plan.
      let rest = try program.shell(
        """
        set -e
        cohort sample delete 0 '41..<50'
        cohort update
        cohort verify --replay
        cohort snapshot create s
        cohort plan create p --snapshot s --grouping exams --batch-size 8
        cohort group show 1 --grouping exams --history
        cohort grouping drop arrays
        cohort verify --replay
        """)
      #expect(rest.status == 0, "\(rest)")
      let after = try #require(
        try program.cohort("grouping", "leakage", "exams", "--json").json() as? [[String: Any]])
      #expect(after.compactMap { $0["id"] as? Int } == [40, 80, 120])
    }
  }

  @Test func whatCannotBeAnchorsIsRefusedWithFileAndLine() throws {
    try withProgram { program in
      try Self.prepared(program)
      try program.write("first\n", to: "dev.labels.txt")
      let vector = "[1" + String(repeating: ",0", count: 383) + "]"
      let cases: [(name: String, text: String?, status: Int32, words: String)] = [
        (
          "short.jsonl", "{\"label\":\"a\",\"vector\":\(vector)}\n\n{\"label\":\"a\",\"vector\":[1]}\n", 2,
          "short.jsonl, line 3"
        ),
        ("bare.jsonl", "{\"vector\":\(vector)}\n", 2, "line 1"),
        ("words.jsonl", "{\"label\":\"a\",\"text\":\"what is 2 + 2?\"}\n", 2, "encoder"),
        ("both.jsonl", "{\"label\":\"a\",\"text\":\"x\",\"vector\":\(vector)}\n", 2, "either a vector or a text"),
        ("zero.jsonl", "{\"label\":\"a\",\"vector\":\(vector.replacingOccurrences(of: "1", with: "0"))}\n", 2, "zeros"),
        ("broken.jsonl", "{\"label\":\n", 2, "line 1"),
        ("empty.jsonl", "\n", 2, "no anchors"),
        ("dev.npy", nil, 2, "4 vectors and 1 labels"),
        ("missing.jsonl", nil, 3, "missing.jsonl"),
        ("missing.npy", nil, 3, "missing.npy"),
      ]
      for (name, text, status, words) in cases {
        if let text { try program.write(text, to: name) }
        let result = try program.cohort("grouping", "create", "g", "--by", "anchors", "--anchors", name, "--json")
        #expect(result.status == status, "\(name): \(result)")
        #expect(result.output.contains(words), "\(name): \(result)")
      }
      #expect(try (program.cohort("grouping", "list", "--json").json() as? [Any])?.isEmpty == true)
      for arguments in [
        ["--by", "anchors"], ["--by", "task", "--anchors", "dev.jsonl"], ["--by", "task", "--votes", "2"],
        ["--by", "anchors", "--anchors", "dev.jsonl", "--votes", "9"],
        ["--by", "anchors", "--anchors", "dev.jsonl", "--leakage", "1.5"],
      ] {
        let result = try program.shell("cohort grouping create g \(arguments.joined(separator: " "))")
        #expect(result.status == 2, "\(arguments): \(result)")
      }
      _ = try program.cohort("grouping", "create", "tasks", "--by", "task")
      #expect(try program.cohort("grouping", "leakage", "tasks").status == 2)
      #expect(try program.cohort("grouping", "leakage", "nothing").status == 3)
    }
  }
}
