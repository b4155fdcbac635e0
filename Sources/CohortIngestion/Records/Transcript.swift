/// Conversations in one text: JSON of turns, or the speakers' names before what they say, each turn behind an empty line:
///
/// ```
/// Human: Why is the sky blue?
///
/// Assistant: Because air scatters blue light most.
/// ```
enum Transcript {
  struct Turn {
    var role: TurnRole
    var text: UnsafeTape.Text
  }

  /// Names as public data writes them; the longer ones first where one begins with another.
  private static let markers: [(name: [UInt8], role: TurnRole)] = names.map { (Array($0.0.utf8), $0.1) }

  private static let names: [(String, TurnRole)] = [
    ("Human:", .user), ("Assistant:", .assistant), ("USER:", .user), ("ASSISTANT:", .assistant), ("User:", .user),
    ("### Human:", .user), ("### Assistant:", .assistant), ("### User:", .user), ("SYSTEM:", .system),
    ("System:", .system), ("FUNCTION RESPONSE:", .tool), ("FUNCTION_RESPONSE:", .tool),
  ]

  /// Whether a text is JSON, or begins with a speaker and has an answer.
  static func holdsTurns(_ text: UnsafeTape.Text) -> Bool {
    guard let first = text.firstIndex(where: { !TextSniffing.isSpace($0) }) else { return false }
    if text[first] == UInt8(ascii: "[") || text[first] == UInt8(ascii: "{") { return isJSONOfTurns(text, from: first) }
    return isTranscript(text)
  }

  /// Whether a text begins with a speaker's name and has an answer.
  static func isTranscript(_ text: UnsafeTape.Text) -> Bool {
    guard let first = text.firstIndex(where: { !TextSniffing.isSpace($0) }), marker(at: first, in: text) != nil else {
      return false
    }
    return turns(of: text).contains { $0.role == .assistant }
  }

  /// A list or object of objects: the parser will say whether they are turns.
  private static func isJSONOfTurns(_ text: UnsafeTape.Text, from start: Int) -> Bool {
    guard let last = text.lastIndex(where: { !TextSniffing.isSpace($0) }), last > start else { return false }
    guard text[start] == UInt8(ascii: "["), text[last] == UInt8(ascii: "]") else { return false }
    let second = text[(start + 1)...].first { !TextSniffing.isSpace($0) }
    return second == UInt8(ascii: "{") || second == UInt8(ascii: "[")
  }

  static func isJSON(_ text: UnsafeTape.Text) -> Bool {
    guard let first = text.first(where: { !TextSniffing.isSpace($0) }) else { return false }
    return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
  }

  private static let openMarker = Array("\n\nHuman:".utf8)

  /// The turns of a prompt in Anthropic's old form, which ends where the assistant is to speak; empty for any other text.
  static func openTurns(of text: UnsafeTape.Text) -> [Turn] {
    guard text.first == 0x0a, text.starts(with: openMarker) else { return [] }
    let turns = turns(of: text)
    guard let last = turns.last, last.role == .assistant, last.text.isEmpty else { return [] }
    return turns.dropLast()
  }

  /// The turns of a text that begins with a speaker; empty for any other.
  /// - Complexity: O(bytes).
  static func turns(of text: UnsafeTape.Text) -> [Turn] {
    var turns: [Turn] = []
    guard let first = text.firstIndex(where: { !TextSniffing.isSpace($0) }),
      var open = marker(at: first, in: text)
    else { return [] }
    var start = first + open.length
    var position = start
    while let place = nextPlace(after: position, in: text) {
      position = place
      guard let next = marker(at: place, in: text) else { continue }
      turns.append(Turn(role: open.role, text: trimmed(text, start..<place)))
      open = next
      start = place + next.length
      position = start
    }
    turns.append(Turn(role: open.role, text: trimmed(text, start..<text.count)))
    return turns
  }

  private static func marker(at index: Int, in text: UnsafeTape.Text) -> (role: TurnRole, length: Int)? {
    for (name, role) in markers where index + name.count <= text.count {
      if UnsafeTape.isEqual(UnsafeTape.Text(rebasing: text[index..<(index + name.count)]), name) {
        return (role, name.count)
      }
    }
    return nil
  }

  /// Where a speaker's name may stand: behind an empty line, and anywhere if it has a `###` before it.
  private static func nextPlace(after index: Int, in text: UnsafeTape.Text) -> Int? {
    var index = index + 1
    while index < text.count {
      if text[index] == UInt8(ascii: "#") {
        if index + 3 < text.count, text[index + 1] == text[index], text[index - 1] != text[index] { return index }
      } else if text[index - 1] == 0x0a, isBehindEmptyLine(index, in: text) {
        return index
      }
      index += 1
    }
    return nil
  }

  private static func isBehindEmptyLine(_ line: Int, in text: UnsafeTape.Text) -> Bool {
    var index = line - 2
    while index >= 0, text[index] == 0x0d || text[index] == 0x20 { index -= 1 }
    return index >= 0 && text[index] == 0x0a
  }

  /// A marker behind a text that is no part of it.
  static let endOfText = Array("<|endoftext|>".utf8)

  /// Without outer white space and the marker of a text's end.
  private static func trimmed(_ text: UnsafeTape.Text, _ range: Range<Int>) -> UnsafeTape.Text {
    func stripped(_ part: Range<Int>) -> Range<Int> {
      var part = part
      while let first = part.first, TextSniffing.isSpace(text[first]) { part.removeFirst() }
      while let last = part.last, TextSniffing.isSpace(text[last]) { part.removeLast() }
      return part
    }
    var part = stripped(range)
    if part.count >= endOfText.count,
      UnsafeTape.isEqual(
        UnsafeTape.Text(rebasing: text[(part.upperBound - endOfText.count)..<part.upperBound]), endOfText)
    {
      part = stripped(part.lowerBound..<(part.upperBound - endOfText.count))
    }
    return UnsafeTape.Text(rebasing: text[part])
  }
}
