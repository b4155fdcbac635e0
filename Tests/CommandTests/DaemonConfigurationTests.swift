import CohortTesting
import Foundation
import Testing
import CohortDaemon

/// `cohortd --config`: what a file says, what flags change of it, and what is told of mistakes.
@Suite struct DaemonConfigurationTests {
  /// The configuration that some flags make, as the daemon prints it.
  private func printed(_ program: Program, _ arguments: String..., environment: [String: String] = [:]) throws -> String
  {
    let result = try program.cohortd(arguments + ["--print-config"], environment: environment)
    guard result.status == 0 else { throw Unexpected("\(result)") }
    return result.output
  }

  @Test func aFileSaysEverything() throws {
    try withProgram { program in
      try program.write(
        """
        workers = 3
        minimum-free = 4096
        [http]
        listen = "127.0.0.1:8420"
        token-file = "tokens"
        hosts = ["cohort.example.org"]
        [log]
        format = "json"
        [layouts.tickets]
        messages = "talk"
        roles = { agent = "assistant" }
        [[stores]]
        path = "data/main/"
        [[stores.inboxes]]
        layout = "tickets"
        [[stores.inboxes]]
        path = "/srv/drop"
        map = { response = "a", prompt = "q" }
        roles = "agent=assistant,human=user"
        task-from-folder = true
        quiet = 2
        consume = "delete"
        [[stores]]
        name = "second"
        path = "/data/main"
        inboxes = []
        """, to: "etc/cohortd.toml")
      let text = try printed(program, "--config", "etc/cohortd.toml")
      for line in [
        "workers = 3\n", "minimum-free = 4096\n", "listen = [\"127.0.0.1:8420\"]\n", "token-file = \"etc/tokens\"\n",
        "hosts = [\"cohort.example.org\"]\n", "format = \"json\"\n", "level = \"info\"\n", "name = \"main\"\n",
        "path = \"etc/data/main\"\n", "path = \"etc/data/main/inbox\"\n", "layout = \"tickets\"\n",
        "path = \"/srv/drop\"\n", "map = [\"prompt=q\", \"response=a\"]\n",
        "roles = [\"agent=assistant\", \"human=user\"]\n", "task-from-folder = true\n", "quiet = 2.0\n",
        "consume = \"delete\"\n", "name = \"second\"\n", "inboxes = []\n", "connections = 256\n",
      ] {
        #expect(text.contains(line), "\(line) in \(text)")
      }
      // What is printed says the same.
      try program.write(text, to: "again.toml")
      #expect(try printed(program, "--config", "again.toml") == text)
    }
  }

  @Test func withoutAFileThereIsOneStore() throws {
    try withProgram { program in
      let text = try printed(program)
      #expect(text.contains("name = \"cohort\"\npath = \"./cohort\"\n"), "\(text)")
      let other = try printed(program, environment: ["COHORT_STORE": "/srv/x"])
      #expect(other.contains("name = \"x\"\npath = \"/srv/x\"\n"), "\(other)")
    }
  }

  @Test func flagsAreStrongerThanTheFile() throws {
    try withProgram { program in
      try program.write(
        """
        workers = 3
        [log]
        level = "error"
        [[stores]]
        path = "one"
        [[stores.inboxes]]
        layout = "sharegpt"
        task = "chat"
        """, to: "c.toml")
      let text = try printed(
        program, "--config", "c.toml", "--workers", "5", "--log-level", "debug", "--task-field", "kind",
        "--role", "agent=assistant", "--licence", "CC0", "--identity", "a,b", "--update-labels")
      for line in [
        "workers = 5\n", "level = \"debug\"\n", "layout = \"sharegpt\"\n", "task-field = \"kind\"\n",
        "roles = [\"agent=assistant\"]\n", "licence = \"CC0\"\n", "identity = [\"a\", \"b\"]\n",
        "update-labels = true\n",
      ] {
        #expect(text.contains(line), "\(line) in \(text)")
      }
      #expect(!text.contains("task = "), "a flag of the same rule removes the file's")
      let stores = try printed(program, "--config", "c.toml", "--store", "a=two", "--store", "./b=c")
      #expect(stores.contains("name = \"a\"\npath = \"two\"\n") && !stores.contains("\"one\""), "\(stores)")
      #expect(stores.contains("name = \"b=c\"\npath = \"./b=c\"\n"), "\(stores)")
    }
  }

  @Test(arguments: [
    ("workerz = 1", "daemon.config-key", 1, "Did you mean 'workers'?"),
    ("workers = 0", "daemon.config-value", 1, "from 1 to 1024"),
    ("workers = \"2\"", "daemon.config-value", 1, "whole number"),
    ("minimum-free = -1", "daemon.config-value", 1, "from 0"),
    ("http = 1", "daemon.config-value", 1, "[http]"),
    ("[http]\nport = 1", "daemon.config-key", 2, "Known are listen"),
    ("[http]\nlisten = \"8420\"\ntoken-file = \"t\"", "server.address", 2, "127.0.0.1:8420"),
    ("[http]\nlisten = \"0.0.0.0:8420\"\ntoken-file = \"t\"", "server.address", 2, "proxy with TLS"),
    ("[http]\nlisten = \"example.org:8420\"\ntoken-file = \"t\"", "server.address", 2, "proxy with TLS"),
    ("[http]\nlisten = \"127.0.0.1:8420\"", "daemon.config-value", 2, "--token-file"),
    ("[http]\nsocket = \"/\(String(repeating: "s", count: 110))\"", "daemon.config-value", 2, "shorter"),
    ("[http]\nhosts = [\"a b\"]", "daemon.config-value", 2, "cohort.example.org"),
    ("[http]\nidle-seconds = \"1\"", "daemon.config-value", 2, "seconds from"),
    ("[log]\nlevel = \"loud\"", "daemon.config-value", 2, "debug, info"),
    ("stores = 3", "daemon.config-value", 1, "[[stores]]"),
    ("[layouts.x]\nmesages = \"m\"", "cli.layout-file", 1, "Did you mean 'messages'?"),
    ("[layouts.alpaca]\nmessages = \"m\"", "ingestion.invalid-layout", 1, "Choose another"),
    ("[[stores]]\nname = \"x\"", "daemon.config-key", 1, "path = "),
    ("[[stores]]\npath = \"a\"\nname = \"a/b\"", "daemon.config-value", 3, "--store NAME=PATH"),
    ("[[stores]]\npath = \"a\"\n[[stores]]\npath = \"b/a\"", "daemon.config-value", 3, "--store NAME=PATH"),
    ("[[stores]]\npath = \"a\"\n[[stores]]\nname = \"b\"\npath = \"a/\"", "daemon.config-value", 5, ""),
    (
      "[[stores]]\npath = \"a\"\n[[stores.inboxes]]\nlayout = \"alpacca\"", "ingestion.unknown-layout-name", 4, "alpaca"
    ),
    ("[[stores]]\npath = \"a\"\n[[stores.inboxes]]\nmap = \"promt=x\"", "ingestion.invalid-map", 4, "'prompt'"),
    (
      "[[stores]]\npath = \"a\"\n[[stores.inboxes]]\nroles = { a = \"boss\" }", "ingestion.invalid-role", 4, "assistant"
    ),
    (
      "[[stores]]\npath = \"a\"\n[[stores.inboxes]]\ntask = \"x\"\ntask-field = \"y\"", "daemon.config-value", 5,
      "Leave"
    ),
    ("[[stores]]\npath = \"a\"\n[[stores.inboxes]]\ndedupe = \"none\"", "daemon.config-value", 4, "source, store"),
    (
      "[[stores]]\npath = \"a\"\n[[stores.inboxes]]\npath = \"i\"\n[[stores.inboxes]]\npath = \"i\"",
      "daemon.shared-inbox", 6, ""
    ),
    (
      "[[stores]]\npath = \"a\"\n[[stores.inboxes]]\npath = \"i\"\n[[stores.inboxes]]\npath = \"i/sub\"",
      "daemon.shared-inbox", 6, ""
    ),
    ("workers = ", "daemon.config-syntax", 1, ""),
  ])
  func aMistakeIsToldWithItsLine(text: String, code: String, line: Int, hint: String) throws {
    try withProgram { program in
      try program.write(text + (text.contains("stores") ? "" : "\n[[stores]]\npath = \"a\"\n"), to: "c.toml")
      let result = try program.cohortd(["--config", "c.toml", "--check", "--json"])
      #expect(result.status == 2, "\(result)")
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["ok"] as? Bool == false)
      let errors = try #require(report["errors"] as? [[String: Any]])
      let found = try #require(errors.first { $0["code"] as? String == code }, "\(result)")
      let place = found["place"] as? String ?? ""
      #expect(place == "c.toml:\(line)" || place.hasPrefix("c.toml:\(line):") || place.hasPrefix("c.toml:\(line),"))
      if !hint.isEmpty { #expect((found["hint"] as? String ?? "").contains(hint), "\(result)") }
      let mine = errors.filter { ($0["place"] as? String ?? "").hasPrefix("c.toml") }
      #expect(mine.count == 1, "nothing follows from one mistake: \(result)")
      // Without --check nothing starts, either.
      let start = try program.cohortd(["--config", "c.toml"])
      #expect(start.status == 2 && start.errors.contains("where: c.toml:\(line)"), "\(start)")
    }
  }

  @Test func allMistakesAreToldAtOnceInTheOrderOfTheirLines() throws {
    try withProgram { program in
      try program.write(
        """
        worker = 1
        [log]
        level = 3
        [[stores]]
        path = "a"
        nam = "x"
        [[stores.inboxes]]
        layout = "nonsense"
        quiet = -1
        """, to: "c.toml")
      let result = try program.cohortd(["--config", "c.toml", "--check"])
      #expect(result.status == 2)
      let places = result.output.split(separator: "\n").filter { $0.hasPrefix("  where: c.toml") }
      #expect(places == [1, 3, 6, 8, 9].map { "  where: c.toml:\($0)" }, "\(result)")
      #expect(result.output.hasSuffix("6 errors\n"), "the store is not there, either: \(result)")
    }
  }

  @Test func aFileThatIsNotThereIsNotFound() throws {
    try withProgram { program in
      let result = try program.cohortd(["--config", "nowhere.toml", "--check"])
      #expect(result.status == 3 && result.output.contains("1 error\n"), "\(result)")
    }
  }

  // MARK: --check

  @Test func aCheckTellsWhatWouldBeDoneAndStartsNothing() throws {
    try withProgram { program in
      try program.makeStore("main")
      try program.write("write abc-abc-abc-abc-abc\nread def-def-def-def-def\n# more\n\n", to: "tokens")
      _ = try program.shell("chmod 600 tokens")
      try program.write(
        "[http]\nlisten = \"127.0.0.1:8420\"\ntoken-file = \"tokens\"\n[[stores]]\npath = \"main\"\n", to: "c.toml")
      let before = program.names(in: "main")
      let result = try program.cohortd(["--config", "c.toml", "--check"])
      #expect(result.status == 0 && result.output.hasSuffix("fine\n"), "\(result)")
      for words in ["main: 0 samples, owned by nobody", "main/inbox: will be made", "1 for writing, 1 for reading"] {
        #expect(result.output.contains(words), "\(result)")
      }
      #expect(program.names(in: "main") == before)
      let daemon = try DaemonProcess(program, "--store", "main")
      let beside = try program.cohortd(["--config", "c.toml", "--check"])
      #expect(beside.status == 0)
      #expect(beside.output.contains("owned by process \(daemon.process.processIdentifier)"), "\(beside)")
      #expect(daemon.end() == 0)
    }
  }

  @Test func aStoreThatIsNotThereIsNotFoundByTheCheck() throws {
    try withProgram { program in
      let result = try program.cohortd(["--store", "nowhere", "--check"])
      #expect(result.status == 3 && result.output.contains("There is no store here"), "\(result)")
      #expect(!program.exists("nowhere"))
    }
  }

  @Test(arguments: [
    ("chmod 644 tokens", 2, "open to others"), ("rm tokens", 3, "There is no token file"),
    ("echo one two three >> tokens", 2, "tokens, line 3"), ("echo > tokens", 2, "has no token"),
    ("echo short >> tokens", 2, "tokens, line 3"), ("rm tokens; mkdir tokens", 2, "no regular file"),
  ])
  func aTokenFileThatIsNoneIsAnError(change: String, status: Int32, words: String) throws {
    try withProgram { program in
      try program.makeStore("main")
      try program.write("abc-abc-abc-abc-abc\nread def-def-def-def-def\n", to: "tokens")
      let flags = ["--store", "main", "--listen", "127.0.0.1:0", "--token-file", "tokens", "--check"]
      _ = try program.shell("chmod 600 tokens; \(change)")
      let result = try program.cohortd(flags)
      #expect(result.status == status && result.output.contains(words), "\(result)")
      #expect(!result.output.contains("abc-") && !result.output.contains("def-"), "no token is told: \(result)")
    }
  }

  @Test func anInboxThatOthersCanWriteToIsAWarning() throws {
    try withProgram { program in
      try program.makeStore("main")
      _ = try program.shell("mkdir drop && chmod 777 drop && touch file")
      let open = try program.cohortd(["--store", "main", "--inbox", "drop", "--check"])
      #expect(open.status == 0 && open.output.contains("warning: drop: other users"), "\(open)")
      let file = try program.cohortd(["--store", "main", "--inbox", "file", "--check"])
      #expect(file.status == 2 && file.output.contains("The inbox is not a folder"), "\(file)")
    }
  }

  // MARK: The schema

  @Test func theSchemaIsThatOfTheKeys() throws {
    let text = try Checkout.text("Schemas/cohortd.schema.json")
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    let expected = ConfigurationSchema.document as NSDictionary
    let wanted = try JSONSerialization.data(
      withJSONObject: expected, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    #expect(schema == expected, "the file has to hold:\n\(String(decoding: wanted, as: UTF8.self))")
  }
}

/// The JSON Schema that the keys make.
enum ConfigurationSchema {
  static var document: [String: Any] {
    let inbox = table(InboxConfiguration.keys)
    var store = table(
      StoreConfiguration.keys,
      [
        "inboxes": [
          "type": "array", "items": inbox, "description": "Folders that files are taken from. Else the store's own.",
        ]
      ])
    store["required"] = ["path"]
    var root = table(
      DaemonConfiguration.keys,
      [
        "http": table(HTTPConfiguration.keys), "log": table(LogConfiguration.keys),
        "layouts": [
          "type": "object", "additionalProperties": ["type": "object"],
          "description": "Layouts of one's own, as Docs/formats.md shows them.",
        ],
        "stores": ["type": "array", "items": store, "description": "The stores that the daemon owns."],
      ])
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    root["title"] = "Configuration of cohortd"
    root["description"] =
      "The file of cohortd --config, in TOML. Relative paths start from its folder. Docs/operations explains it."
    return root
  }

  private static func table<Table>(
    _ keys: [ConfigurationKey<Table>], _ inner: [String: Any] = [:]
  ) -> [String: Any] {
    let own = keys.map { key in (key.name, form(key.form).merging(["description": key.meaning]) { $1 }) }
    return [
      "type": "object", "additionalProperties": false,
      "properties": inner.merging(own.map { ($0.0, $0.1 as Any) }) { $1 },
    ]
  }

  private static func form(_ form: ConfigurationForm) -> [String: Any] {
    let texts: [String: Any] = ["type": "array", "items": ["type": "string"]]
    return switch form {
    case .text: ["type": "string"]
    case .path: ["type": "string", "minLength": 1]
    case .integer(let range):
      range.upperBound == .max
        ? ["type": "integer", "minimum": range.lowerBound]
        : ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound]
    case .seconds(let range): ["type": "number", "minimum": range.lowerBound, "maximum": range.upperBound]
    case .boolean: ["type": "boolean"]
    case .choice(let choices): ["enum": choices]
    case .texts: ["oneOf": [["type": "string"], texts]]
    case .pairs:
      [
        "oneOf": [["type": "string"], texts, ["type": "object", "additionalProperties": ["type": "string"]]] as [Any]
      ]
    }
  }
}

extension Program {
  /// `cohortd` that ends by itself.
  func cohortd(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    try run(Self.executable("cohortd"), arguments, environment: environment)
  }
}
