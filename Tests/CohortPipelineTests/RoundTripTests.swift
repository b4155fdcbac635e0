import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// What is exported and ingested again is the same sample, or was left out and counted.
@Suite struct RoundTripTests {
  /// What of a sample must come back.
  struct Sample: Equatable {
    var messages: [Message]
    var tools: String
    var attributes: String
    var task: String?
  }

  private func samples(of store: Store) throws -> [Sample] {
    try store.read { transaction in
      try (0..<(try transaction.counters.nextSample)).compactMap { id in
        try transaction.sample(SampleID(id)).map { sample in
          Sample(
            messages: sample.messages, tools: String(decoding: sample.tools, as: UTF8.self),
            attributes: String(decoding: sample.attributes, as: UTF8.self),
            task: try transaction.task(sample.task)?.name)
        }
      }
    }
  }

  private func store(_ lines: [String], in folder: TemporaryFolder, _ layout: Layout = .messages) throws -> Store {
    let path = try folder.write("in-\(UUID().uuidString).jsonl", lines.joined(separator: "\n"))
    let store = try Store.create(at: folder.file("store-\(UUID().uuidString)"))
    var request = IngestRequest(paths: [path])
    request.options.layout = layout
    request.options.task = .field("the task")
    let report = try IngestJob.run(store, request)
    #expect(report.quarantined == 0 && report.duplicates == 0)
    return store
  }

  /// Exports a store, and ingests the file into another one.
  private func roundTrip(
    _ store: Store, _ layout: ExportLayout, columns: Set<ExportColumn> = [], in folder: TemporaryFolder
  ) throws -> (report: ExportReport, lines: [String], samples: [Sample]) {
    let path = folder.file("out-\(UUID().uuidString).jsonl")
    let report = try ExportJob.run(
      store, ExportRequest(scope: .everything, layout: layout, columns: columns, path: path))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let again = try Store.create(at: folder.file("again-\(UUID().uuidString)"))
    var request = IngestRequest(paths: [path])
    request.options.layout = layout.readAs.flatMap { Layout.named($0) }
    #expect(request.options.layout != nil)
    request.options.task = .field("task")
    let ingested = try IngestJob.run(again, request)
    #expect(ingested.quarantined == 0 && ingested.duplicates == 0 && ingested.inserted == report.written)
    return (report, text.split(separator: "\n").map(String.init), try samples(of: again))
  }

  private func export(
    _ line: String, _ layout: ExportLayout, columns: Set<ExportColumn> = [], from: Layout = .messages
  ) throws -> (report: ExportReport, lines: [String], same: Bool) {
    let folder = try TemporaryFolder()
    let store = try store([line], in: folder, from)
    let before = try samples(of: store)
    let result = try roundTrip(store, layout, columns: columns, in: folder)
    return (result.report, result.lines, result.samples == before)
  }

  // MARK: Examples

  private static let calling =
    #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"f","arguments":{"a":1}}}]},{"role":"tool","content":"r"},{"role":"assistant","content":"a"}],"tools":[{"name":"f"}]}"#

  @Test func callsAreNameAndArgumentsInShareGPT() throws {
    let (_, lines, same) = try export(Self.calling, .sharegpt)
    #expect(same)
    #expect(
      lines == [
        #"{"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"a\":1}}"},{"from":"observation","value":"r"},{"from":"gpt","value":"a"}],"tools":"[{\"name\":\"f\"}]"}"#
      ])
  }

  @Test(arguments: [
    // Ids and arguments as text: the reader of calls gets objects, ingestion what was stored.
    (
      #""content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]"#,
      #"{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"a\": 1}}","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}"#
    ),
    // Arguments that are no JSON stay text.
    (
      #""content":"","function_call":{"name":"f","arguments":"{"}"#,
      #"{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":\"{\"}","function_call":{"name":"f","arguments":"{"}}"#
    ),
    (
      #""content":"","tool_calls":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"<g>"}}]"#,
      #"{"from":"function_call","value":"[{\"name\":\"f\"},{\"name\":\"\\u003cg>\"}]"}"#
    ),
    (
      #""content":"I look.","tool_calls":[{"type":"function","function":{"name":"f"}}]"#,
      #"{"from":"function_call","value":"I look.<tool_call>{\"name\":\"f\"}</tool_call>"}"#
    ),
    (
      #""content":"a","reasoning_content":"r""#,
      #"{"from":"gpt","value":"<think>\nr\n</think>\n\na","reasoning_content":"r"}"#
    ),
    (
      #""content":"a","name":"n","weight":0.0"#, #"{"from":"gpt","value":"a","name":"n","weight":0.0}"#
    ),
  ])
  func whatATurnCarriesIsToldInShareGPT(turn: String, written: String) throws {
    let line = #"{"messages":[{"role":"user","content":"q"},{"role":"assistant",\#(turn)}]}"#
    let (_, lines, same) = try export(line, .sharegpt)
    #expect(same)
    #expect(lines == [#"{"conversations":[{"from":"human","value":"q"},\#(written)]}"#])
  }

  @Test func attributesAreVerbatim() throws {
    let attributes = #""z":8.0,"a":18446744073709551615,"é":{"b":1e-07,"a":[]},"m":-0.0,"q":"\"\\\u0001/""#
    let line = #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],\#(attributes)}"#
    for layout in ExportLayout.allCases where layout != .preference && !layout.hasAllColumns {
      let (report, lines, same) = try export(line, layout)
      #expect(same && report.renamed.isEmpty)
      #expect(lines.first?.hasSuffix("," + attributes + "}") == true, "\(lines)")
    }
  }

  @Test func anAttributeWhoseKeyIsTakenIsRenamedAndCounted() throws {
    let line =
      #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"the task":"t","task":"mine","system":1,"attributes.task":2,"id":3,"conversations":4}"#
    let (report, lines, _) = try export(line, .messages, columns: [.ids, .source, .lengths, .line])
    #expect(report.renamed == ["task": 1, "system": 1, "id": 1])
    let written = try #require(lines.first)
    #expect(
      written.hasSuffix(
        #""prompt_length":1,"response_length":1,"total_length":2,"line":1,"attributes.attributes.task":"mine","attributes.system":1,"attributes.task":2,"attributes.id":3,"conversations":4}"#
      ), "\(written)")
    #expect(written.contains(#"],"task":"t","id":0,"source":""#))
    #expect(report.note?.contains("3 attributes under attributes.KEY") == true)
    // Readers take the key for the task, also where no sample has one.
    let other = try export(line.replacingOccurrences(of: #""the task":"t","#, with: ""), .messages)
    #expect(other.report.renamed == ["system": 1, "task": 1])
  }

  /// Readers would take a list of messages for the conversation, whatever the layout.
  @Test(arguments: [ExportLayout.sharegpt, .alpaca, .promptCompletion])
  func anAttributeThatLooksLikeAConversationIsRenamed(layout: ExportLayout) throws {
    let line =
      #"{"prompt":"q","completion":"a","messages":[{"role":"user","content":"z"}],"conversations":[1],"n":{"messages":[]}}"#
    let (report, lines, _) = try export(line, layout, from: .promptCompletion)
    #expect(report.renamed == ["messages": 1, "conversations": 1])
    #expect(
      lines.first?.hasSuffix(
        #","attributes.messages":[{"role":"user","content":"z"}],"attributes.conversations":[1],"n":{"messages":[]}}"#)
        == true)
  }

  /// A member of a message that is called as the layout's own would come twice.
  @Test func aMessageWithTheLayoutsKeysIsCounted() throws {
    let line =
      #"{"conversations":[{"from":"human","value":"q","role":"r"},{"from":"gpt","value":"a","messages":[1]}]}"#
    let messages = try export(line, .messages, from: .sharegpt)
    #expect(messages.report.skipped == ["message-keys": 1] && messages.lines.isEmpty)
    let (_, lines, same) = try export(line, .sharegpt, from: .sharegpt)
    #expect(same && lines == [line])
  }

  @Test func alpacaHoldsEarlierTurnsAsHistory() throws {
    let line =
      #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"1"},{"role":"assistant","content":"2"},{"role":"user","content":"3\n"},{"role":"assistant","content":"4"}]}"#
    let (_, lines, same) = try export(line, .alpaca)
    #expect(same)
    #expect(
      lines == [#"{"instruction":"3\n","input":"","output":"4","system":"s","history":[["1","2"]]}"#])
  }

  @Test(arguments: [
    (#"{"role":"assistant","content":"a"}"#, "no-prompt"),
    (
      #"{"role":"system","content":""},{"role":"user","content":"q"},{"role":"assistant","content":"a"}"#,
      "system-message"
    ),
    (
      #"{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"system","content":"s"},{"role":"assistant","content":"a"}"#,
      "several-system-messages"
    ),
    (#"{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":1}"#, "message-extras"),
    (#"{"role":"user","content":"q"},{"role":"assistant","content":"a","reasoning":"r"}"#, "message-extras"),
    (#"{"role":"user","content":"q","name":"n"},{"role":"assistant","content":"a"}"#, "message-extras"),
    (
      #"{"role":"user","content":"q"},{"role":"tool","content":"t"},{"role":"assistant","content":"a"}"#,
      "tool-messages"
    ),
    (#"{"role":"user","content":"q"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}"#, "turn-order"),
    (#"{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"q"}"#, "turn-order"),
  ])
  func whatAlpacaCannotHoldIsCounted(messages: String, reason: String) throws {
    let (report, lines, _) = try export(#"{"messages":[\#(messages)]}"#, .alpaca)
    #expect(report.skipped == [reason: 1] && report.written == 0 && lines.isEmpty)
    #expect(report.note == "left out 1 sample: \(reason) 1")
  }

  /// Columns have one type: texts only if texts hold all samples.
  @Test func promptAndCompletionHaveOneFormInAFile() throws {
    let pair = #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#
    let more =
      #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}"#
    let alone = #"{"messages":[{"role":"assistant","content":"c"}]}"#
    let folder = try TemporaryFolder()
    let texts = try roundTrip(try store([pair, alone], in: folder), .promptCompletion, in: folder)
    #expect(texts.lines == [#"{"prompt":"q","completion":"a"}"#] && texts.report.skipped == ["no-prompt": 1])
    let lists = try roundTrip(try store([pair, more], in: folder), .promptCompletion, in: folder)
    #expect(
      lists.lines.first
        == #"{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}"#)
    #expect(lists.lines.count == 2)
    // Readers drop the mark of the end from a text.
    let marked = pair.replacingOccurrences(of: #""a""#, with: #""a<|endoftext|>""#)
    #expect(try export(marked, .promptCompletion).same)
  }

  @Test(arguments: [
    #"{"prompt":"q","chosen":"a","rejected":"b","score":8.0}"#,
    #"{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}"#,
    #"{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}"#,
    #"{"chosen":"a","rejected":"b"}"#,
  ])
  func preferencesComeBack(line: String) throws {
    let (report, lines, same) = try export(line, .preference, from: .preference)
    #expect(same && report.written == 1)
    #expect(lines == [line])
  }

  @Test func whatIsNoPreferenceIsCounted() throws {
    let folder = try TemporaryFolder()
    let pair = #"{"role":"user","content":"q"},{"role":"assistant","content":"a"}"#
    let lines = [
      #"{"messages":[\#(pair)]}"#, #"{"messages":[\#(pair),\#(pair)],"rejected":"b"}"#,
      #"{"messages":[{"role":"system","content":"s"},\#(pair)],"rejected":7}"#,
      #"{"messages":[\#(pair),{"role":"user","content":"z"}],"rejected":"b"}"#,
    ]
    let store = try store(lines, in: folder)
    let path = folder.file("out.jsonl")
    let report = try ExportJob.run(store, ExportRequest(scope: .everything, layout: .preference, path: path))
    #expect(report.skipped == ["no-rejected": 1, "rejected-form": 2, "response-not-last": 1])
  }

  @Test func aGroupThatDoesNotExistIsNotFound() throws {
    let folder = try TemporaryFolder()
    let store = try store([Self.calling], in: folder)
    _ = try GroupingJob.create(store, name: "g", by: #require(GroupingSpelling("task")))
    let request = ExportRequest(
      scope: .group(GroupID(77), grouping: "g"), layout: .messages, path: folder.file("out.jsonl"))
    #expect(throws: CohortError.self) { try ExportJob.run(store, request) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.jsonl")))
  }

  // MARK: LLaMA-Factory

  private func entry(_ lines: [String], _ layout: ExportLayout, from: Layout = .messages) throws -> [String: Any] {
    let folder = try TemporaryFolder()
    let store = try store(lines, in: folder, from)
    _ = try ExportJob.run(
      store, ExportRequest(scope: .everything, layout: layout, path: folder.file("data.jsonl")))
    let all = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder.file("dataset_info.json"))))
    return try #require((all as? [String: Any])?["data"] as? [String: Any])
  }

  @Test func theDescriptionNamesTheColumnsThatAreThere() throws {
    let plain = #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"label":true}"#
    let alpaca = try entry([plain], .alpaca)
    #expect(
      alpaca["columns"] as? [String: String]
        == ["prompt": "instruction", "query": "input", "response": "output", "kto_tag": "label"])
    let sharegpt = try entry([plain, Self.calling], .sharegpt)
    #expect(sharegpt["columns"] as? [String: String] == ["messages": "conversations", "tools": "tools"])
    #expect((sharegpt["tags"] as? [String: String])?["function_tag"] == "function_call")
    #expect(try entry([plain], .messages)["formatting"] as? String == "sharegpt")
    let messages = try entry([Self.calling], .messages)
    #expect(messages["formatting"] as? String == "openai")
    #expect((messages["tags"] as? [String: String])?["observation_tag"] == "tool")
    let pairs = try entry([#"{"prompt":"q","chosen":"a","rejected":"b"}"#], .preference, from: .preference)
    #expect(pairs["ranking"] as? Bool == true && pairs["formatting"] as? String == "alpaca")
  }

  // MARK: Any conversation

  @Test(arguments: ExportLayout.allCases.filter { !$0.hasAllColumns }, [1, 2, 3] as [UInt64])
  func anyConversationComesBackOrIsCounted(layout: ExportLayout, seed: UInt64) throws {
    var generator = ConversationGenerator(seed: seed)
    let lines = (0..<250).map { generator.record($0) }
    let folder = try TemporaryFolder()
    let store = try store(lines, in: folder)
    let before = try samples(of: store)
    let (report, written, after) = try roundTrip(store, layout, in: folder)
    let skipped = report.skipped.values.reduce(0, +)
    #expect(report.written + skipped == UInt64(lines.count), "seed \(seed)")
    // The samples that came back are those that were written, in their order.
    var next = 0
    for (index, sample) in after.enumerated() {
      guard let found = before[next...].firstIndex(where: { Self.isSame($0, sample) }) else {
        Issue.record("seed \(seed), \(layout): \(written[index]) is no sample from \(next) on")
        return
      }
      next = found + 1
    }
    if layout == .messages { #expect(skipped == 0) }
    if layout == .sharegpt { #expect(skipped == report.skipped["role-names", default: 0]) }
    #expect(layout == .preference || report.written > 20, "seed \(seed): \(report)")
    for line in written { #expect(try Self.hasUniqueKeys(line), "\(line)") }
  }

  /// Whether a sample came back. Attributes whose key the layout has came back under the other one.
  private static func isSame(_ sample: Sample, _ again: Sample) -> Bool {
    var plain = again
    plain.attributes = again.attributes.replacingOccurrences(of: "\"attributes.", with: "\"")
    return sample == plain
  }

  /// Whether the outer object of a line has each key once, as far as a reader that knows no escapes can tell.
  private static func hasUniqueKeys(_ line: String) throws -> Bool {
    var names: [String] = []
    let isObject = Array(line.utf8).withUnsafeBytes { line in
      CanonicalObject.forEachMember(of: line) { name, _ in
        names.append(String(decoding: name, as: UTF8.self))
        return true
      }
    }
    return isObject && Set(names).count == names.count
  }
}

/// Records of the layout `messages` with everything that they can carry.
struct ConversationGenerator {
  private var random: TestRandom

  init(seed: UInt64) { random = TestRandom(seed: seed) }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[random.below(choices.count)] }
  private mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }

  private static let texts = [
    "", " ", "a", "line\nend\r\n", "tab\tquote\" back\\slash", "<think>r</think>answer", "<think>open",
    "\u{2028}\u{2029}\u{85}",
    "😀e\u{301}é", "<tool_call>{}</tool_call>", "\u{1}\u{1f}\u{7f}", "<|endoftext|>", "\u{feff}bom", "{\"name\":\"f\"}",
    "null",
    "\u{202e}rtl", "</think>", "<think>\nr\n</think>\n\nanswer",
  ]

  private mutating func text() -> String { (0...random.below(2)).map { _ in pick(Self.texts) }.joined() }

  private func quoted(_ text: String) -> String { JSONString.quoted(text) }

  mutating func record(_ number: Int) -> String {
    var messages: [String] = []
    if chance(30) { messages.append(message("system")) }
    // Two in three are questions and answers in turn.
    let isPlain = chance(65)
    for turn in 0..<(isPlain ? 1 + random.below(2) : random.below(4)) {
      messages.append(
        isPlain ? plain("user", "\(number).\(turn)") : message(pick(["user", "user", "tool", "critic", "gpt"])))
      if isPlain || chance(70) { messages.append(isPlain ? plain("assistant", "\(number)") : message("assistant")) }
    }
    // A response, and perhaps something behind it.
    if !isPlain || chance(10) {
      messages.append(#"{"role":"assistant","content":\#(quoted("\(number)" + text()))}"#)
      if chance(15) { messages.append(#"{"role":"assistant","content":\#(quoted(text())),"weight":0}"#) }
      if chance(10) { messages.append(message("user")) }
    }
    var members = [#""messages":[\#(messages.joined(separator: ","))]"#]
    if chance(20) { members.append(#""tools":[{"name":"f","parameters":{"x":1.0,"<":\#(quoted(text()))}}]"#) }
    if chance(50) { members.append(#""the task":"t\#(random.below(3))""#) }
    for key in ["score", "label", "rejected", "system", "prompt", "output", "conversations", "task", "é\"\n"]
    where chance(12) {
      members.append("\(quoted(key)):\(value(key))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func value(_ key: String) -> String {
    if key == "rejected", chance(70) {
      return pick([quoted(text()), #"[{"role":"assistant","content":"b"}]"#, #"[{"role":"user","content":"q"}]"#])
    }
    if key == "label" { return pick(["true", "false"]) }
    return pick(["8.0", "18446744073709551615", "null", "[1,{\"b\":2,\"a\":-0.0}]", quoted(text()), "{}", "1e-07"])
  }

  private mutating func plain(_ role: String, _ start: String) -> String {
    #"{"role":"\#(role)","content":\#(quoted(start + text()))}"#
  }

  private mutating func message(_ role: String) -> String {
    var members = [#""role":"\#(role)""#, #""content":\#(quoted(text()))"#]
    if chance(15) { members.append(#""name":\#(quoted(text()))"#) }
    if role == "assistant" {
      if chance(15) { members.append(#""weight":\#(pick(["0", "1", "0.0", "0.5"]))"#) }
      if chance(20) { members.append(#""reasoning_content":\#(quoted(text()))"#) }
      if chance(10) { members.append(#""thinking":\#(quoted(text()))"#) }
      if chance(35) { members.append(calls()) }
    }
    if role == "tool", chance(50) { members.append(#""tool_call_id":"c1""#) }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func calls() -> String {
    if chance(15) { return #""function_call":{"name":"f","arguments":\#(quoted(text()))}"# }
    if chance(10) { return #""tool_calls":[]"# }
    let calls = (0...random.below(2)).map { _ in
      let arguments = pick([#"{"a":\#(quoted(text()))}"#, "{}", quoted(#"{"b": "\n"}"#), quoted(text()), "7"])
      let function = #""function":{"name":"f","arguments":\#(arguments)}"#
      return pick([
        #"{"type":"function",\#(function)}"#, #"{"type":"function",\#(function)}"#,
        #"{"id":"c1","type":"function",\#(function)}"#, #"{"name":"g","arguments":\#(arguments)}"#, "{}",
      ])
    }
    return #""tool_calls":[\#(calls.joined(separator: ","))]"#
  }
}
