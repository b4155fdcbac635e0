import CohortTesting
import Foundation
import HostileServers
import Testing

/// A snapshot of some groupings needs what they stand on, and nothing else of the store.
@Suite struct SnapshotNeedsTests {
  private static let bundled = Checkout.bundledModel

  /// A store with a space of the server, three groupings that do not follow it, and two that do.
  private static func prepare(_ program: Program, _ server: LoopbackServer) throws {
    try program.write(PipelineTests.lines(60), to: "data.jsonl")
    let made = try program.shell(
      """
      set -e
      cohort init --embedding openai --url \(server.url) --model m --patience 2
      cohort ingest data.jsonl --task-field kind
      cohort grouping create tasks --by task
      cohort grouping create lens --by length --edges 20,60
      cohort grouping create cells --by 'tasks*lens' --min-size 2
      cohort grouping create topics --by embedding --groups 2
      cohort grouping create both --by 'topics*tasks' --min-size 2
      """)
    try #require(made.status == 0, "\(made)")
  }

  /// Pins some groupings, and looks whether all samples are in them.
  private static func expectSnapshot(_ name: String, of groupings: [String], _ program: Program) throws {
    let options = groupings.map { " --grouping \($0)" }.joined()
    let made = try program.shell("cohort snapshot create \(name)\(options) --json")
    try #require(made.status == 0, "\(name): \(made)")
    let snapshot = try #require(try made.json() as? [String: Any], "\(made)")
    #expect(snapshot["samples"] as? Int == 60 && snapshot["groupings"] as? [String] == groupings, "\(made)")
    for grouping in groupings {
      let plan = "\(name)-\(grouping) --snapshot \(name) --grouping \(grouping) --batch-size 4 --tail short"
      let planned = try program.shell("cohort plan create \(plan) --json")
      #expect(planned.status == 0, "\(planned)")
      let listed = try program.cohort("group", "list", "--grouping", grouping, "--json")
      let groups = try #require(try listed.json() as? [[String: Any]], "\(listed)")
      #expect(groups.allSatisfy { $0["group"] is Int }, "\(grouping): \(listed)")
      #expect(groups.compactMap { $0["size"] as? Int }.reduce(0, +) == 60, "\(grouping): \(listed)")
    }
  }

  private static func expectRefusal(_ options: String, _ status: Int32, _ code: String, _ program: Program) throws {
    let refused = try program.shell("cohort snapshot create refused \(options) --json")
    #expect(refused.status == status, "\(options): \(refused)")
    #expect(try refused.error()["code"] as? String == code, "\(options): \(refused)")
  }

  private static func names(_ program: Program) throws -> [String] {
    let listed = try program.cohort("snapshot", "list", "--json")
    return try #require(try listed.json() as? [[String: Any]], "\(listed)").compactMap { $0["snapshot"] as? String }
  }

  @Test func aServerThatIsGoneIsMissedOnlyByWhatItServes() throws {
    try withProgram { program in
      do {
        let server = try LoopbackServer { ServerTruth.reply($0) }
        defer { server.stop() }
        try Self.prepare(program, server)
      }
      try Self.expectSnapshot("one", of: ["tasks"], program)
      try Self.expectSnapshot("three", of: ["tasks", "lens", "cells"], program)
      for options in ["--grouping topics", "--grouping both", "--grouping tasks --grouping topics", ""] {
        try Self.expectRefusal(options, 5, "embedding.server-unreachable", program)
      }
      #expect(try Self.names(program) == ["one", "three"])
    }
  }

  @Test func aServerIsAskedOnlyForWhatItServes() throws {
    let server = try LoopbackServer { ServerTruth.reply($0) }
    defer { server.stop() }
    try withProgram { program in
      try Self.prepare(program, server)
      func vectors() throws -> Int? {
        let listed = try program.cohort("space", "list", "--json")
        return try #require(try listed.json() as? [[String: Any]], "\(listed)").first?["vectors"] as? Int
      }
      let before = server.requests.count
      try Self.expectSnapshot("one", of: ["tasks"], program)
      try Self.expectSnapshot("two", of: ["lens", "cells"], program)
      #expect(server.requests.count == before)
      #expect(try vectors() == 0)
      // A product needs what its factors need.
      try Self.expectSnapshot("both", of: ["both"], program)
      #expect(server.requests.count > before)
      #expect(try vectors() == 60)
    }
  }

  /// Models, tokenizers and length measures alike.
  @Test func aFileThatIsGoneIsMissedOnlyByWhatNeedsIt() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(60), to: "data.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init --embedding builtin
        cohort ingest data.jsonl --task-field kind
        cohort length add bert --unit tokens --tokenizer \(Self.bundled)/tokenizer.json
        cohort length add words --unit words
        cohort grouping create tasks --by task
        cohort grouping create lens --by length:words --edges 8
        cohort grouping create tokens --by length:bert --edges 8
        cohort grouping create topics --by embedding --groups 2
        rm -r cohort/models cohort/tokenizers/*
        """)
      try #require(made.status == 0, "\(made)")
      try Self.expectSnapshot("one", of: ["tasks"], program)
      try Self.expectSnapshot("two", of: ["tasks", "lens"], program)
      let listed = try program.cohort("length", "list", "--json")
      let measures = try #require(try listed.json() as? [[String: Any]], "\(listed)")
      #expect(measures.compactMap { $0["name"] as? String } == ["default", "bert", "words"])
      #expect(measures.compactMap { $0["measured"] as? Int } == [60, 0, 60])
      try Self.expectRefusal("--grouping tokens", 3, "pipeline.no-tokenizer", program)
      try Self.expectRefusal("--grouping lens --grouping tokens", 3, "pipeline.no-tokenizer", program)
      try Self.expectRefusal("--grouping topics", 3, "pipeline.no-model", program)
      #expect(try program.cohort("snapshot", "create", "refused").status == 3)
      #expect(try Self.names(program) == ["one", "two"])
    }
  }
}
