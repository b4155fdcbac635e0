import CohortTesting
import Foundation
import Testing

/// Maps as pages and pictures, from the command line.
@Suite struct MapDrawTests {
  private static let hostile = #"</script><img src=x onerror=alert(1)> & more"#

  /// A store of 90 samples in three tasks with a map of all of them, and a further sample of each kind that a map must bear:
  /// deleted, hostile, without a task.
  private static func prepared(_ program: Program) throws {
    let odd = #"{"prompt":"\#(hostile.replacing("\"", with: "\\\""))","completion":"x"}"#
    let gone = #"{"prompt":"a zanzibar of spices","completion":"x","kind":"sum"}"#
    let system =
      #"{"messages":[{"role":"system","content":"You help."},{"role":"user","content":"why so blue"},"#
      + #"{"role":"assistant","content":"a"}]}"#
    try program.write(PipelineTests.lines(90) + [odd, gone].joined(separator: "\n"), to: "data.jsonl")
    try program.write(system, to: "chat.jsonl")
    let result = try program.shell(
      """
      set -e
      cohort init
      cohort ingest data.jsonl --task-field kind
      cohort ingest chat.jsonl
      cohort grouping create topics --by embedding --groups 4
      cohort update
      cohort map create overview --grouping topics
      cohort map update overview --tail
      """)
    try #require(result.status == 0, "\(result)")
  }

  /// The element of a page that has an id.
  private static func element(_ id: String, of page: String) throws -> String {
    let start = try #require(page.range(of: "id=\"\(id)\">"), "\(id)")
    let end = try #require(page[start.upperBound...].range(of: "</script>"))
    return String(page[start.upperBound..<end.lowerBound])
  }

  @Test func aPageHasAllColumnsAndTexts() throws {
    try withProgram { program in
      try Self.prepared(program)
      let deleted = try program.shell("cohort sample delete 91")
      #expect(deleted.status == 0, "\(deleted)")
      let result = try program.cohort("map", "draw", "overview", "map.html", "--label", "terms", "--json")
      #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["samples"] as? Int == 92 && report["texts"] as? Int == 92 && report["unplaced"] as? Int == 0)
      let page = try program.read("map.html")
      #expect(report["bytes"] as? Int == page.utf8.count && report["form"] as? String == "html")

      let meta = try #require(
        try JSONSerialization.jsonObject(with: Data(Self.element("meta", of: page).utf8)) as? [String: Any])
      let columns = try #require(meta["columns"] as? [[String: Any]])
      #expect(columns.map { $0["name"] as? String } == ["group", "task", "source", "length", "age"])
      #expect(meta["count"] as? Int == 92 && meta["colour"] as? Int == 0)
      #expect(Set(columns[1]["names"] as? [String] ?? []) == ["(no task)", "sum", "poem", "code"])
      #expect(columns[3]["unit"] as? String == "characters" && columns[4]["unit"] as? String == "samples since")
      #expect((columns[4]["ticks"] as? [Double])?.first == 0 && (columns[4]["ticks"] as? [Double])?.last == 92)
      // Groups are called as the list of groups calls them, and their words stand in the map.
      let listed = try #require(
        try program.cohort("group", "list", "--grouping", "topics", "--json").json() as? [[String: Any]])
      let words = listed.map { $0["label"] as? String ?? "" }
      let names = listed.indices.map { "\(listed[$0]["group"] ?? "-") \(words[$0])" }
      #expect(!words.contains("") && columns[0]["names"] as? [String] == names)
      let labels = try #require(meta["labels"] as? [[Any]])
      #expect(Set(labels.compactMap { $0.first as? String }) == Set(words))

      let texts = try #require(
        try JSONSerialization.jsonObject(with: Data(Self.element("texts", of: page).utf8)) as? [String])
      #expect(texts.count == 92 && texts[17] == "question number 17 of code")
      #expect(texts[90] == Self.hostile && !page.contains("<img"))
      // What all samples of a chat have in common tells none of them apart.
      #expect(texts[91] == "why so blue")
      #expect(!page.contains("zanzibar"))
    }
  }

  @Test func theSameMapGivesTheSameFileInEveryForm() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.shell(
        """
        set -e
        for form in html png svg; do
          cohort map draw overview one.$form --colour age > report
          cohort map draw overview - --as $form --colour age > two.$form
          cmp one.$form two.$form
        done
        cohort map draw overview odd.name --as svg --width 500 --height 400 --theme dark
        ! ls *.part-* 2> /dev/null
        """)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
      let png = try Data(contentsOf: program.folder.appendingPathComponent("one.png"))
      #expect(png.prefix(4) == Data([0x89, 0x50, 0x4e, 0x47]))
      let svg = try program.read("odd.name")
      #expect(svg.contains("<svg") && svg.contains("width=\"500\"") && svg.contains("#16181c"), "\(svg.prefix(400))")
      // With other samples it is another one.
      let later = try program.shell(
        "cohort sample delete 5 > /dev/null && cohort map draw overview two.svg > report && ! cmp -s one.svg two.svg")
      #expect(later.status == 0, "\(later)")
    }
  }

  @Test func tokensAreTheLengthsWhereAllAreCounted() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.shell(
        """
        set -e
        cohort length add bert --unit tokens --tokenizer \(Checkout.bundledTokenizer)
        cohort map draw overview before.html > report
        cohort update > report
        cohort map draw overview after.html > report
        """)
      #expect(result.status == 0, "\(result)")
      #expect(try program.read("before.html").contains(#""unit":"characters""#))
      #expect(try program.read("after.html").contains(#""unit":"tokens""#))
    }
  }

  @Test func samplesWithoutAPlaceAreTold() throws {
    try withProgram { program in
      try Self.prepared(program)
      try program.write(PipelineTests.lines(3, from: 500), to: "more.jsonl")
      let result = try program.shell("cohort ingest more.jsonl > /dev/null && cohort map draw overview map.svg --json")
      #expect(result.status == 0 && result.errors.contains("3 samples of the store have no place"), "\(result)")
      #expect((try result.json() as? [String: Any])?["unplaced"] as? Int == 3)
    }
  }

  /// A map of which all samples were deleted says so, in every form.
  @Test func anEmptyMapIsDrawn() throws {
    try withProgram { program in
      try Self.prepared(program)
      let deleted = try program.cohort("sample", "delete", "0..<93")
      #expect(deleted.status == 0, "\(deleted)")
      for form in ["html", "png", "svg"] {
        let result = try program.cohort("map", "draw", "overview", "map.\(form)", "--label", "terms", "--json")
        try #require(result.status == 0, "\(result)")
        #expect((try result.json() as? [String: Any])?["samples"] as? Int == 0, "\(result)")
      }
      #expect(try program.read("map.html").contains("The map has no samples."))
      #expect(try program.read("map.svg").contains("The map has no samples."))
    }
  }

  @Test func whatMakesNoSenseIsRefusedAndLeavesNothing() throws {
    try withProgram { program in
      try Self.prepared(program)
      try FileManager.default.createDirectory(
        at: program.folder.appendingPathComponent("folder.html"), withIntermediateDirectories: true)
      let cases: [([String], Int32, String)] = [
        (["overwiev", "no.html"], 3, "store.unknown-map"), (["overview", "no.gif"], 2, "drawing.form"),
        (["overview", "no"], 2, "drawing.form"), (["overview", "no.html", "--width", "800"], 2, "cli.usage"),
        (["overview", "no.html", "--theme", "dark"], 2, "cli.usage"),
        (["overview", "no.png", "--width", "10"], 2, "drawing.size"), (["overview", "-"], 2, "cli.usage"),
        (["overview", "none/no.html"], 1, "pipeline.export"), (["overview", "folder.html"], 1, "pipeline.export"),
      ]
      for (arguments, status, code) in cases {
        let result = try program.cohort(["map", "draw"] + arguments + ["--json"])
        #expect(result.status == status, "\(arguments): \(result)")
        #expect(try result.error()["code"] as? String == code, "\(arguments): \(result)")
      }
      let unknown = try program.cohort("map", "draw", "overwiev", "no.html")
      #expect(unknown.errors.contains("overview"), "\(unknown)")
      let colour = try program.cohort("map", "draw", "overview", "no.html", "--colour", "red")
      #expect(colour.status == 2 && colour.errors.contains("length"), "\(colour)")
      let names = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
      #expect(!names.contains { $0.hasPrefix("no") || $0.contains(".part-") }, "\(names)")

      let terminal = try PseudoTerminal(columns: 100)
      let shown = try program.cohort("map", "draw", "overview", "-", "--as", "svg", output: terminal.slave)
      #expect(shown.status == 2 && shown.errors.contains("terminal") && terminal.text().isEmpty, "\(shown)")
    }
  }

  /// What was there before stays when there is no room, and nothing is left beside it.
  @Test func aFullDiskLeavesTheFormerFile() throws {
    try withProgram { program in
      try Self.prepared(program)
      try program.write("the former one", to: "map.html")
      let full = try program.shell("trap '' XFSZ; ulimit -f 8; exec cohort map draw overview map.html --json")
      let error = try full.error()
      #expect(full.status == 75 && error["code"] as? String == "pipeline.disk-full", "\(full)")
      #expect(try program.read("map.html") == "the former one")
      let names = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
      #expect(!names.contains { $0.contains(".part-") }, "\(names)")
    }
  }

  /// A reader that has enough of it ends the command in silence.
  @Test func aReaderThatGoesIsNoFailure() throws {
    try withProgram { program in
      try Self.prepared(program)
      let result = try program.shell("cohort map draw overview - --as html | head -c 20")
      #expect(result.output == "<!doctype html>\n<htm" && result.errors.isEmpty, "\(result)")
    }
  }
}
