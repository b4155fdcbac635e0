import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import Foundation
import Testing

/// The label that an attribute makes is what decoding the whole object gives, and no longer costs that.
@Suite struct AttributeTextTests {
  private func decoded(_ key: String, _ json: String) -> String {
    do {
      return try JSONDecoder().decode([String: AttributeValue].self, from: Data(json.utf8))[key]?.text ?? "(none)"
    } catch {
      return "(error)"
    }
  }

  private func found(_ key: String, _ json: String) -> String {
    do {
      return try Array(json.utf8).withUnsafeBytes { try AttributeText.find(key, in: $0) } ?? "(none)"
    } catch {
      return "(error)"
    }
  }

  @Test(arguments: [
    ("a", #"{"a":8.0}"#, "8"), ("a", #"{"a":1e+20}"#, "1e+20"), ("a", #"{"a":-0}"#, "0"), ("a", #"{"a":-17}"#, "-17"),
    ("a", #"{"a":18446744073709551615}"#, "18446744073709551615"), ("a", #"{"a":9007199254740993.0}"#, nil),
    ("a", #"{"a":1,"a":2}"#, "1"), ("a", #"{"b":{"a":1}}"#, "(none)"), ("a", #"{"b":"a","a":null}"#, "(none)"),
    ("a", #"{"a":[1.0,{"z":"x/y","b":true}]}"#, #"[1,{"b":true,"z":"x/y"}]"#),
    ("a\"b", #"{"a\"b":"\\\"\n"}"#, "\\\"\n"),
    ("\u{e9}", "{\"e\u{301}\":1,\"\u{e9}\":2}", "1"), ("K", "{\"\u{212a}\":1}", "1"), ("\\\\", #"{"\\":1}"#, "(none)"),
    ("a", "[1]", "(error)"), ("a", "{", "(error)"), ("", #"{"":"e"}"#, "e"), ("a", "{}", "(none)"),
  ])
  func textsAreThoseOfADecoder(key: String, json: String, text: String?) {
    #expect(found(key, json) == decoded(key, json))
    if let text { #expect(found(key, json) == text) }
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func generatedObjects(seed: UInt64) throws {
    var random = SplitMix64(seed: seed &+ 77)
    var compared = 0
    for _ in 0..<150 {
      let names = (0..<Int.random(in: 0...6, using: &random)).map { _ in Self.text(&random) }
      let members = names.map { "\(JSONString.quoted($0)):\(Self.value(3, &random))" }
      let json = "{\(members.joined(separator: ","))}"
      for key in names + ["a", "\u{e9}"] {
        let (expected, actual) = (decoded(key, json), found(key, json))
        #expect(actual == expected && actual.utf8.elementsEqual(expected.utf8), "seed \(seed), \(key) of \(json)")
        compared += 1
      }
    }
    #expect(compared >= 300)
  }

  private static func text(_ random: inout SplitMix64) -> String {
    let parts = [
      "a", "b", "\"", "\\", "\n", "\u{1}", "/", "{", "}", "]", ",", ":", " ", "\u{e9}", "e\u{301}", "\u{212a}", "K",
      "\u{1f600}", "\u{2028}", "\u{7f}", "\u{fffd}", "\u{10ffff}", "true", "0",
    ]
    return (0..<Int.random(in: 0...3, using: &random)).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)]
    }
    .joined()
  }

  private static func value(_ depth: Int, _ random: inout SplitMix64) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
    case 0: return "null"
    case 1: return Bool.random(using: &random) ? "true" : "false"
    case 2: return JSONString.quoted(text(&random))
    case 3: return String(Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random))
    case 4: return String(random.next())
    case 5:
      let number = Double(bitPattern: random.next())
      return number.isFinite ? number.description : "0.5"
    case 6:
      return ["8.0", "-0", "-0.0", "1e+16", "1e-05", "5e-324", "1.7976931348623157e+308", "0.1", "123456789012345678"][
        Int.random(in: 0..<9, using: &random)]
    case 7:
      return "["
        + (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1, &random) }.joined(separator: ",")
        + "]"
    default:
      var names: Set<String> = []
      for _ in 0..<Int.random(in: 0...3, using: &random) { names.insert(text(&random)) }
      return "{" + names.sorted().map { "\(JSONString.quoted($0)):\(value(depth - 1, &random))" }.joined(separator: ",")
        + "}"
    }
  }

  /// A label costs a look at the object's bytes: decoding it costs some hundred times as much.
  @Test func aLabelIsNotDecoded() throws {
    let json = Array(
      #"{"id":18442,"dataset":"super_glue/boolq","template":"after_reading","language":"en","choices":["No","Yes"]}"#
        .utf8)
    let clock = ContinuousClock()
    let decoding = try clock.measure {
      for _ in 0..<200 {
        _ = try JSONDecoder().decode([String: AttributeValue].self, from: Data(json))["template"]?.text
      }
    }
    let finding = try clock.measure {
      for _ in 0..<200 { _ = try json.withUnsafeBytes { try AttributeText.find("template", in: $0) } }
    }
    #expect(finding < decoding / 2)
  }
}
