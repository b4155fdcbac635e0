import CohortCore
import CohortStore
import Foundation
import Testing

/// Embedding spaces that are dropped or made the default, through the real programs.
@Suite(.serialized) struct SpaceTests {
  private static func lines(_ count: Int) -> String {
    (0..<count).map { #"{"prompt":"question \#($0) about cats","completion":"answer \#($0) on stars"}"# }
      .joined(separator: "\n")
  }

  private static func names(_ program: Program) throws -> [String] {
    try #require(try program.cohort("space", "list", "--json").json() as? [[String: Any]])
      .compactMap { $0["name"] as? String }
  }

  private static func defaultName(_ program: Program) throws -> String? {
    try #require(try program.cohort("space", "list", "--json").json() as? [[String: Any]])
      .first { $0["default"] as? Bool == true }?["name"] as? String
  }

  @Test func aSpaceIsDroppedWhenNothingNeedsIt() throws {
    try withProgram { program in
      try program.write(Self.lines(120), to: "data.jsonl")
      let made = try program.shell(
        """
        set -e
        cohort init --embedding builtin
        cohort space create answers --text response
        cohort ingest data.jsonl
        cohort grouping create topics --by embedding --groups 3 --space answers
        cohort grouping create prompts --by embedding --groups 3 --space default
        cohort update
        cohort snapshot create before
        """)
      try #require(made.status == 0, "\(made)")
      // Of several none is the default before it is made that, whatever its name.
      #expect(try Self.defaultName(program) == nil)
      let unclear = try program.cohort("grouping", "create", "more", "--by", "embedding", "--json")
      #expect(try unclear.error()["code"] as? String == "pipeline.several-spaces", "\(unclear)")
      #expect(try program.cohort("space", "default", "default").status == 0)
      #expect(try Self.defaultName(program) == "default")
      let topics = try program.cohort("group", "list", "--grouping", "topics", "--json").output

      let inUse = try program.cohort("space", "drop", "default", "--json")
      #expect(inUse.status == 2, "\(inUse)")
      #expect(try inUse.error()["code"] as? String == "store.space-in-use")
      #expect((try inUse.error()["message"] as? String)?.contains("prompts") == true, "\(inUse)")
      #expect(try program.cohort("grouping", "drop", "prompts").status == 0)
      let isDefault = try program.cohort("space", "drop", "default", "--json")
      #expect(isDefault.status == 2, "\(isDefault)")
      #expect(try isDefault.error()["code"] as? String == "store.default-space")
      let unknown = try program.cohort("space", "drop", "defualt", "--json")
      #expect(unknown.status == 3, "\(unknown)")
      #expect(try program.cohort("space", "default", "nothing", "--json").status == 3)
      #expect(try Self.names(program) == ["default", "answers"])

      #expect(try program.cohort("space", "default", "answers").status == 0)
      #expect(try Self.defaultName(program) == "answers")
      let dropped = try program.cohort("space", "drop", "default", "--json")
      #expect(dropped.status == 0 && dropped.output.contains(#""dropped":"default""#), "\(dropped)")

      // Everything that looks at the store, right afterwards.
      #expect(try Self.names(program) == ["answers"])
      let info = try #require(try program.cohort("info", "--json").json() as? [String: Any])
      #expect((info["spaces"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["answers"])
      let verified = try program.cohort("verify", "--replay")
      #expect(verified.status == 0, "\(verified)")
      let rows = try program.cohort(
        "sql", "SELECT name, is_default, dropped_sequence > 0 AS gone FROM spaces ORDER BY id", "--format", "csv")
      let text = rows.output.replacingOccurrences(of: "\r\n", with: "\n")
      #expect(text == "name,is_default,gone\ndefault,0,1\nanswers,1,\n", "\(rows)")
      let log = try program.cohort("log", "--kind", "space-dropped", "--format", "jsonl").jsonLines()
      #expect(log.count == 1, "\(log)")
      #expect(try program.cohort("group", "list", "--grouping", "topics", "--json").output == topics)
      #expect(try program.cohort("snapshot", "list").status == 0)
      #expect(try program.cohort("rebuild-catalog").status == 0)

      // The default is taken where none is named; a space of the old name is another one.
      let again = try program.shell(
        """
        set -e
        cohort space create default
        cohort grouping create more --by embedding --groups 2 --json
        cohort update
        cohort space list --json
        """)
      #expect(again.status == 0 && again.output.contains("answers"), "\(again)")
      let store = try Store.open(at: program.folder.appendingPathComponent("cohort").path)
      #expect(try store.read { try $0.space(named: "default") }?.id.rawValue == 2)
      #expect(try store.read { try $0.grouping(named: "more") }?.definition.space == "answers")
      #expect(try program.cohort("verify", "--replay").status == 0)
    }
  }

  /// The only space is the default without being made it, and is dropped like any other; then there is none.
  @Test func theOnlySpaceCanBeDropped() throws {
    try withProgram { program in
      try program.write(Self.lines(30), to: "data.jsonl")
      let made = try program.shell("cohort init --embedding builtin && cohort ingest data.jsonl && cohort update")
      try #require(made.status == 0, "\(made)")
      #expect(try Self.defaultName(program) == "default")
      let dropped = try program.cohort("space", "drop", "default")
      #expect(dropped.status == 0, "\(dropped)")
      #expect(try Self.names(program).isEmpty)
      #expect(try program.cohort("grouping", "create", "topics", "--by", "embedding", "--groups", "2").status == 0)
      #expect(try program.cohort("update").status == 0)
      #expect(try program.cohort("verify", "--replay").status == 0)
    }
  }

  /// A drop that was cut short behind its first commit: whoever embeds next removes the rest.
  @Test func whatADropLeftIsRemoved() throws {
    try withProgram { program in
      try program.write(Self.lines(40), to: "data.jsonl")
      #expect(try program.shell("cohort init --embedding builtin && cohort ingest data.jsonl").status == 0)
      let path = program.folder.appendingPathComponent("cohort").path
      for isDaemon in [false, true] {
        let made = try program.shell("cohort space create gone && cohort update")
        #expect(made.status == 0, "\(made)")
        do {
          let store = try Store.open(at: path, access: .owner(name: "test"))
          try store.write { try $0.dropSpace(named: "gone") }
          #expect(try store.read { try $0.hasDroppedColumns() } && store.verify().isSound)
        }
        #expect(try program.cohort("verify").status == 0)
        let status = isDaemon ? try program.daemonOnce().status : try program.cohort("update").status
        #expect(status == 0)
        let store = try Store.open(at: path)
        #expect(try !store.read { try $0.hasDroppedColumns() } && store.verify().isSound)
      }
    }
  }

  /// A space is dropped beside the daemon, which has an encoder for it open, and goes on with the others.
  @Test func theDaemonGoesOnWithoutADroppedSpace() throws {
    try withProgram { program in
      let made = try program.shell(
        """
        set -e
        cohort init --embedding builtin
        cohort space create answers --text response
        cohort grouping create topics --by embedding --groups 2 --space answers
        """)
      #expect(made.status == 0, "\(made)")
      func vectors(_ name: String) throws -> Int? {
        try #require(try program.cohort("space", "list", "--json").json() as? [[String: Any]])
          .first { $0["name"] as? String == name }?["vectors"] as? Int
      }
      let first = try DaemonProcess(program)
      try program.drop(Self.lines(30), as: "cohort/inbox/a.jsonl")
      try first.wait("vectors") { try vectors("answers") == 30 && vectors("default") == 30 }
      #expect(try program.shell("cohort space default answers && cohort space drop default").status == 0)
      try program.drop(Self.lines(50), as: "cohort/inbox/b.jsonl")
      try first.wait("groups") {
        let groups = try program.cohort("group", "list", "--grouping", "topics", "--json").json() as? [[String: Any]]
        return groups?.compactMap { $0["size"] as? Int }.reduce(0, +) == 80
      }
      #expect(first.end() == 0, "\(first.log)")
      #expect(try first.events("trouble").isEmpty && first.events("not_embedded").isEmpty, "\(first.log)")
      #expect(try program.cohort("verify", "--replay").status == 0)
    }
  }
}
