import CohortCore
import Testing

/// Members of objects in canonical JSON.
@Suite struct CanonicalObjectTests {
  private func members(_ json: String) -> (found: [String], isObject: Bool) {
    var found: [String] = []
    let isObject = Array(json.utf8).withUnsafeBytes { bytes in
      CanonicalObject.forEachMember(of: bytes) { name, value in
        found.append(String(decoding: name, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self))
        return true
      }
    }
    return (found, isObject)
  }

  @Test func eachMemberIsFound() {
    let (found, isObject) = members(#"{"a":1,"b\"":"x,}\\","c":{"d":[1,{"e":"]"}],"a":2},"":[],"n":null,"f":-1.5e+20}"#)
    #expect(isObject)
    #expect(
      found == ["a=1", #"b\"="x,}\\""#, #"c={"d":[1,{"e":"]"}],"a":2}"#, "=[]", "n=null", "f=-1.5e+20"])
    let empty = members("{}")
    #expect(empty.found.isEmpty && empty.isObject)
  }

  /// Whatever is cut off, nothing is read behind the end, and what is left is no object.
  @Test func brokenObjectsAreNone() {
    let whole = #"{"a":[1,{"b":"\"}"}],"c":"\\","d":12}"#
    for count in 0..<whole.utf8.count {
      #expect(!members(String(whole.prefix(count))).isObject, "\(count)")
    }
    for text in ["[1]", "1", "", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1}x"#, #"{a:1}"#, #"{"a":1"b":2}"#, "{}}"] {
      #expect(!members(text).isObject, "\(text)")
    }
  }
}
