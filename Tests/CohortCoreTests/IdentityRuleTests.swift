import CohortCore
import Testing

/// Which attributes make two records with the same messages two samples.
@Suite struct IdentityRuleTests {
  private func agree(_ one: String, _ other: String, _ rule: IdentityRule = IdentityRule()) -> Bool {
    Array(one.utf8).withUnsafeBytes { one in
      Array(other.utf8).withUnsafeBytes { other in
        let agree = rule.agree(one, other)
        #expect(rule.agree(other, one) == agree)
        if agree { #expect(rule.digest(of: one) == rule.digest(of: other)) }
        return agree
      }
    }
  }

  @Test(arguments: IdentityRule.usualKeys) func whatIsTrainedOnCounts(key: String) {
    #expect(!agree(#"{"\#(key)":1}"#, #"{"\#(key)":2}"#))
    #expect(!agree(#"{"\#(key)":1}"#, ""))
    #expect(!agree(#"{" \#(key.uppercased()) ":[1]}"#, #"{"\#(key)":[2]}"#))
    #expect(agree(#"{"\#(key)":{"a":1}}"#, #"{"score":0.5,"\#(key)":{"a":1}}"#))
  }

  @Test(arguments: ["score", "id", "timestamp", "line", "source", "loss", "quality"])
  func whatOnlyDescribesDoesNot(key: String) {
    #expect(agree(#"{"\#(key)":1}"#, #"{"\#(key)":2}"#))
    #expect(agree(#"{"\#(key)":1}"#, ""))
    #expect(!agree(#"{"\#(key)":1}"#, #"{"\#(key)":2}"#, IdentityRule(identityKeys: [key.uppercased()])))
  }

  @Test func keysOfTheLayoutCountInOtherLetters() {
    var rule = IdentityRule()
    #expect(agree(#"{"Output":"a"}"#, #"{"Output":"b"}"#, rule))
    rule.layoutKeys = ["output"]
    #expect(!agree(#"{"Output":"a"}"#, #"{"Output":"b"}"#, rule))
    #expect(rule.counts(" OUTPUT ") && !rule.counts("outputs"))
  }

  @Test func ignoredKeysNeverCount() {
    let rule = IdentityRule(ignoredKeys: ["Rejected", "output"], layoutKeys: ["output"])
    #expect(agree(#"{"rejected":"a","Output":1}"#, #"{"rejected":"b"}"#, rule))
    #expect(!agree(#"{"images":["a"]}"#, #"{"images":["b"]}"#, rule))
    #expect(IdentityRule(identityKeys: [" A"], ignoredKeys: ["a"]).contradiction == " A")
    #expect(rule.contradiction == nil)
  }

  @Test func nullIsNoValueAndOrderIsNoDifference() {
    #expect(agree(#"{"images":null}"#, ""))
    #expect(agree(#"{"images":["a"],"tools":"t"}"#, #"{"tools":"t","images":["a"]}"#))
    #expect(!agree(#"{"images":[]}"#, ""))
  }

  @Test func membersAreEqualInAnyOrder() {
    func equal(_ one: String, _ other: String) -> Bool {
      Array(one.utf8).withUnsafeBytes { one in
        Array(other.utf8).withUnsafeBytes { CanonicalObject.haveEqualMembers(one, $0) }
      }
    }
    #expect(equal(#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#))
    #expect(!equal(#"{"a":1,"b":2}"#, #"{"a":2,"b":1}"#))
    #expect(!equal(#"{"a":1}"#, ""))
    #expect(equal("", ""))
  }
}
