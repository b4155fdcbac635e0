import CohortCore
import Testing

/// The one rule for prompt and response.
@Suite struct SamplePartsTests {
  /// `m` is a message of the assistant that is not trained on.
  @Test(arguments: [
    ("", nil, 0), ("u", nil, 1), ("a", 0, 0), ("ua", 1, 1), ("suauat", 4, 4), ("at", 0, 0), ("ut", nil, 2),
    ("uaum", 1, 1), ("umua", 3, 3), ("umum", 3, 3), ("muat", 2, 2), ("mu", 0, 0), ("uamm", 1, 1),
  ])
  func theLastTrainedAssistantMessageIsTheResponse(roles: String, response: Int?, prompt: Int) throws {
    let messages = roles.enumerated().map { index, role in
      let known: [Character: MessageRole] = ["s": .system, "u": .user, "a": .assistant, "m": .assistant]
      return Message(
        role: known[role] ?? .tool, text: "\(index)", extra: role == "m" ? Array(#"{"weight":0}"#.utf8) : [])
    }
    let parts = SampleParts(messages)
    #expect(parts.count == messages.count && parts.response == response && parts.prompt == 0..<prompt)
    #expect(parts.isTrained == roles.contains("a"))
    // The same of stored bytes.
    try SampleContent.encode(messages).withUnsafeBytes { bytes in
      try SampleContent.withParts(of: bytes) { view in
        #expect(view.parts == parts)
        #expect(view.prompt.map(\.role) == messages[..<prompt].map(\.role))
        #expect(view.response.map { [UInt8]($0.text) } == response.map { Array("\($0)".utf8) })
        let text = messages[..<prompt].map(\.text).joined(separator: "\n")
        #expect(SampleContent.PartsView.joined(view.prompt) == Array(text.utf8))
      }
    }
  }

  @Test func lengthsAreClampedAndAskedOnceInOrder() {
    var asked: [Int] = []
    let lengths = SampleParts(count: 3) { $0 == 1 ? .trained : .other }.lengths {
      asked.append($0)
      return [1 << 32, 2, 1 << 33][$0]
    }
    #expect(asked == [0, 1, 2])
    #expect(lengths == SampleLengths(prompt: .max, response: 2, total: .max))
  }

  @Test(arguments: [
    #"{"weight":0}"#, #"{"weight":0.0}"#, #"{"weight":-0.0}"#, #"{"name":"n","train":false}"#, #"{"trainable":false}"#,
    #"{"loss":false}"#, #"{"loss":0}"#, #"{"loss_mask":0}"#, #"{"loss_mask":false}"#, #"{"loss_mask":[0,0,0]}"#,
    #"{"loss_mask":[0.0,false]}"#, #"{"masked":true}"#, #"{"masked":1}"#, #"{"weight":1,"train":false}"#,
    #"{"train":0,"weight":1}"#,
  ])
  func aMessageSaysThatItIsNotTrainedOn(extra: String) {
    #expect(Array(extra.utf8).withUnsafeBytes(SampleContent.isMasked))
    #expect(SampleParts([message(extra)]).isTrained == false)
    // Whoever asks is not trained on anyway.
    #expect(SampleParts([Message(role: .user, text: "u", extra: Array(extra.utf8))]).response == nil)
  }

  @Test(arguments: [
    "", "{}", #"{"weight":1}"#, #"{"weight":0.5}"#, #"{"weight":-1}"#, #"{"weight":"0"}"#, #"{"weight":1e-3}"#,
    #"{"train":true}"#, #"{"loss":0.37}"#, #"{"loss_mask":[]}"#, #"{"loss_mask":[0,1,0]}"#, #"{"loss_mask":"0"}"#,
    #"{"masked":false}"#, #"{"masked":0}"#, #"{"meta":{"weight":0}}"#, #"{"name":"weight"}"#, #"{"Weight":0}"#,
    #"{"weight":{"a":0}}"#, #"{"weight""#,
  ])
  func anythingElseIsTrainedOn(extra: String) {
    #expect(!Array(extra.utf8).withUnsafeBytes(SampleContent.isMasked))
    #expect(SampleParts([message(extra)]).isTrained)
  }

  private func message(_ extra: String) -> Message {
    Message(role: .assistant, text: "a", extra: Array(extra.utf8))
  }
}
