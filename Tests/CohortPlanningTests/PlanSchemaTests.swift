import CohortCore
import CohortPlanning
import CohortTesting
import Foundation
import Testing

/// Holds `Schemas/plan.md`, `plan.schema.json` and `cursor.schema.json` together with the code.
@Suite struct PlanSchemaTests {
  /// The example of `Schemas/plan.md`.
  private func example() throws -> Plan {
    var population = Fixtures.intervals([4, 1, 5])
    population.digest = Digest128(high: 1, low: 2)
    population.snapshotName = "s1"
    population.groups[2].longestMember = 3
    return try Plan(
      population: population,
      configuration: PlanConfiguration(
        batchSize: 2, seed: 7, tail: .pool, order: .curriculum, longestFirst: true, weights: .temperature(2),
        phases: [.init(epochs: 1, kind: .random)], tokenBudget: 300))
  }

  private func schema(_ name: String) throws -> String {
    let root = Checkout.root
    return try String(contentsOf: root.appending(path: "Schemas/\(name)"), encoding: .utf8)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// The bytes are those of the example, field by field.
  @Test func theBytesAreThoseOfTheExample() throws {
    let document = try schema("plan.md")
    let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == "```hex" })
    let end = try #require(lines[start...].firstIndex { $0 == "```" })
    let digits = lines[(start + 1)..<end].flatMap { line in
      line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
    }
    let found = try example().encode().map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    #expect(found == digits, "\(found.joined(separator: " "))")
    let hash = try #require(document.split(separator: "\n").first { $0.hasPrefix("Plan hash: ") })
    let own = try example().hash
    #expect(hash == "Plan hash: `\(own)`")
  }

  @Test func cursorsHaveTheFieldsOfTheirSchema() throws {
    let schema = try object(schema("cursor.schema.json"))
    let cursor = try object(example().cursor(epoch: 3, step: 1).json)
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(Set(properties.keys) == Set(cursor.keys))
    #expect(Set(try #require(schema["required"] as? [String])) == Set(cursor.keys))
    try check(cursor, against: schema)
    let first = try #require((schema["examples"] as? [[String: Any]])?.first)
    let text = try JSONSerialization.data(withJSONObject: first)
    #expect(throws: Never.self) { try Cursor(json: String(decoding: text, as: UTF8.self)) }
  }

  @Test func reportsAndStepsHaveTheFieldsOfTheirSchema() throws {
    let plan = try example()
    let definitions = try #require(try object(schema("plan.schema.json"))["$defs"] as? [String: [String: Any]])
    func matches(_ text: String, _ name: String) throws {
      let schema = try #require(definitions[name])
      let value = try object(text)
      #expect(Set(try #require(schema["properties"] as? [String: Any]).keys) == Set(value.keys), "\(name)")
      // Reports that were stored by older programs lack what came later.
      let later =
        switch name {
        case "report":
          [
            "length_measure", "world", "accumulate", "empty_parts", "steps_with_empty_parts", "group_purity",
            "batch_groups", "folded_samples", "folded_steps", "groups_below_batch",
          ]
        case "lengths": ["unit", "median", "p95", "greatest", "neighbour_correlation"]
        default: [String]()
        }
      let required = Set(value.keys).subtracting(later)
      #expect(Set(try #require(schema["required"] as? [String])) == required, "\(name)")
      try check(value, against: schema)
    }
    try matches(plan.report().json, "report")
    let measured = try plan.report { UInt32($0 + 1) }
    try matches(measured.json, "report")
    #expect(try object(measured.json)["length_measure"] as? String == "default")
    let further = try plan.report(measure: "llama") { UInt32($0 + 1) }
    try matches(further.json, "report")
    #expect(try object(further.json)["length_measure"] as? String == "llama")
    try matches(try #require(measured.lengths).json, "lengths")
    try matches(plan.configuration.json, "configuration")
    for weights: PlanConfiguration.Weights in [.proportional, .explicit([GroupID(4): 0.5])] {
      try matches(PlanConfiguration(batchSize: 3, seed: .max, weights: weights).json, "configuration")
    }
    let step = try plan.step(epoch: 1, step: 0)
    try matches(step.json(ids: step.positions.map { SampleID($0) }), "step")
    let random = try plan.step(epoch: 0, step: 0)
    #expect(random.json(ids: [SampleID(4), SampleID(9)]).contains("\"group\":4294967295") == false)
    let fixed = PlannedStep(epoch: 0, step: 1, group: GroupID(17), positions: [5, 6], isMixed: false)
    #expect(
      fixed.json(ids: [SampleID(50), SampleID(60)])
        == "{\"epoch\":0,\"step\":1,\"group\":17,\"ids\":[50,60],\"mixed\":false}")
  }

  /// The part of JSON Schema that these schemas use: `type`, `enum`, `pattern` by length.
  private func check(_ value: [String: Any], against schema: [String: Any]) throws {
    let properties = try #require(schema["properties"] as? [String: [String: Any]])
    for (key, rule) in properties {
      guard let member = value[key] else { continue }
      let types = (rule["type"] as? [String]) ?? [(rule["type"] as? String) ?? "any"]
      let actual: Set<String> =
        switch member {
        case is NSNull: ["null"]
        case is String: ["string"]
        case is [Any]: ["array"]
        case is [String: Any]: ["object"]
        case let number as NSNumber:
          isBoolean(number)
            ? ["boolean"] : number.doubleValue == number.doubleValue.rounded() ? ["integer", "number"] : ["number"]
        default: []
        }
      #expect(types.contains("any") || !actual.isDisjoint(with: types), "\(key): \(member) is no \(types)")
      if let allowed = (rule["enum"] as? [Any])?.compactMap({ $0 as? String }), !(member is NSNull) {
        #expect(allowed.contains((member as? String) ?? ""), "\(key)")
      }
    }
  }

  private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
