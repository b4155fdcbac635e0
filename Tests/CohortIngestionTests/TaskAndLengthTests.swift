import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct TaskAndLengthTests {
  let dolly = #"{"instruction":"I","context":"","response":"R","category":"open_qa","kind":"k"}"#

  @Test func everyRuleGivesItsTask() throws {
    func sample(_ rule: IngestionOptions.TaskRule) throws -> ReadSample {
      let source = InputSource.memory(Array(dolly.utf8), name: "folder/glue_qqp.v2.jsonl.gz")
      return try #require(try read([source], options { $0.task = rule }).samples.first)
    }
    #expect(try sample(.layout).task == "open_qa")
    #expect(try sample(.layout).attributes == #"{"kind":"k"}"#)
    #expect(try sample(.field("kind")).task == "k")
    // A field that the layout would take as the task is an attribute when the task comes from elsewhere.
    #expect(try sample(.field("kind")).attributes == #"{"category":"open_qa"}"#)
    #expect(try sample(.fixed("t")).task == "t")
    #expect(try sample(.fileName).task == "glue_qqp.v2")
    #expect(try sample(.field("absent")).task == nil)
  }

  @Test func valuesOfAnyTypeNameATask() throws {
    let rows = [#""a""#, "3", "true", "null", #""""#, "[1]", "1.5"].map { #"{"text":"x","t":\#($0)}"# }
    let result = try readLines(rows, options { $0.task = .field("t") })
    #expect(result.samples.map(\.task) == ["a", "3", "true", nil, nil, "1.5"])
    #expect(result.reasons == ["wrong-type"])
  }

  @Test func manyTasksAreEachNamedOnce() throws {
    let rows = (0..<300).map { #"{"text":"x","t":"task \#($0 % 7)"}"# }
    let reader = try IngestionReader(
      sources: [.memory(Array(rows.joined(separator: "\n").utf8), name: "m")],
      options: options { $0.task = .field("t") })
    let batch = try #require(try reader.next()).batch
    #expect(batch.tasks == (0..<7).map { "task \($0)" })
    #expect(batch.rows.map(\.task) == (0..<300).map { $0 % 7 })
  }

  @Test(arguments: [
    (LengthUnit.characters, 6, 4, 10), (.bytes, 7, 6, 13), (.words, 2, 1, 3),
  ])
  func everyUnitCountsItsWay(unit: LengthUnit, prompt: UInt32, response: UInt32, total: UInt32) throws {
    // é is two bytes, one scalar; 😀 four and one.
    let result = try readLines([#"{"prompt":"ab dé\n","completion":"r€st"}"#], options { $0.lengthUnit = unit })
    #expect(result.samples.first?.lengths == SampleLengths(prompt: prompt, response: response, total: total))
  }

  /// Counting eight bytes at a time counts what counting scalars counts, for any length and place in memory.
  @Test func charactersOfAnyTextAreCounted() {
    var random = SplitMix64(seed: 5)
    let alphabet: [Unicode.Scalar] = ["a", " ", "\u{7f}", "é", "\u{7ff}", "€", "\u{ffff}", "😀", "\u{10ffff}"]
    for round in 0..<200 {
      var text = String.UnicodeScalarView()
      let count = round < 150 ? round : 3000 + round
      for _ in 0..<count { text.append(alphabet.randomElement(using: &random) ?? "a") }
      let padded = [UInt8](repeating: 0x80, count: round % 8) + Array(String(text).utf8)
      let measured = padded.withUnsafeBytes {
        LengthUnit.characters.measure(UnsafeRawBufferPointer(rebasing: $0[(round % 8)...]))
      }
      #expect(measured == count, "round \(round)")
    }
  }

  @Test func aConversationHasThreeLengths() throws {
    let record =
      #"{"messages":[{"role":"user","content":"12"},{"role":"assistant","content":"123"},{"role":"user","content":"1"},{"role":"assistant","content":"12345"},{"role":"user","content":"1234567"}]}"#
    let result = try readLines([record])
    #expect(result.samples.first?.lengths == SampleLengths(prompt: 6, response: 5, total: 18))
  }

  @Test func aFieldCanGiveTheLength() throws {
    let rows = ["17", "17.0", #""17""#, "-1", "1.5", #""x""#, "null", "5000000000"].map {
      #"{"text":"x","meta":{"n":\#($0)}}"#
    }
    let result = try readLines(
      rows + [#"{"text":"x"}"#],
      options {
        $0.lengthUnit = .field
        $0.lengthField = "meta.n"
      })
    #expect(
      result.samples.map(\.lengths) == Array(repeating: SampleLengths(prompt: 0, response: 17, total: 17), count: 3))
    #expect(result.samples.first?.attributes == #"{"meta":{"n":17}}"#)
    #expect(result.reasons == Array(repeating: "wrong-type", count: 5) + ["missing-field"])
  }

  @Test func optionsThatMakeNoSense() throws {
    func code(_ change: (inout IngestionOptions) -> Void) throws -> String {
      try failure { _ = try IngestionReader(sources: [], options: options(change)) }.code.name
    }
    #expect(try code { $0.lengthUnit = .field } == "ingestion.no-length-field")
    #expect(try code { $0.lengthField = "n" } == "ingestion.length-field-unused")
    #expect(try code { $0.map = FieldMap(prompt: "a") } == "ingestion.no-response-field")
    #expect(try code { $0.task = .fixed("") } == "ingestion.empty-task")
    #expect(try code { $0.workers = -1 } == "ingestion.invalid-options")
    let error = try failure { _ = try options { try $0.setLayout(named: "alpacca") } }
    #expect(error.hint?.hasPrefix("Did you mean 'alpaca'?") == true)
  }
}
