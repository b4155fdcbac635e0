import CohortSystem
import CohortTesting
import Foundation
import Testing

/// What a terminal gets, and what it does to a command.
@Suite struct TerminalTests {
  private func shown(
    _ program: Program, _ arguments: [String], columns: Int = 200, environment: [String: String] = [:]
  ) throws -> String {
    let terminal = try PseudoTerminal(columns: columns)
    _ = try program.run(
      Program.executable("cohort"), arguments, environment: environment, output: terminal.slave)
    return terminal.text().replacing("\r\n", with: "\n")
  }

  @Test func whatReordersOrHidesIsShown() throws {
    try withProgram { program in
      // A right-to-left override, a space without width, a tag, a mark, a joiner between letters of ASCII.
      let hidden = "a\u{202e}b\u{200b}c\u{e0041}d\u{200f}e\u{200d}f"
      let record = try JSONSerialization.data(withJSONObject: ["prompt": hidden, "completion": "line\r\nnext"])
      try program.write(String(decoding: record, as: UTF8.self) + "\n", to: "data.jsonl")
      try #require(try program.shell("cohort init && cohort ingest data.jsonl").status == 0)
      for arguments in [["sample", "show", "0"], ["sample", "search", "next"]] {
        let text = try shown(program, arguments)
        #expect(text.contains("a<U+202E>b<U+200B>c<U+E0041>d<U+200F>e<U+200D>f"), "\(text.debugDescription)")
      }
      #expect(
        try shown(program, ["sample", "show", "0"]).contains("line\nnext"), "a line end of two characters is one")
      // Programs get the text, whole, in any way.
      let piped = try program.cohort("sample", "show", "0").output
      #expect(piped.contains(hidden))
      let json = try program.cohort("sample", "show", "0", "--json")
      #expect(!json.output.unicodeScalars.contains { [0x202e, 0x200b, 0xe0041, 0x200f, 0x200d].contains($0.value) })
      let sample = try #require(try json.json() as? [[String: Any]]).first
      let messages = try #require(sample?["messages"] as? [[String: Any]])
      #expect(messages.first?["content"] as? String == hidden)
    }
  }

  @Test func joinersThatAreHowSomethingIsWrittenStay() throws {
    try withProgram { program in
      let texts = ["می\u{200c}خواهم", "\u{1f469}\u{200d}\u{1f680}", "क्\u{200d}ष"]
      let lines = try texts.map {
        String(decoding: try JSONSerialization.data(withJSONObject: ["prompt": $0, "completion": "c"]), as: UTF8.self)
      }
      try program.write(lines.joined(separator: "\n") + "\n", to: "data.jsonl")
      try #require(try program.shell("cohort init && cohort ingest data.jsonl").status == 0)
      let text = try shown(program, ["sample", "show", "0:3"])
      for part in texts { #expect(text.contains(part), "\(part.debugDescription)") }
    }
  }

  @Test func tablesThatDoNotFitBecomeBlocks() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let wide = try shown(program, ["group", "list"], columns: 120)
      #expect(wide.contains("group  size  label"), "\(wide)")
      let narrow = try shown(program, ["group", "list"], columns: 40)
      #expect(!narrow.contains("group  size"), "\(narrow)")
      let blocks = narrow.components(separatedBy: "\n\n")
      #expect(blocks.count == 3, "\(narrow)")
      for (block, label) in zip(blocks, ["sum", "poem", "code"]) {
        let fields = block.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1)[0] }
        #expect(fields == ["group", "size", "label", "mean_length", "longest", "radius", "tasks"], "\(block)")
        #expect(block.contains("label        \(label)\n"), "\(block)")
      }
      // A file has no width.
      #expect(try program.cohort("group", "list").output.hasPrefix("group  size  label"))
    }
  }

  @Test func manualPagesArePaged() throws {
    try withProgram { program in
      // A program in place of the pager, and one in place of man: they tell that they were given the page.
      let folder = program.folder.appendingPathComponent("bin")
      try program.write("#!/bin/sh\necho \"man $*\"; head -1\n", to: "bin/man")
      try program.write("#!/bin/sh\necho pager; head -1\n", to: "bin/pager")
      try #require(try program.shell("chmod +x bin/*").status == 0)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let page = try shown(program, ["man", "plan", "create"], environment: ["PATH": "\(folder.path):\(path)"])
      #expect(page.hasPrefix("man -l -\n.TH \"COHORT\\-PLAN\\-CREATE\""), "\(page.debugDescription)")
      let document = try shown(
        program, ["man", "catalog"], environment: ["PAGER": "\(folder.path)/pager", "PATH": path])
      #expect(document.hasPrefix("pager\n# The catalog"), "\(document.debugDescription)")
      // Without man the page is made readable here.
      try #require(
        try program.shell("rm bin/man; ln -s \"$(command -v head)\" bin/less; ln -s /bin/sh bin/sh").status == 0)
      let plain = try shown(program, ["man", "config", "show"], environment: ["PATH": folder.path])
      #expect(plain.contains("NAME\n    cohort-config-show \u{2014} show every setting"), "\(plain.debugDescription)")
      #expect(!plain.contains(".TH") && !plain.contains("\\f"), "\(plain.debugDescription)")
      // What is not looked at is printed as it is.
      let piped = try program.cohort("man", "plan", "create", environment: ["PAGER": "\(folder.path)/pager"])
      #expect(piped.output.hasPrefix(".TH"), "\(piped)")
    }
  }

  /// The document itself, whatever it was built from.
  @Test func documentsAreInTheProgram() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Checkout.root.appendingPathComponent("Docs").path)
      .filter { $0.hasSuffix(".md") && $0 != "README.md" }
    try withProgram { program in
      try #require(try program.shell("mkdir documents && cohort man --documents documents").status == 0)
      for page in pages {
        let text = try String(contentsOf: Checkout.root.appendingPathComponent("Docs/\(page)"), encoding: .utf8)
        #expect(
          (try? program.read("documents/\(page)")) == text,
          "Docs/\(page) is not in Sources/CDocuments/documents.c, or was changed since it was built")
        #expect(try program.cohort("man", page).output == text, "\(page)")
      }
      let list = try #require(try program.cohort("man", "--list", "--json").json() as? [[String: Any]])
      let names = list.compactMap { $0["name"] as? String }
      #expect(names.contains("plan create") && names.contains("catalog") && names.contains("sql.md"))
      #expect(Set(names).count == names.count)
      for name in names { #expect(try program.shell("cohort man \(name)").status == 0, "\(name)") }
    }
  }

  // MARK: Control-C

  /// Sends one Control-C to a command once it has a file open.
  private func interrupted(_ program: Program, _ arguments: [String], having name: String) throws -> (
    status: Int32, isSignal: Bool, output: String
  ) {
    let file = program.folder.appendingPathComponent("output")
    try Data().write(to: file)
    let process = try program.process(
      URL(fileURLWithPath: "/usr/bin/env"), ["--default-signal=INT", "cohort"] + arguments)
    // Nobody writes to it, and nobody closes it.
    let input = Pipe()
    process.standardInput = input.fileHandleForReading
    process.standardOutput = try FileHandle(forWritingTo: file)
    process.standardError = FileHandle.nullDevice
    try process.run()
    #expect(isReached { !process.isRunning || Self.openFiles(of: process).contains { $0.hasSuffix(name) } })
    // From there on its way to the wait.
    usleep(300_000)
    #expect(process.isRunning)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    withExtendedLifetime(input) {}
    return (process.terminationStatus, process.terminationReason == .uncaughtSignal, try program.read("output"))
  }

  private static func openFiles(of process: Process) -> [String] {
    let folder = "/proc/\(process.processIdentifier)/fd"
    let manager = FileManager.default
    return ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).compactMap {
      try? manager.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
    }
  }

  #if os(Linux)
    /// Also where the command waits for something that never comes.
    @Test(arguments: [["ingest", "-"], ["sql"]])
    func oneControlCEndsAWait(arguments: [String]) throws {
      try withProgram { program in
        try PipelineTests.prepared(program)
        let ended = try interrupted(
          program, arguments + ["--json"], having: arguments == ["sql"] ? "catalog.sqlite" : "data.mdb")
        #expect(ended.status == 130 && !ended.isSignal, "\(ended)")
        #expect(ended.output.contains(#""exit_code":130"#), "\(ended)")
      }
    }
  #endif
}
