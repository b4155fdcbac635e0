import CohortCore
import CohortIngestion
import Testing

@Suite struct RejectionTests {
  static let good = #"{"prompt":"p","completion":"c"}"#

  /// A bad record between two good ones, and its reason.
  @Test(arguments: [
    (#"{"prompt":"p","completion":"#, "invalid-json"),
    (#"{"prompt":"p","completion":"c"} x"#, "invalid-json"),
    (#"{"prompt":"p","completion":"c\x"}"#, "invalid-json"),
    ("{\"prompt\":\"p\",\"completion\":\"c\tc\"}", "invalid-json"),
    (#"{"prompt":"p","completion":"\ud800"}"#, "lone-surrogate"),
    (#"{"prompt":"p","completion":"x\udc00"}"#, "lone-surrogate"),
    (#"{"prompt":"\ud800\u0041","completion":"x"}"#, "lone-surrogate"),
    (#"{"prompt":"p","completion":"a\u0000b"}"#, "nul"),
    (#"{"prompt":"p","completion":"a","k\u0000":1}"#, "nul"),
    ("{\"prompt\":\"p\",\"completion\":\"a\u{0}b\"}", "nul"),
    (#"{"prompt":"p","completion":"c","n":-}"#, "invalid-number"),
    (#"{"prompt":"p","completion":"c","n":01}"#, "invalid-number"),
    ("[1,2]", "not-an-object"), ("17", "not-an-object"), ("\"text\"", "not-an-object"), ("null", "not-an-object"),
    (#"{"prompt":"p","completion":"c","prompt":"q"}"#, "duplicate-key"),
    (#"{"prompt":"p","completion":"c","x":1,"x":2}"#, "duplicate-key"),
    (#"{"prompt":"p"}"#, "missing-field"), (#"{"completion":"c"}"#, "missing-field"), ("{}", "missing-field"),
    (#"{"prompt":"p","completion":null}"#, "wrong-type"), (#"{"prompt":null,"completion":"c"}"#, "wrong-type"),
    (#"{"prompt":"p","completion":""}"#, "empty-response"),
    (#"{"prompt":"p","completion":" \n<|endoftext|>"}"#, "empty-response"),
    (#"{"prompt":"p","completion":[]}"#, "no-assistant-message"),
    (#"{"prompt":"p","completion":[{"role":"user","content":"x"}]}"#, "no-assistant-message"),
    (#"{"prompt":"p","completion":[{"role":"assistant","content":[{"type":"image_url"}]}]}"#, "empty-response"),
    (#"{"prompt":"p","completion":[{"role":"assistant","content":[{"type":"input_audio"}]}]}"#, "unsupported-content"),
    (#"{"prompt":"p","completion":[{"role":"assistant","content":"","reasoning_content":"t"}]}"#, "reasoning-only"),
    (#"{"prompt":"p","completion":[{"role":"assistant"}]}"#, "missing-field"),
    (#"{"prompt":"p","completion":[{"content":"c"}]}"#, "missing-field"),
    (#"{"prompt":"p","completion":[{"role":"assistant","role":"user","content":"c"}]}"#, "duplicate-key"),
    (#"{"prompt":"p","completion":"c","task":"\#(String(repeating: "x", count: 1025))"}"#, "label-too-long"),
    (#"{"prompt":"p","completion":"c","task":1\#(String(repeating: "0", count: 1025))}"#, "label-too-long"),
    (#"{"prompt":"p","completion":"c","tools":"{"}"#, "invalid-call"),
    (#"{"prompt":"p","completion":"c","tools":"{}"}"#, "invalid-call"),
  ])
  func aBadRecordIsQuarantinedWithItsReason(bad: String, reason: String) throws {
    let lines = Array(repeating: Self.good, count: 40) + [bad, Self.good]
    let result = try readLines(lines)
    #expect(result.order == String(repeating: "s", count: 40) + "rs")
    #expect(result.reasons == [reason])
    #expect(result.rejections.first?.line == 41)
    #expect(result.rejections.first?.raw == Array(bad.utf8))
    #expect(result.rejections.first?.size == UInt64(bad.utf8.count))
    #expect(result.rejections.first?.detail.isEmpty == false)
    #expect(result.samples.last?.line == 42)
  }

  @Test(arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]] as [[UInt8]])
  func invalidUTF8IsRejectedWithItsPlace(bytes: [UInt8]) throws {
    let bad = Array(#"{"prompt":"é","completion":""#.utf8) + bytes + Array("\"}".utf8)
    let input = Array((Self.good + "\n").utf8) + bad + Array(("\n" + Self.good).utf8)
    let result = try read([.memory(input, name: "m")])
    #expect(result.order == "srs")
    #expect(result.rejections.first?.reason == "invalid-utf8")
    #expect(result.rejections.first?.detail.contains("byte 29") == true)
    #expect(result.rejections.first?.raw == bad)
  }

  /// An invalid value in a field that nobody looks at is as bad as elsewhere.
  @Test(arguments: [#"{"a":tru}"#, #"[1,]"#, #""\q""#, "1.e", #"{"a":1"#])
  func skippedValuesAreValidated(value: String) throws {
    let bad = #"{"inputs_pretokenized":"I","targets_pretokenized":"T","inputs":\#(value)}"#
    let result = try readLines([bad], options { $0.layout = .p3 })
    #expect(result.order == "r")
  }

  @Test func recordsThatAreTooDeepAreRejected() throws {
    func record(_ levels: Int) -> String {
      // The record itself is one level.
      let inner = String(repeating: "[", count: levels - 1) + "1" + String(repeating: "]", count: levels - 1)
      return #"{"text":"x","a":\#(inner)}"#
    }
    let result = try readLines([record(64), record(65), record(2000)])
    #expect(result.order == "srr")
    #expect(Set(result.reasons) == ["too-deep"])
  }

  @Test func linesThatAreTooLongAreRejectedWithTheirBeginning() throws {
    func line(_ size: Int) -> String { #"{"text":"\#(String(repeating: "x", count: size - 11))"}"# }
    let lines = [line(50), line(3000), line(3001), line(100), line(2_500_000), line(60)]
    for batchBytes in [1 << 10, 1 << 12, 1 << 20] {
      let result = try readLines(
        lines,
        options {
          $0.limits.recordBytes = 3000
          $0.batchBytes = batchBytes
        })
      #expect(result.order == "ssrsrs")
      #expect(result.samples.map(\.line) == [1, 2, 4, 6])
      #expect(result.rejections.map(\.line) == [3, 5])
      #expect(result.rejections.map(\.size) == [3001, 2_500_000])
      #expect(Set(result.reasons) == ["line-too-long"])
      for rejection in result.rejections {
        #expect(rejection.raw.count <= SampleBatch.Rejection.rawLimit)
        #expect(Array(line(Int(rejection.size)).utf8).starts(with: rejection.raw))
      }
    }
  }

  @Test func aLineOf100MegabytesIsRejected() throws {
    let size = 100_000_000
    var input = Array((Self.good + "\n").utf8)
    input +=
      Array(#"{"prompt":"p","completion":""#.utf8) + [UInt8](repeating: 0x78, count: size - 30) + Array("\"}\n".utf8)
    input += Array((Self.good + "\n").utf8)
    let result = try read([.memory(input, name: "m")])
    #expect(result.order == "srs")
    #expect(result.rejections.first?.reason == "line-too-long")
    #expect(result.rejections.first?.size == UInt64(size))
    #expect(result.rejections.first?.raw.count == SampleBatch.Rejection.rawLimit)
    #expect(result.samples.last?.line == 3)
  }
}
