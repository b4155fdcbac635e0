import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct TextFormatTests {
  static let a = #"{"prompt":"p [1] {\"x\"} \\","completion":"c"}"#

  @Test func emptyLinesAreSkippedAndCounted() throws {
    let result = try read("\u{feff}\n" + Self.a + "\r\n\n  \n" + Self.a)
    #expect(result.samples.map(\.line) == [2, 5])
    #expect(result.samples.first?.dialog == [#"user: p [1] {"x"} \"#, "assistant: c"])
  }

  @Test func emptyFilesHaveNoRecords() throws {
    for text in ["", "\u{feff}", "\n\n", "  "] {
      let result = try read(text)
      #expect(result.order == "" && result.batches == 1 && result.layouts == ["-"])
    }
    #expect(try read("").notes == ["empty: 0 records"])
  }

  @Test func elementsOfAnArrayAreRecords() throws {
    let result = try read(" [\n" + Self.a + " ,\n\n" + Self.a + "\n, 17,\"x,]\" , [1,[2]]]\n")
    #expect(result.order == "ssrrr")
    #expect(result.samples.map(\.line) == [1, 2])
    #expect(result.reasons == ["not-an-object", "not-an-object", "not-an-object"])
    #expect(try read("[]").order == "")
  }

  @Test func damagedArraysAreRejectedFromThereOn() throws {
    let cases: [(String, String, String)] = [
      ("[\(Self.a),\(Self.a)", "sr", "the file ends before the array does"),
      ("[\(Self.a),", "sr", "the file ends before the array does"),
      ("[\(Self.a),,\(Self.a)]", "srs", "there is no JSON value, only white space"),
      ("[\(Self.a)] x", "sr", "bytes follow the end of the array"),
      ("[\(Self.a),\(Self.a) \(Self.a),\(Self.a)]", "srs", ""),
      (#"[\#(Self.a),{"prompt":"open],{}]"#, "sr", "the file ends before the array does"),
    ]
    for (text, order, detail) in cases {
      let result = try read(text)
      #expect(result.order == order, "\(text)")
      #expect(Set(result.reasons) == ["invalid-json"], "\(text)")
      if !detail.isEmpty { #expect(result.rejections.first?.detail == detail) }
    }
  }

  @Test func documentsOverSeveralLinesAreRecords() throws {
    let one = "{\n  \"prompt\": \"p\",\n  \"completion\": \"c }\",\n  \"more\": {\n    \"a\": [{}\n]}\n}\n"
    #expect(try read(one).order == "s")
    let result = try read(one + "\n" + one + one)
    #expect(result.samples.map(\.line) == [1, 2, 3])
    #expect(result.samples.last?.attributes == #"{"more":{"a":[{}]}}"#)
    // A bad first line does not make lines a document.
    #expect(try read("{\"prompt\":\n" + Self.a + "\n" + Self.a + "\n").order == "rss")
  }

  @Test func rowsOfCSVAreRecords() throws {
    let text =
      "id,prompt,completion\r\n1,\"a \"\"quoted\"\", text\r\nover lines\",c1\r\n\r\n2,p2,\"c2\"\n3,p3\n4,\"p\"4,c\n5,p5,ü\t\u{1}\n"
    let result = try read(text, named: "table.csv")
    #expect(result.order == "ssrrs")
    #expect(result.samples.map(\.line) == [2, 5, 8])
    #expect(result.samples.first?.dialog == ["user: a \"quoted\", text\r\nover lines", "assistant: c1"])
    #expect(result.samples.last?.dialog == ["user: p5", "assistant: ü\t\u{1}"])
    #expect(result.samples.first?.attributes == #"{"id":"1"}"#)
    #expect(result.reasons == ["column-count", "invalid-csv"])
    #expect(result.rejections.map(\.line) == [6, 7])
    #expect(result.rejections.first?.raw == Array("3,p3".utf8))
  }

  @Test func rowsOfTSVAndOddTablesAreRead() throws {
    #expect(try read("text\tkind\nx, y\tk\n", named: "t").samples.first?.attributes == #"{"kind":"k"}"#)
    #expect(try read("text,,x\na,b,c", named: "t").samples.first?.attributes == #"{"":"b","x":"c"}"#)
    #expect(try read("text\n\"\"\nx\n", named: "t").order == "rs")
    #expect(try read("text,n\n", named: "t.csv").order == "")
    #expect(
      try read("text,n\na,\"open\nb,c\n", named: "t.csv", options { $0.layout = .text }).reasons == ["invalid-csv"])
    #expect(
      try read([.memory(Array("text\n".utf8) + [0xff, 0x0a], name: "t.csv")], options { $0.layout = .text }).reasons
        == ["invalid-utf8"])
    let error = try failure { _ = try read("a,b,a\n1,2,3\n", named: "t.csv") }
    #expect(error.code.name == "ingestion.invalid-header")
    #expect(error.cause == "there are two columns 'a'")
    let forced = try read(
      "{text\nx\n",
      options {
        $0.format = .csv; $0.map = FieldMap(response: "{text")
      })
    #expect(forced.samples.first?.dialog == ["assistant: x"])
  }

  /// Wherever the blocks are cut, the records are the same.
  @Test(arguments: [UInt64](0..<6))
  func cutsDoNotMatter(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let rows = (0..<400).map { index -> String in
      let text = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        ["a", "\\\\", "\\\"", "{", "]", ",", "\\n", "é", " "].randomElement(using: &random) ?? ""
      }.joined()
      return #"{"prompt": "\#(index)\#(text)", "completion": "\#(text)x"}"#
    }
    let texts = [
      rows.joined(separator: "\n"), "[" + rows.joined(separator: " ,\n") + "]",
      rows.map { $0.replacing("\", \"completion", with: "\",\n \"completion") }.joined(separator: "\n"),
      "prompt,completion\n" + rows.map { "\"\($0.replacing("\"", with: "\"\""))\nx\",y" }.joined(separator: "\n"),
    ]
    for (index, text) in texts.enumerated() {
      let whole = try read(text)
      #expect(whole.samples.count == 400, "seed \(seed), text \(index)")
      for (bytes, records) in [(1024, 4096), (1024, 3), (1500, 1), (64 << 10, 7), (4096, 4096)] {
        let cut = try read(
          text,
          options {
            $0.batchBytes = bytes
            $0.batchRecords = records
          })
        #expect(cut.samples == whole.samples, "seed \(seed), text \(index), \(bytes) bytes, \(records) records")
        #expect(cut.inputBytes == UInt64(text.utf8.count))
      }
    }
  }

  /// An element that is too long is thrown away while it is read, also with escapes at the cut.
  @Test(arguments: 0..<4)
  func elementsThatAreTooLongAreThrownAway(shift: Int) throws {
    let long = String(repeating: "y", count: shift) + String(repeating: #"\\\""#, count: 4000)
    let bad = #"{"prompt":"\#(long)","completion":"z"}"#
    for text in ["[\(Self.a),\(bad),\(Self.a)]", "\(Self.a)\n\(bad)\n\(Self.a)"] {
      let result = try read(
        text,
        options {
          $0.batchBytes = 1024
          $0.limits.recordBytes = 2000
        })
      #expect(result.order == "srs")
      #expect(result.reasons == ["line-too-long"])
      #expect(result.rejections.first?.size == UInt64(bad.utf8.count))
    }
  }
}
