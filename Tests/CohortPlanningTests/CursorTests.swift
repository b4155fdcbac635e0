import CohortCore
import CohortPlanning
import Testing

@Suite struct CursorTests {
  private func plan(seed: UInt64 = 1, name: String = "monday") throws -> Plan {
    var population = Fixtures.labels([50, 70])
    population.snapshotName = name
    return try Plan(population: population, configuration: PlanConfiguration(batchSize: 16, seed: seed))
  }

  /// Resumes at any step with the remaining batches, twice in a row.
  @Test func itResumesAtAnyStepTwiceInARow() throws {
    let plan = try plan()
    var whole: [[UInt64]] = []
    for epoch in 0..<3 as Range<UInt64> { whole += try Epoch(plan, epoch).steps.map(\.positions) }
    for stop in 0..<whole.count {
      var cursor = try plan.cursor().advanced(by: UInt64(stop), in: plan)
      for again in [3, 1, whole.count] {
        // Saved, the process gone, everything read back.
        let reopened = try Plan(decoding: plan.encode())
        cursor = try Cursor(json: cursor.json)
        let first = Int(cursor.epoch * plan.stepsPerEpoch + cursor.step)
        for expected in whole[first...].prefix(again) {
          #expect(try reopened.step(at: cursor).positions == expected, "stopped at \(stop)")
          cursor = try cursor.advanced(in: reopened)
        }
      }
      #expect(cursor.epoch == 3 && cursor.step == 0)
    }
  }

  @Test func theEndOfAnEpochIsTheBeginningOfTheNext() throws {
    let plan = try plan()
    #expect(plan.stepsPerEpoch == 9)
    #expect(try plan.cursor(epoch: 4, step: 9) == plan.cursor(epoch: 5, step: 0))
    #expect(try plan.cursor(epoch: 4, step: 8).advanced(in: plan) == plan.cursor(epoch: 5))
    #expect(try plan.cursor(epoch: 4, step: 8).advanced(by: 20, in: plan) == plan.cursor(epoch: 7, step: 1))
    let text = try plan.cursor(epoch: 4, step: 8).json.replacing("\"step\":8", with: "\"step\":9")
    #expect(try Cursor(json: text).validate(against: plan) == plan.cursor(epoch: 5))
    #expect(throws: CohortError.self) { try plan.cursor(epoch: 0, step: 10) }
  }

  @Test func oneOfAnotherPlanIsRefusedWithBothHashes() throws {
    let (mine, other) = (try plan(), try plan(seed: 2))
    let error = #expect(throws: CohortError.self) { try other.step(at: mine.cursor()) }
    #expect(error?.code.name == "planning.foreign-cursor")
    #expect(error?.message.contains("\(mine.hash)") == true)
    #expect(error?.message.contains("\(other.hash)") == true)
    #expect(throws: CohortError.self) { try mine.cursor().validate(against: self.plan(name: "tuesday")) }
  }

  @Test func itHasOneJSONText() throws {
    let cursor = try plan(name: "a \"b\"\\\n\u{1}é🙂").cursor(epoch: 2, step: 3)
    #expect(
      cursor.json == """
        {"version":1,"store_id":"0123456789abcdeffedcba9876543210","snapshot":"a \\"b\\"\\\\\\n\\u0001é🙂",\
        "plan_hash":"\(cursor.planHash)","epoch":2,"step":3}
        """)
    #expect(try Cursor(json: cursor.json) == cursor)
    let spaced = """
       { "step" : 3 ,"epoch":2,\t"plan_hash":"\(cursor.planHash)", "version":1,
      "snapshot":"a \\u0022b\\"\\\\\\n\\u0001\\u00e9\\ud83d\\ude42","store_id":"\(cursor.storeID)" }

      """
    #expect(try Cursor(json: spaced) == cursor)
  }

  @Test(
    "text that is no cursor is refused",
    arguments: [
      "", "{", "{}", "[]", "null", "{\"version\":1}", "{\"version\":\"1\"}", "{\"version\":1.0}", "{\"version\":-1}",
      "{\"version\":01}", "{\"version\":1,\"version\":1}", "{\"version\":99999999999999999999}", "{\"version\":1}x",
      "{\"version\":1,}", "{\"version\":1,\"a\":\"\\ud800\"}", "{\"version\":1,\"a\":\"\\x\"}",
      "{\"version\":1,\"a\":\"",
      "{\"version\":1,\"a\":[1]}", "{\"version\":1,\"a\":true}", "{\"version\":1,\"a\":\"\u{1}\"}", "{\"version\":1e2}",
    ])
  func refused(text: String) {
    let error = #expect(throws: CohortError.self) { try Cursor(json: text) }
    #expect(error?.code.name == "planning.invalid-cursor")
  }

  @Test func aFieldThatIsMissingUnknownOrOfTheWrongTypeIsRefused() throws {
    let text = try plan().cursor(epoch: 1, step: 2).json
    for (old, new) in [
      ("\"epoch\":1", "\"epoch\":\"1\""), ("\"epoch\":1,", ""), ("\"step\":2", "\"step\":2,\"rank\":0"),
      ("\"step\":2", "\"step\":9007199254740992"), ("\"snapshot\":\"monday\"", "\"snapshot\":7"),
      ("\"plan_hash\":\"", "\"plan_hash\":\"0"),
    ] {
      #expect(text.contains(old))
      let error = #expect(throws: CohortError.self) { try Cursor(json: text.replacing(old, with: new)) }
      #expect(error?.code.name == "planning.invalid-cursor", "\(old) -> \(new)")
    }
    let newer = #expect(throws: CohortError.self) {
      try Cursor(json: text.replacing("\"version\":1", with: "\"version\":2,\"shard\":4"))
    }
    #expect(newer?.code.name == "planning.newer-cursor")
  }
}
