import CohortCore
import Testing

@Suite struct SampleContentTests {
  static func sample(using random: inout SplitMix64) -> (messages: [Message], tools: [UInt8]) {
    let roles: [MessageRole] = [.system, .user, .assistant, .tool, .other("critic"), .other(""), .other("rôle")]
    let messages = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      Message(
        role: roles[Int.random(in: 0..<roles.count, using: &random)], text: CodedValue.text(using: &random),
        extra: Bool.random(using: &random) ? Array(#"{"name":"n"}"#.utf8) : [])
    }
    return (messages, Bool.random(using: &random) ? Array(#"[{"name":"f"}]"#.utf8) : [])
  }

  static func decode(_ bytes: [UInt8]) throws -> (messages: [Message], tools: [UInt8]) {
    try bytes.withUnsafeBytes { try SampleContent.decode($0) }
  }

  @Test func messagesAreReadBack() throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let (messages, tools) = Self.sample(using: &random)
      let bytes = SampleContent.encode(messages, tools: tools)
      let read = try Self.decode(bytes)
      #expect(read.messages == messages && read.tools == tools, "seed \(seed)")
      #expect(SampleContent.encode(read.messages, tools: read.tools) == bytes, "seed \(seed)")
      var seen: [Message] = []
      let seenTools = try bytes.withUnsafeBytes { buffer in
        try SampleContent.visit(buffer) { role, extra, text in
          seen.append(Message(role: role, text: String(decoding: text, as: UTF8.self), extra: [UInt8](extra)))
        }
      }
      #expect(seen == messages && seenTools == tools, "seed \(seed)")
    }
  }

  @Test func everyTruncationIsAnError() {
    for seed in 0..<5 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let (messages, tools) = Self.sample(using: &random)
      let bytes = SampleContent.encode(messages, tools: tools)
      for length in 0..<bytes.count {
        #expect(throws: CohortError.self, "seed \(seed), \(length) of \(bytes.count) bytes") {
          try Self.decode(Array(bytes.prefix(length)))
        }
      }
      #expect(throws: CohortError.self, "seed \(seed)") { try Self.decode(bytes + [0]) }
    }
  }

  /// Damaged bytes are refused with a `CohortError`, or read as another sample that is written as it was read.
  @Test func damageNeverTraps() throws {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let (messages, tools) = Self.sample(using: &random)
      var bytes = SampleContent.encode(messages, tools: tools)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // The first bytes hold the counts: they are damaged more often than the texts.
        let reach = Bool.random(using: &random) ? min(bytes.count, 24) : bytes.count
        bytes[Int.random(in: 0..<reach, using: &random)] = UInt8(truncatingIfNeeded: random.next())
      }
      do {
        let read = try Self.decode(bytes)
        let again = try Self.decode(SampleContent.encode(read.messages, tools: read.tools))
        #expect(again.messages == read.messages && again.tools == read.tools, "seed \(seed)")
      } catch {
        #expect((error as? CohortError)?.isFormat == true, "seed \(seed)")
      }
    }
  }

  @Test func unknownLayoutsAndRolesAreRefused() {
    let cases: [([UInt8], String)] = [
      ([2, 0, 0], "2 is not known"), ([0, 0, 0], "0 is not known"), ([1, 1, 0, 4, 0, 0], "code 4"),
      ([1, 1, 0, 254, 0, 0], "code 254"), ([1, 1, 0, 1, 0, 1, 0xff], "not UTF-8"),
    ]
    for (bytes, cause) in cases {
      let error = #expect(throws: CohortError.self) { try Self.decode(bytes) }
      #expect(error?.code.name == "core.invalid" && error?.cause == cause, "\(bytes)")
    }
    // A count of messages that the bytes cannot hold.
    let error = #expect(throws: CohortError.self) { try Self.decode([1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]) }
    #expect(error?.code.name == "core.truncated")
  }

  @Test func rolesAreNamedAsTheSourceNamesThem() {
    for name in ["system", "user", "assistant", "tool", "critic", "User", ""] {
      #expect(MessageRole(name: name).name == name)
    }
    #expect(MessageRole(name: "tool") == .tool && MessageRole(name: "User") == .other("User"))
  }
}
