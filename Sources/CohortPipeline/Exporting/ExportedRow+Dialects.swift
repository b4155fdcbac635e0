internal import CohortCore
internal import CohortStore
internal import Foundation

// The dialects in which a turn has one text.

extension ExportedRow {
  // MARK: ShareGPT

  /// The names that the dialect has for roles: no other role may be called so.
  private static let shareGPTNames = ["human", "gpt", "chatgpt", "observation", "function_call", "tool_call"]

  func addConversation(to line: inout ExportedLine) throws(ExportSkip) {
    // A system message that is like all others is a column; else it is a turn.
    let systems = sample.messages.count(where: { $0.role == .system })
    var turns = sample.messages[...]
    if systems == 1, let first = turns.first, first.role == .system, !first.text.isEmpty, first.extra.isEmpty {
      turns = turns.dropFirst()
    }
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for turn in turns {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes += try Self.shareGPT(turn)
    }
    line.add("conversations", json: bytes + [UInt8(ascii: "]")])
    if turns.startIndex > 0 { line.add("system", text: sample.messages[0].text) }
  }

  /// A turn. Reasoning beside the text stands before it, calls as JSON behind it: the dialect's own way. Whatever else the
  /// message carries, and what that way does not tell exactly, are further members, as they are stored.
  private static func shareGPT(_ message: Message) throws(ExportSkip) -> [UInt8] {
    var text = message.text
    let (value, isCall, isTold) = text.withUTF8 { text in
      message.extra.withUnsafeBytes { extra in
        let parts = MessageParts(
          isAssistant: message.role == .assistant, extra: extra, text: UnsafeRawBufferPointer(text))
        var value = parts.inlineReasoning + text
        guard message.role == .assistant, parts.hasCalls else { return (value, false, false) }
        let calls = Self.calls(parts)
        // Without the marks, when there is no text: older readers know only that.
        value += text.isEmpty ? calls.json : Array("<tool_call>".utf8) + calls.json + Array("</tool_call>".utf8)
        return (value, true, extra.elementsEqual(calls.asRead))
      }
    }
    let from =
      switch message.role {
      case .user: "human"
      case .assistant: isCall ? "function_call" : "gpt"
      case .tool: "observation"
      case .system: "system"
      case .other(let name): name
      }
    if case .other = message.role, shareGPTNames.contains(from) { throw .roleNames }
    return try turn(
      ("from", from), ("value", String(decoding: value, as: UTF8.self)), isTold ? [] : message.extra)
  }

  /// The calls of a message as `{"name": …, "arguments": …}`, in a list if there are several, and the extra object that a
  /// reader makes of it.
  private static func calls(_ parts: MessageParts) -> (json: [UInt8], asRead: [UInt8]) {
    var (calls, stored): ([[UInt8]], [[UInt8]]) = ([], [])
    parts.forEachCall(unfolding: false) { stored.append(Array($0)) }
    parts.forEachCall { call in calls.append(isJSON(call) ? Array(call) : stored[calls.count]) }
    let comma = UInt8(ascii: ",")
    let functions = calls.map { Array("{\"type\":\"function\",\"function\":".utf8) + $0 + [UInt8(ascii: "}")] }
    let asRead = Array("{\"tool_calls\":[".utf8) + functions.joined(separator: [comma]) + Array("]}".utf8)
    let list = Array(calls.joined(separator: [comma]))
    let json = calls.count == 1 ? list : [UInt8(ascii: "[")] + list + [UInt8(ascii: "]")]
    // So that the marks around it are the last ones.
    let escaped = json.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
    return (escaped, asRead)
  }

  private static func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
  }

  // MARK: Alpaca

  /// One question and one answer, and those before them as the history.
  func addAlpaca(to line: inout ExportedLine) throws(ExportSkip) {
    guard sample.tools.isEmpty else { throw .tools }
    var turns = sample.messages[...]
    if let first = turns.first, first.role == .system { turns = turns.dropFirst() }
    let systems = sample.messages.count(where: { $0.role == .system })
    guard systems <= 1 else { throw .severalSystemMessages }
    guard systems == turns.startIndex, turns.startIndex == 0 || !sample.messages[0].text.isEmpty else {
      throw .systemMessage
    }
    guard turns.allSatisfy({ $0.role != .tool && !Self.hasCalls($0) }) else { throw .toolMessages }
    guard sample.messages.allSatisfy(\.extra.isEmpty) else { throw .messageExtras }
    guard turns.contains(where: { $0.role == .assistant }) else { throw .noResponse }
    guard turns.first?.role != .assistant || turns.count > 1 else { throw .noPrompt }
    let isPaired = turns.indices.allSatisfy {
      turns[$0].role == (($0 - turns.startIndex).isMultiple(of: 2) ? .user : .assistant)
    }
    guard isPaired, turns.count.isMultiple(of: 2) else { throw .turnOrder }
    line.add("instruction", text: turns[turns.endIndex - 2].text)
    line.add("input", text: "")
    line.add("output", text: turns[turns.endIndex - 1].text)
    if turns.startIndex > 0 { line.add("system", text: sample.messages[0].text) }
    let earlier = turns.dropLast(2)
    if !earlier.isEmpty { line.add("history", json: Self.history(earlier)) }
  }

  /// Whether a message calls tools.
  static func hasCalls(_ message: Message) -> Bool {
    message.extra.withUnsafeBytes { extra in
      MessageParts(isAssistant: true, extra: extra, text: UnsafeRawBufferPointer(start: nil, count: 0)).hasCalls
    }
  }

  private static func history(_ turns: ArraySlice<Message>) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, turn) in turns.enumerated() {
      bytes.append(contentsOf: (index == 0 ? "[[" : index.isMultiple(of: 2) ? "],[" : ",").utf8)
      JSONString.append(turn.text, .lines, to: &bytes)
    }
    return bytes + Array("]]".utf8)
  }
}
