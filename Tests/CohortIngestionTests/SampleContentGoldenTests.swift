import CohortCore
import CohortIngestion
import Testing

/// Holds `Schemas/sample-content.md`, `SampleContent` and what ingestion writes together.
@Suite struct SampleContentGoldenTests {
  static let record =
    #"{"messages":[{"role":"system","content":"S"},{"role":"critic","name":"c","content":"é"},{"role":"assistant","content":"A\n"}],"tools":[{"name":"f"}]}"#

  /// The example of the schema, byte by byte.
  static let golden: [UInt8] =
    [0x01, 0x03, 0x0e] + Array(#"[{"name":"f"}]"#.utf8) + [0x00, 0x00, 0x01, 0x53]
    + [0xff, 0x06] + Array("critic".utf8) + [0x0c] + Array(#"{"name":"c"}"#.utf8) + [0x02, 0xc3, 0xa9]
    + [0x02, 0x00, 0x02, 0x41, 0x0a]

  @Test func ingestionWritesTheExample() throws {
    let sample = try #require(try readLines([Self.record]).samples.first)
    #expect(sample.content == Self.golden)
    #expect(sample.hash == 0xd526_4a6a_eca6_db85)
  }

  @Test func coreWritesTheExample() {
    let messages = [
      Message(role: .system, text: "S"),
      Message(role: .other("critic"), text: "é", extra: Array(#"{"name":"c"}"#.utf8)),
      Message(role: .assistant, text: "A\n"),
    ]
    #expect(SampleContent.encode(messages, tools: Array(#"[{"name":"f"}]"#.utf8)) == Self.golden)
  }

  /// A text of 300 bytes has a length of two bytes.
  @Test func aLongTextHasALengthOfTwoBytes() throws {
    let text = String(repeating: "x", count: 300)
    let sample = try #require(try readLines([#"{"text":"\#(text)"}"#]).samples.first)
    #expect(sample.content == [0x01, 0x01, 0x00, 0x02, 0x00, 0xac, 0x02] + Array(text.utf8))
  }

  @Test func attributesAreCanonical() throws {
    let record =
      #"{ "z" : 1.0, "text":"t", "a" : [ 1e2 , -0.5, 18446744073709551615, -7, true , null ], "é\/\u0001\u001f\n": {"k":"\"\\\u00e9"} }"#
    let sample = try #require(try readLines([record]).samples.first)
    #expect(
      sample.attributes
        == #"{"z":1.0,"a":[100.0,-0.5,18446744073709551615,-7,true,null],"é/\u0001\u001f\n":{"k":"\"\\é"}}"#)
  }
}
