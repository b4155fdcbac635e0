import Foundation
import Testing

/// `config set` and `config unset`: one line of a file changes, and nothing else.
@Suite struct ConfigSetTests {
  private func value(_ program: Program, _ key: String) throws -> String? {
    let rows = try #require(try program.cohort("config", "show", "--json").json() as? [[String: Any]])
    return rows.first { $0["key"] as? String == key }.flatMap { $0["value"] }.map { "\($0)" }
  }

  @Test func aSettingIsWrittenAndReadAgain() throws {
    try withProgram { program in
      for (key, text) in [
        ("workers", "3"), ("format", "json"), ("ingest.dedupe", "store"), ("ingest.max-line-bytes", "1000"),
        ("progress", "off"), ("store", "a \"b\" # c\\d"),
      ] {
        let result = try program.cohort("config", "set", key, text, "--format", "json")
        #expect(result.status == 0, "\(result)")
        #expect((try result.json() as? [String: Any])?["file"] as? String == "cohort.toml")
        #expect(try value(program, key) == text, "\(key)")
      }
    }
  }

  @Test(arguments: ["\n", "\r\n"]) func everythingElseStaysAsItIs(lineEnd: String) throws {
    try withProgram { program in
      let text = """
        # ours
        format = 'table' # never "json"

        # what comes in
        [ingest]
        # not 3
        dedupe = "source"

        [layouts.x]
        response = "a = b # c"

        """
      let before = text.replacing("\n", with: lineEnd)
      try program.write(before, to: "cohort.toml")
      func set(_ arguments: String...) throws {
        let result = try program.cohort(["config"] + arguments)
        try #require(result.status == 0, "\(result)")
      }
      try set("set", "format", "csv")
      try set("set", "ingest.dedupe", "store")
      let changed = before.replacing("'table'", with: "\"csv\"").replacing("\"source\"", with: "\"store\"")
      #expect(try program.read("cohort.toml") == changed)
      try set("set", "workers", "2")
      try set("set", "ingest.max-line-bytes", "77")
      #expect(try value(program, "workers") == "2")
      #expect(try value(program, "ingest.max-line-bytes") == "77")
      try set("unset", "workers")
      try set("unset", "ingest.max-line-bytes")
      #expect(try program.read("cohort.toml") == changed)
    }
  }

  @Test func filesOfUserAndStoreAreReached() throws {
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      let user = try program.cohort("config", "set", "workers", "4", "--user")
      #expect(user.status == 0, "\(user)")
      #expect(try program.read(".config/cohort/config.toml") == "workers = 4\n")
      let store = try program.cohort("config", "set", "workers", "5", "--in-store")
      #expect(store.status == 0, "\(store)")
      #expect(try program.read("cohort/cohort.toml") == "workers = 5\n")
      #expect(try value(program, "workers") == "5")
      let overridden = try program.cohort("config", "set", "workers", "6", "--user")
      #expect(overridden.errors.contains("cohort/cohort.toml sets 'workers', too"), "\(overridden)")
    }
  }

  @Test(arguments: [
    ("set workres 3", 2), ("set workers none", 2), ("set workers 0", 2), ("set format pdf", 2),
    ("set workers 3 --user --in-store", 2), ("set workers 3 --in-store", 3), ("unset workres", 2),
  ])
  func whatNoSettingTakesIsRefused(line: String, status: Int) throws {
    try withProgram { program in
      let result = try program.shell("cohort config \(line) --json")
      #expect(Int(result.status) == status, "\(result)")
      #expect(!FileManager.default.fileExists(atPath: program.folder.appendingPathComponent("cohort.toml").path))
    }
  }

  @Test func whatCannotBeChangedSafelyIsLeftAlone() throws {
    try withProgram { program in
      let text = "ingest = { dedupe = \"source\" }\n"
      try program.write(text, to: "cohort.toml")
      let result = try program.cohort("config", "set", "ingest.dedupe", "store", "--json")
      #expect(result.status == 2, "\(result)")
      #expect(try result.error()["code"] as? String == "cli.config-edit")
      #expect(try program.read("cohort.toml") == text)
    }
  }
}
