import CohortCore
import Testing

/// The one rule for prompt and response.
@Suite struct SamplePartsTests {
  @Test(arguments: [
    ("", nil, 0), ("u", nil, 1), ("a", 0, 0), ("ua", 1, 1), ("suauat", 4, 4), ("at", 0, 0), ("ut", nil, 2),
  ])
  func theLastAssistantMessageIsTheResponse(roles: String, response: Int?, prompt: Int) throws {
    let messages = roles.enumerated().map { index, role in
      let known: [Character: MessageRole] = ["s": .system, "u": .user, "a": .assistant]
      return Message(role: known[role] ?? .tool, text: "\(index)")
    }
    let parts = SampleParts(messages)
    #expect(parts.count == messages.count && parts.response == response && parts.prompt == 0..<prompt)
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
    let lengths = SampleParts(count: 3) { $0 == 1 }.lengths {
      asked.append($0)
      return [1 << 32, 2, 1 << 33][$0]
    }
    #expect(asked == [0, 1, 2])
    #expect(lengths == SampleLengths(prompt: .max, response: 2, total: .max))
  }
}
