import CohortTesting
import Foundation
import Testing

/// What cannot be a name is refused whoever gives it, and nothing is made.
@Suite struct NameRuleTests {
  private static let data = Checkout.quickstartData

  /// Nothing, control characters of both kinds, and a byte more than 200.
  private static let wrong = ["", "a\tb", "a\u{1b}[31mb", "b\u{7f}", "b\u{85}", String(repeating: "x", count: 300)]

  private static func spaces(_ program: Program, _ store: String = "cohort") throws -> [String] {
    let listed = try program.cohort("space", "list", "--store", store, "--json")
    return try #require(try listed.json() as? [[String: Any]], "\(listed)").compactMap { $0["name"] as? String }
  }

  private static func sequence(_ program: Program) throws -> Int {
    let info = try program.cohort("info", "--json")
    return try #require((try info.json() as? [String: Any])?["log_sequence"] as? Int, "\(info)")
  }

  @Test func givenVectorsGoToASpaceWithAName() throws {
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      for name in Self.wrong {
        let refused = try program.cohort(
          "ingest", "\(Self.data)/gsm8k", "--embeddings", "\(Self.data)/gsm8k.npy", "--space", name, "--json")
        try #require(refused.status == 2, "\(name.debugDescription): \(refused)")
        #expect(try refused.error()["category"] as? String == "usage", "\(name.debugDescription)")
        #expect(try Self.spaces(program).isEmpty, "\(name.debugDescription)")
        #expect(try program.samples() == 0, "\(name.debugDescription): refused, and taken in")
      }
      let name = String(repeating: "y", count: 200)
      let made = try program.cohort(
        "ingest", "\(Self.data)/gsm8k", "--embeddings", "\(Self.data)/gsm8k.npy", "--space", name)
      #expect(made.status == 0, "\(made)")
      #expect(try Self.spaces(program) == [name])
    }
  }

  /// At its start, or file by file.
  @Test func theDaemonMakesNoSpaceWithoutAName() throws {
    try withProgram { program in
      for (number, name) in Self.wrong.enumerated() {
        let store = "store-\(number)"
        let made = try program.shell(
          """
          set -e
          cohort init --store \(store)
          mkdir \(store)/inbox
          cp \(Self.data)/gsm8k/train.jsonl \(store)/inbox/a.jsonl
          cp \(Self.data)/gsm8k.npy \(store)/inbox/a.npy
          """)
        try #require(made.status == 0, "\(made)")
        let (status, daemon) = try program.daemonOnce("--store", store, "--quiet", "0", "--space", name)
        #expect(status != 0, "\(name.debugDescription): \(daemon.log)")
        #expect(try Self.spaces(program, store).isEmpty, "\(name.debugDescription): \(daemon.log)")
        // Nothing is lost: it is where somebody will look.
        let place = status == 2 ? "\(store)/inbox" : "\(store)/inbox/.failed"
        let files = program.names(in: place).filter { !$0.hasSuffix(".error.json") }
        #expect(files == ["a.jsonl", "a.npy"], "\(name.debugDescription): \(daemon.log)")
      }
    }
  }

  @Test func nothingIsMadeWithoutAName() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(try program.cohort("grouping", "create", "lens", "--by", "length", "--edges", "40").status == 0)
      let before = try Self.sequence(program)
      let commands = [
        "grouping create NAME --by task", "grouping create NAME --by length --edges 3",
        "grouping create NAME --by attribute:kind", "grouping create NAME --by 'tasks*lens'",
        "grouping create NAME --by embedding", "snapshot create NAME", "snapshot create NAME --grouping tasks",
        "plan create NAME --snapshot monday --grouping tasks --batch-size 8", "length add NAME --unit words",
        "space create NAME", "train --plan first --epochs 1 --run NAME",
      ]
      for name in Self.wrong {
        for command in commands {
          let line = command.replacingOccurrences(of: "NAME", with: "'\(name)'")
          let refused = try program.shell("cohort \(line) --json")
          #expect(refused.status == 2, "\(line.debugDescription): \(refused)")
          #expect(try refused.error()["category"] as? String == "usage", "\(line.debugDescription): \(refused)")
        }
      }
      #expect(try Self.sequence(program) == before)
      for (number, command) in commands.enumerated() {
        let line = command.replacingOccurrences(of: "NAME", with: "'name \(number) ü'")
        let made = try program.shell("cohort \(line) --json")
        #expect(made.status == 0, "\(line): \(made)")
      }
    }
  }
}
