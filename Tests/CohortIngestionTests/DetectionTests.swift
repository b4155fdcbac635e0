import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct DetectionTests {
  @Test func unknownKeysGiveTheHint() throws {
    let error = try failure { _ = try readLines([#"{"code":"x","api_call":"y","api_data":{"a":1}}"#]) }
    #expect(error.code.name == "ingestion.unknown-layout")
    #expect(error.category == .usage)
    #expect(error.place == "input")
    #expect(error.hint?.contains("code (1), api_call (1), api_data (1)") == true)
    #expect(error.hint?.contains("--map prompt=code,response=api_call") == true)
  }

  @Test func keysThatNearlyFitAreNamed() throws {
    let error = try failure { _ = try readLines([#"{"instructon":"x","outptu":"y"}"#]) }
    #expect(error.hint?.hasPrefix("Did you mean 'instruction' for 'instructon', 'output' for 'outptu'?") == true)
    let map = try failure {
      _ = try readLines(
        [#"{"code":"x","api_call":"y"}"#], options { $0.map = FieldMap(prompt: "code", response: "api_cal") })
    }
    #expect(map.code.name == "ingestion.layout-mismatch")
    #expect(map.hint?.hasPrefix("Did you mean 'api_call' for 'api_cal'?") == true)
  }

  @Test func whatDoesNotFitIsQuarantinedUnlessItIsMostOfAFile() throws {
    let good = #"{"question":"q","answer":"a"}"#
    let bad = #"{"question":"q","answer":null}"#
    func rows(_ bad: Int, of badRow: String) -> [String] {
      Array(repeating: badRow, count: bad) + Array(repeating: good, count: 100 - bad)
    }
    for count in [1, 5, 49, 50] {
      #expect(try readLines(rows(count, of: bad)).reasons == Array(repeating: "wrong-type", count: count))
    }
    let error = try failure { _ = try readLines(rows(51, of: bad)) }
    #expect(error.code.name == "ingestion.unknown-layout")
    #expect(error.cause == "the nearest layout is 'qa', which fits 49 of them")
    // Nine good rows and a bad one: nine and one, however small the file is.
    #expect(try readLines([bad] + Array(repeating: good, count: 9)).order == "rsssssssss")
    // Records that are not objects are quarantined; they do not vote.
    #expect(try readLines(rows(60, of: "{")).rejections.count == 60)
  }

  @Test func ofTwoEqualReadingsNoneIsTaken() throws {
    let error = try failure { _ = try readLines([#"{"question":"q","answer":"a","response":"r"}"#]) }
    #expect(error.code.name == "ingestion.ambiguous-layout")
    let flags = ["answer", "response"].map { "--layout pair --map prompt=question,response=\($0)" }
    #expect(flags.allSatisfy { error.hint?.contains($0) == true }, "\(error)")
    let chosen = try readLines(
      [#"{"question":"q","answer":"a","response":"r"}"#],
      try options { $0.map = try FieldMap(parsing: "prompt=question,response=answer") })
    #expect(chosen.samples.first?.dialog == ["user: q", "assistant: a"])
  }

  @Test func aTextThatCouldAsWellBeTheResponseIsNamed() throws {
    let result = try readLines([#"{"problem":"p","solution":"s","answer":"a"}"#])
    #expect(result.samples.first?.dialog == ["user: p", "assistant: s"])
    #expect(
      result.notes == [
        "the response is 'solution'; 'answer' is left over as an attribute (--layout pair --map response=answer takes it instead)"
      ])
    // What the note says works, and keeps the prompt.
    let other = try readLines(
      [#"{"problem":"p","solution":"s","answer":"a"}"#],
      try options {
        try $0.setLayout(named: "pair")
        $0.map = try FieldMap(parsing: "response=answer")
      })
    #expect(other.samples.first?.dialog == ["user: p", "assistant: a"])
  }

  @Test func whatIsAListOfTurnsIsOfferedAsOne() throws {
    let record = #"{"talk":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"n":1}"#
    let error = try failure { _ = try readLines([record]) }
    #expect(error.hint?.contains("--map messages=talk") == true)
    let inner = #"{"meta":{"talk":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}}"#
    #expect(try failure { _ = try readLines([inner]) }.hint?.contains("--map messages=meta.talk") == true)
    let sound = try failure { _ = try readLines([#"{"audio":{"path":"a.wav"},"id":"x"}"#]) }
    #expect(sound.message.contains("sound"))
  }

  @Test func onlyTheFirstRowsCount() throws {
    let rows = Array(repeating: #"{"text":"t"}"#, count: 200) + Array(repeating: #"{"other":1}"#, count: 300)
    let result = try readLines(rows)
    #expect(result.samples.count == 200)
    #expect(result.reasons == Array(repeating: "missing-field", count: 300))
  }

  @Test func specialLayoutsComeBeforeGeneralOnes() throws {
    let cases: [(String, String)] = [
      (#"{"messages":[{"role":"assistant","content":"a"}],"prompt":"p","completion":"c"}"#, "messages"),
      (#"{"prompt":"p","completion":"c","text":"t"}"#, "prompt-completion"),
      (#"{"inputs":"i","targets":"t","inputs_pretokenized":"a","targets_pretokenized":"b"}"#, "p3"),
      (#"{"instruction":"i","context":"","response":"r","output":"o"}"#, "dolly"),
      (#"{"system_prompt":"","question":"q","response":"r","answer":"a"}"#, "orca"),
      (#"{"instruction":"i","output":"o","text":"t"}"#, "alpaca"),
      (#"{"question":"q","answer":"a","text":"t"}"#, "qa"),
    ]
    for (record, layout) in cases { #expect(try readLines([record]).layouts == [layout], "\(record)") }
  }

  /// Also when the source is longer than what detection sees at first; what comes later may still be good.
  @Test func aSourceWithoutAGoodRecordIsRead() throws {
    #expect(try readLines(["{", "17", "[1]"], options { $0.format = .lines }).order == "rrr")
    let many = Array(repeating: "[1]", count: 500)
    let bad = try readLines(["{"] + many, options { $0.batchRecords = 100 })
    #expect(bad.order == String(repeating: "r", count: 501) && bad.layouts == ["-"])
    let late = try readLines(["{"] + many + [#"{"text":"t"}"#, "{"], options { $0.batchRecords = 100 })
    #expect(late.order == String(repeating: "r", count: 501) + "sr" && late.layouts == ["text"])
  }

  @Test func onlySlipsOfTheFingersAreSuggested() throws {
    func hint(_ keys: String) throws -> String {
      let record = "{" + keys.split(separator: " ").map { "\"\($0)\":\"x\"" }.joined(separator: ",") + "}"
      return try failure { _ = try readLines([record]) }.hint ?? ""
    }
    #expect(try !hint("chosn redacted").contains("'rejected'"))
    #expect(try !hint("selected accepted").contains("Did you mean"))
    #expect(try hint("instuctoin outptu").contains("'instruction' for 'instuctoin'"))
    #expect(try hint("mesages x").contains("'messages' for 'mesages'"))
  }

  @Test func checkLooksAtEverySourceFirst() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write("a.jsonl", #"{"text":"t"}"#)
    let bad = try folder.write("b.jsonl", #"{"x":"t"}"#)
    let reader = try IngestionReader(sources: [.file(good), .file(bad)], options: options())
    #expect(try failure { try reader.check() }.place == bad)
    #expect(try reader.next()?.batch.rows.count == 1)
    #expect(try failure { _ = try reader.next() }.place == bad)
    #expect(try reader.next() == nil)
  }
}
