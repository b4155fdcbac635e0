import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct TableTests {
  private func rows(_ text: String, named name: String = "t.csv", _ options: IngestionOptions = options()) throws
    -> [String]
  {
    try read(text, named: name, options).samples.map { $0.messages.map(\.text).joined(separator: "|") }
  }

  @Test(arguments: [",", ";", "|", "\t"])
  func theHeaderShowsTheSeparator(separator: String) throws {
    let text = ["prompt,completion", "\"a, b; c | d\te\",x", "y,z"].map {
      $0.replacing(",", with: separator)
    }.joined(separator: "\n")
    let first = "a, b; c | d\te".replacing(",", with: separator)
    for name in ["t.csv", "t.tsv", "t", "t.txt"] {
      #expect(try rows(text, named: name) == ["\(first)|x", "y|z"], "\(name)")
    }
    let isUsual = separator == ","
    #expect(try read(text, named: "t.csv").notes.isEmpty == isUsual)
    #expect(try rows(text, named: "t.csv", options { $0.format = .csv }) == ["\(first)|x", "y|z"])
  }

  /// Of separators that all divide the header, the one that gives rows of one width.
  @Test func rowsOfOneWidthDecide() throws {
    let text = "prompt;completion;tags, all\na, b, c;x;u\nd;y;v, w\n"
    #expect(try rows(text) == ["a, b, c|x", "d|y"])

  }

  @Test func excelsFirstLineNamesTheSeparator() throws {
    for first in ["sep=;", "SEP=;\r", "\"sep=;\""] {
      let result = try read("\u{feff}\(first)\nprompt;completion\na, b;x\n", named: "t.csv")
      #expect(result.samples.first?.dialog == ["user: a, b", "assistant: x"], "\(first)")
      #expect(result.samples.first?.line == 3)
      #expect(result.notes == ["the columns are separated by ';'"])
    }
  }

  @Test func rowsMayEndInCarriageReturns() throws {
    #expect(try rows("prompt,completion\ra,\"x\ny\"\rb,z\r") == ["a|x\ny", "b|z"])
    #expect(try rows("prompt,completion\r\na,x\r\nb,z\n") == ["a|x", "b|z"])
    let result = try read("prompt,completion\ra,x\rb\rc,z", named: "t.csv")
    #expect(result.order == "srs" && result.rejections.first?.line == 3)
  }

  /// A quotation mark that never closes costs its own row only.
  @Test func anOpenQuotationMarkSwallowsNothing() throws {
    let text = "prompt,completion\na,\"first\nsecond, \"\"x\"\"\"\nb,\"b\nc,c\n\nd,\"d\"\ne,e\n"
    for bytes in [1024, 4 << 20] {
      let result = try read(text, named: "t.csv", options { $0.batchBytes = bytes })
      #expect(result.order == "srsss")
      #expect(result.samples.map(\.line) == [2, 5, 7, 8])
      #expect(result.reasons == ["invalid-csv"])
      #expect(result.rejections.first?.line == 4)
      #expect(result.rejections.first?.raw == Array("b,\"b".utf8))
      #expect(result.rejections.first?.detail.contains("opens in line 4") == true)
    }
    let last = try read("prompt,completion\na,\"x\nb\nc\nd,d\ne,e", named: "t.csv")
    #expect(last.order == "rss")
    #expect(last.rejections.first?.raw == Array("a,\"x\nb\nc".utf8))
    #expect(
      last.rejections.first?.detail
        == "a quotation mark opens in line 2 and is not closed: 4 lines would be part of its field. "
        + "Reading goes on in line 5")
    // Nothing behind it is a row: all of it is one record.
    #expect(
      try read("prompt,completion\na,\"x\nb\nc", named: "t.csv", options { $0.layout = .promptCompletion }).order == "r"
    )
  }

  /// In a table longer than the longest record: as much is looked ahead, and no more.
  @Test(arguments: [1024, 4096, 1 << 20])
  func anOpenQuotationMarkIsFoundInLongTables(bytes: Int) throws {
    let good = (0..<2000).map { "p\($0),c\($0)" }
    let text = (["prompt,completion"] + good[..<500] + ["x,\"open"] + good[500...]).joined(separator: "\n")
    let options = options {
      $0.batchBytes = bytes
      $0.limits.recordBytes = 3000
    }
    let result = try read(text, named: "t.csv", options)
    #expect(result.samples.count == 2000 && result.reasons == ["invalid-csv"])
    #expect(result.rejections.first?.line == 502)
    // A long field is no open one: its lines are no rows.
    let prose = String(repeating: "words without a separator\n", count: 400)
    let long = try read("prompt,completion\na,\"\(prose)\"\nb,c\n", named: "t.csv", options)
    #expect(long.order == "rs" && long.reasons == ["line-too-long"])
  }

  @Test func quotationMarksInsideFieldsAreText() throws {
    let result = try read("prompt,completion\nf,he said \"f\" twice\ng,\"g\" and more\nh,h\n", named: "t.csv")
    #expect(result.order == "srs")
    #expect(result.samples.first?.dialog.last == "assistant: he said \"f\" twice")
  }

  @Test func quotationMarksInTabbedTextsMeanSomethingIfAllClose() throws {
    let closed = "prompt\tcompletion\n\"a\tb\"\t\"x\ny\"\n\"c\"\td\n"
    #expect(try rows(closed, named: "t.tsv") == ["a\tb|x\ny", "c|d"])
    let open = "prompt\tcompletion\n\"a\tx\n\"b\" she said\t\"y\"\nc\t\"z\n"
    #expect(try rows(open, named: "t.tsv") == ["\"a|x", "\"b\" she said|\"y\"", "c|\"z"])
    #expect(try rows(closed, named: "t.tsv", options { $0.quoting = .never }) == ["\"c\"|d"])
    let forced = try read(open, named: "t.tsv", options { $0.quoting = .always })
    #expect(forced.rejections.count > 0)
    #expect(try rows("prompt,completion\n\"a\",b\n", named: "t.csv", options { $0.quoting = .never }) == ["\"a\"|b"])
  }

  @Test func theTextDecidesAndNotTheName() throws {
    let json = #"{"prompt":"a","completion":"b"}"# + "\n"
    for name in ["t.csv", "t.tsv"] { #expect(try rows(json + json, named: name) == ["a|b", "a|b"]) }
    #expect(try rows("[\(json)]", named: "t.csv") == ["a|b"])
    let table = "prompt,completion\na,b\nc,d\n"
    for name in ["t.json", "t.jsonl"] {
      let result = try read(table, named: name)
      #expect(result.order == "ss" && result.notes == ["is a table and not JSON, whatever its name says"])
    }
    // Lines of words are no table, and a header may begin with a bracket.
    #expect(try read("broken, text\nmore\n", named: "t.jsonl").order == "rr")
    #expect(try rows("[id],prompt,completion\n1,a,b\n", named: "t.csv") == ["a|b"])
  }
}
