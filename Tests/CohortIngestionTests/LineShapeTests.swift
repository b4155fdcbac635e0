import CohortCore
import CohortIngestion
import CohortTesting
import Testing

/// How JSON lines and arrays are written in the wild.
@Suite struct LineShapeTests {
  static func record(_ number: Int) -> String { #"{"prompt":"p\#(number)","completion":"c\#(number)"}"# }

  private func prompts(_ result: ReadResult) -> [String] {
    result.samples.compactMap { $0.messages.first?.text }
  }

  @Test(arguments: ["\r", "\n", "\r\n"])
  func everyLineEndEndsALine(end: String) throws {
    let text = (0..<5).map(Self.record).joined(separator: end)
    for (tail, name) in [("", "a.jsonl"), (end, "a.jsonl"), (end + end, "x"), ("", "a.csv")] {
      let result = try read(text + tail, named: name)
      #expect(prompts(result) == ["p0", "p1", "p2", "p3", "p4"], "\(name) \(end.debugDescription)")
      #expect(result.samples.map(\.line) == [1, 2, 3, 4, 5])
      #expect(result.notes.isEmpty)
    }
    let bad = try read([Self.record(0), "{broken", Self.record(2)].joined(separator: end), named: "a.jsonl")
    #expect(bad.order == "srs" && bad.rejections.first?.line == 2)
  }

  @Test func mixedLineEndsLoseNothing() throws {
    let text = Self.record(0) + "\r\n" + Self.record(1) + "\n" + Self.record(2) + "\r" + Self.record(3) + "\n"
    #expect(prompts(try read(text, named: "a.jsonl")) == ["p0", "p1", "p2", "p3"])
    // White space inside of a document is no line end.
    let document = Self.record(0).replacing(",", with: ",\r")
    #expect(prompts(try read(document)) == ["p0"])
  }

  @Test func arraysOnLinesAreRecords() throws {
    let talk = #"[{"role":"user","content":"U"},{"role":"assistant","content":"A"}]"#
    for text in ["\(talk)\n\(talk)\n", "\(talk),\n\(talk)", "\n\(talk)\r\n\r\n\(talk)"] {
      let result = try read(text, options { $0.layout = .messages })
      #expect(result.order.count == 2, "\(text)")
      #expect(result.rejections.allSatisfy { $0.raw == Array(talk.utf8) })
    }
    // One array of arrays, and one array over lines.
    #expect(try read("[\(talk),\n\(talk)]", options { $0.layout = .messages }).order.count == 2)
    #expect(try read("[\n\(Self.record(0)),\n\(Self.record(1))\n]").order == "ss")
    #expect(try read("[\(Self.record(0))]\nx").order == "sr")
  }

  @Test func valuesThatShareALineAreRecords() throws {
    let lines = [Self.record(0), Self.record(1) + Self.record(2), Self.record(3) + " , " + Self.record(4)]
    let result = try readLines(lines)
    #expect(prompts(result) == ["p0", "p1", "p2", "p3", "p4"])
    #expect(result.samples.map(\.line) == [1, 2, 2, 3, 3])
    #expect(result.notes == ["2 lines hold more than one JSON value; each value was read as a record of its own"])
    // Also when every line does, and when one value is damaged.
    #expect(prompts(try readLines([lines[1], lines[1]])) == ["p1", "p2", "p1", "p2"])
    let damaged = try readLines([Self.record(0), Self.record(1) + #"{"prompt":"#])
    #expect(damaged.order == "ssr" && damaged.rejections.first?.raw == Array(#"{"prompt":"#.utf8))
    // Braces inside texts are text, and other text behind a value stays an error.
    let text = #"{"prompt":"}{","completion":"a}{b"}"#
    #expect(try readLines([text, text + " x"]).order == "sr")
  }

  /// The note counts the lines of all blocks, whoever parses them.
  @Test func sharedLinesAreCountedOnce() throws {
    let lines = (0..<300).map { Self.record($0) + Self.record($0 + 1000) }
    let options = options {
      $0.batchRecords = 16
      $0.workers = 3
    }
    let result = try readLines(lines, options)
    #expect(result.samples.count == 600)
    #expect(result.notes == ["300 lines hold more than one JSON value; each value was read as a record of its own"])
  }

  @Test(arguments: [2, 20, 250])
  func commasBehindLinesAreLeftOut(count: Int) throws {
    let rows = (0..<count).map(Self.record)
    for text in [rows.joined(separator: ",\n"), rows.joined(separator: " , \r\n") + ",\n"] {
      let result = try read(text, named: "a.jsonl")
      #expect(result.samples.count == count && result.rejections.isEmpty)
      #expect(result.samples.map(\.line) == (1...UInt64(count)).map { $0 })
      #expect(result.notes.count == 1 && result.notes[0].contains("comma"))
    }
    let array = try read("[" + rows.joined(separator: ",\n") + ",\n]", named: "a.json")
    #expect(array.samples.count == count && array.rejections.isEmpty)
    #expect(array.notes == ["one value is followed by a comma that belongs to nothing, which was left out"])
    let documents = rows.map { $0.replacing(",", with: ",\n") }.joined(separator: ",\n")
    let result = try read(documents, named: "a.json")
    #expect(result.samples.count == count && result.rejections.isEmpty)
  }

  @Test func aByteOrderMarkIsSkippedBeforeEveryShape() throws {
    let mark = "\u{feff}"
    #expect(try read(mark + "[\(Self.record(0))]").order == "s")
    #expect(try read(mark + #"{"data":[\#(Self.record(0))]}"#).order == "s")
    #expect(try read(mark + "prompt;completion\nx;y\n", named: "a.csv").order == "s")
  }

  @Test func whatStandsForDataIsNamed() throws {
    let pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "ab", count: 32))\nsize 9\n"
    for name in ["train.jsonl", "train.csv", "x"] {
      let error = try failure { _ = try read(pointer, named: name) }
      #expect(error.code.name == "ingestion.git-lfs-pointer" && error.hint?.contains("git lfs pull") == true)
    }
    for page in ["<!DOCTYPE html><html></html>", "\n  <HTML><body>no</body>", "<?xml version=\"1.0\"?><Error/>"] {
      #expect(try failure { _ = try read(page, named: "a.jsonl") }.code.name == "ingestion.html-page")
    }
    // In a folder such a file fails alone.
    let folder = try TemporaryFolder()
    try folder.write("a.jsonl", pointer)
    try folder.write("b.jsonl", Self.record(0))
    let reader = try IngestionReader(sources: try InputSource.discover([folder.path]).sources, options: options())
    try reader.check()
    #expect(try failure { _ = try reader.next() }.code.name == "ingestion.git-lfs-pointer")
    #expect(try reader.next()?.batch.rows.count == 1)
    let alone = try IngestionReader(sources: [.file(folder.file("a.jsonl"))], options: options())
    #expect(try failure { try alone.check() }.code.name == "ingestion.git-lfs-pointer")
  }

  @Test func wordsAreNoTable() throws {
    for text in ["not json", "not json\n", "Some words.\nAnd more of them.\n", "17\n"] {
      let error = try failure { _ = try read(text, named: "-") }
      #expect(error.code.name == "ingestion.not-a-table", "\(text)")
    }
    #expect(try read("text\nhello\n", named: "-").order == "s")
    #expect(
      try read(
        "a word\nhello\n", named: "-",
        options {
          $0.format = .csv
          $0.map = FieldMap(response: "a word")
        }
      ).order == "s")
  }

  @Test func aSourceWithoutRecordsSaysSo() throws {
    for (text, name) in [(" \n", "a.jsonl"), ("[]", "a.json"), ("text,n\n", "a.csv")] {
      #expect(try read(text, named: name).notes == ["holds no records"])
    }
  }
}
