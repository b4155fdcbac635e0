import CohortCore
import CohortIngestion
import CohortTesting
import Testing

/// Documents that hold the records.
@Suite struct WrapperTests {
  @Test func aTableWithScalarsBesideItsColumnsIsNoTrap() throws {
    for text in [#"{"name":"t","columns":["a","b"],"data":[["x"]]}"#, #"{"a":["x","y"],"b":null}"#] {
      #expect(throws: CohortError.self) { _ = try read(text, named: "m.json") }
    }
  }

  @Test func documentsWithoutTheListAreToldOf() throws {
    let lines = [#"{"data":[{"prompt":"a","completion":"b"}]}"#, #"{"prompt":"c","completion":"d"}"#]
    let result = try readLines(lines)
    #expect(result.samples.count == 1 && result.notes.contains { $0.hasPrefix("1 documents have no list 'data'") })
  }

  static func rows(_ count: Int) -> String {
    "[" + (0..<count).map { #"{"instruction":"Do \#($0) ]}\"","output":"Did \#($0)"}"# }.joined(separator: ",\n") + "]"
  }

  private func check(_ text: String, _ count: Int, _ options: IngestionOptions = options()) throws -> ReadResult {
    let result = try read(text, named: "w.json", options)
    #expect(result.order == String(repeating: "s", count: count), "\(text.prefix(80))")
    #expect(result.samples.map(\.line) == (0..<count).map { UInt64($0 + 1) })
    #expect(result.layouts == ["alpaca"])
    return result
  }

  @Test(arguments: ["data", "rows", "records", "examples", "items", "samples"])
  func aListUnderAKnownKeyHoldsTheRecords(key: String) throws {
    let result = try check(
      #"{"version":"1.0","meta":{"data":[1],"x":"\"data\":["},"\#(key)":\#(Self.rows(5)),"n":[{}]}"#, 5)
    #expect(result.notes == ["the records are the elements of '\(key)'"])
    _ = try check(#"{ "\#(key)" : \#(Self.rows(3)) }"#, 3)
    // Several documents one after the other.
    let one = #"{"\#(key)":\#(Self.rows(2))}"#
    _ = try check(one + "\n" + one + one, 6)
    #expect(try read(#"{"\#(key)":\#(Self.rows(2).dropLast(8))"#, named: "w.json").order == "sr")
    let open = try read(String(one.dropLast()), named: "w.json")
    #expect(open.order == "ss" && open.notes.last == "ends inside the document that holds the records")
  }

  @Test func rowsOfTheDataSetsServerAreUnwrapped() throws {
    let rows = (0..<3).map { #"{"row_idx":\#($0),"row":{"instruction":"I\#($0)","output":"O"},"truncated_cells":[]}"# }
    let result = try check(#"{"features":[],"rows":[\#(rows.joined(separator: ", "))],"num_rows_total":3}"#, 3)
    #expect(result.samples.map { $0.messages[0].text } == ["I0", "I1", "I2"])
    #expect(result.samples.allSatisfy { $0.attributes.isEmpty })
  }

  @Test func oneSplitIsRead() throws {
    let text = #"{"validation":\#(Self.rows(2)),"train":\#(Self.rows(4)),"test":\#(Self.rows(1))}"#
    let result = try check(text, 4)
    #expect(
      result.notes == ["holds splits: 'train' was read; validation, test left out: --split NAME reads another split"])
    _ = try check(text, 1, options { $0.split = "test" })
    let error = try failure { _ = try read(text, named: "w.json", options { $0.split = "tset" }) }
    #expect(error.code.name == "ingestion.no-split" && error.hint?.contains("validation, train, test") == true)
    #expect(try read(#"{"test":\#(Self.rows(1))}"#).samples.count == 1)
    let two = try failure { _ = try read(#"{"test":\#(Self.rows(1)),"dev":\#(Self.rows(1))}"#) }
    #expect(two.code.name == "ingestion.no-split" && two.hint?.contains("--split test") == true)
    let custom = #"{"train":\#(Self.rows(1)),"mine":\#(Self.rows(3))}"#
    _ = try check(custom, 3, options { $0.split = "mine" })
    let lines = try readLines([#"{"text":"t"}"#], options { $0.split = "test" })
    #expect(lines.notes == ["holds no splits: --split test has no effect"])
  }

  /// What stands before the list is never kept, wherever the blocks are cut.
  @Test(arguments: [1024, 1500, 4096])
  func aLongWrapperIsReadInPieces(bytes: Int) throws {
    let pad = String(repeating: #"\"x[{ "#, count: 3000)
    let text = #"{"test":\#(Self.rows(300)),"pad":"\#(pad)","train":\#(Self.rows(200)),"more":{"a":["\#(pad)"]}}"#
    let options = options {
      $0.batchBytes = bytes
      $0.batchRecords = 7
      $0.limits.recordBytes = 2000
    }
    let result = try check(text, 200, options)
    #expect(result.inputBytes == UInt64(text.utf8.count))
    var missing = options
    missing.split = "gone"
    #expect(try failure { _ = try read(text, named: "w.json", missing) }.code.name == "ingestion.no-split")
  }

  @Test func columnsBecomeRecords() throws {
    let lists = #"{"instruction":["a","b","c"],"output":["x","y","z"],"score":[1,2.50,18446744073709551616]}"#
    let result = try check(lists, 3)
    #expect(result.samples.map { $0.messages.map(\.text) } == [["a", "x"], ["b", "y"], ["c", "z"]])
    #expect(result.samples.last?.attributes == #"{"score":18446744073709551616}"#)
    let indexed = """
      {"instruction": {"0": "a", "2": "b"}, "output": {"0": "x", "2": "y"}, "tags": {"0": ["t"], "2": null}}
      """
    #expect(try check(indexed, 2).samples.first?.attributes == #"{"tags":["t"]}"#)
    let byIndex = #"{"0":{"instruction":"a","output":"x","n":1},"7":{"instruction":"b","output":"y"}}"#
    #expect(try check(byIndex, 2).samples.map(\.attributes) == [#"{"n":1}"#, ""])
    _ = try check(#"{"0":{"instruction":"a","output":"x"}}"#, 1)
    let split = #"{"columns":["instruction","output","n"],"index":[0,1],"data":[["a","x",[1]],["b","y",null]]}"#
    #expect(try check(split, 2).samples.map(\.attributes) == [#"{"n":[1]}"#, #"{"n":null}"#])
    let table = #"{"schema":{"fields":[{"name":"instruction"}]},"data":\#(Self.rows(2))}"#
    _ = try check(table, 2)
    let many = (0..<3000).map { "\"\($0) text\"" }.joined(separator: ",")
    _ = try check(#"{"instruction":[\#(many)],"output":[\#(many)]}"#, 3000, options { $0.batchBytes = 2048 })
    let long = try failure {
      _ = try read(#"{"instruction":[\#(many)],"output":[\#(many)]}"#, options { $0.limits.recordBytes = 10_000 })
    }
    #expect(long.code.name == "ingestion.columns-too-long" && long.hint?.contains("orient=\"records\"") == true)
  }

  @Test func recordsAreNoWrappers() throws {
    let cases: [(String, String)] = [
      (#"{"conversations":["a","b"]}"#, "lima"),
      (
        #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}],"data":[{"x":1}]}"#, "messages"
      ),
      (#"{"prompt":"p","completion":"c","items":[{"x":1}],"rows":[{"a":2}]}"#, "prompt-completion"),
      (#"{"Definition":["d"],"Instances":[{"input":"i","output":["o"]}],"data":[{"x":1}]}"#, "natural-instructions"),
      (#"{"text":"t","scores":{"0":1}}"#, "text"),
    ]
    for (record, layout) in cases {
      for text in [record, record + "\n" + record, record.replacing(",", with: ",\n")] {
        let result = try read(text, named: "w.json")
        #expect(result.layouts == [layout] && !result.order.contains("r"), "\(text)")
      }
    }
    // Columns of different lengths are one record, which fits no layout.
    #expect(throws: CohortError.self) { try read(#"{"instruction":["a","b"],"output":["x"]}"#) }
    // Turns under such a key are a conversation, and stay in their record.
    let talk = #"{"data":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#
    let result = try? read(talk, named: "w.json")
    #expect(result == nil || result?.order.count == 1)
  }
}
