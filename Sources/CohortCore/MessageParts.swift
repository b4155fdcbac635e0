/// What a message says, taken apart in place: what the model thought, what it answered, which tools it called. The one
/// place that says so; lengths, encoders and exports ask here. Valid as long as the bytes it was made of.
///
/// Reasoning stands beside the text, in a member of the extra object (`reasoning_content`, else `reasoning`, else
/// `thinking`, if it is a string), or at the beginning of the text, between `<think>` and `</think>`. Texts are stored
/// verbatim: nothing is moved from one place to the other. Only the assistant reasons; whoever else writes `<think>` writes
/// text. An opening mark without a closing one is text, too.
public struct MessageParts {
  /// What a length counts of a message.
  public enum Part: UInt8, CaseIterable, Sendable {
    /// Text, reasoning and calls.
    case everything = 0
    /// The text without the reasoning at its beginning, and calls.
    case answer = 1
    /// Reasoning, wherever it stands, without the marks around it.
    case reasoning = 2

    /// As options and reports spell it; `Part(name:)` reads it back.
    public var name: String {
      switch self {
      case .everything: "everything"
      case .answer: "answer"
      case .reasoning: "reasoning"
      }
    }

    /// The part of a word that `name` gives; nil for any other word.
    public init?(name: String) {
      guard let part = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = part
    }
  }

  /// All of the message's text, in UTF-8.
  public let text: UnsafeRawBufferPointer
  private let isAssistant: Bool
  /// The members that may hold reasoning, in the order in which they count: strings of JSON with their quotation marks.
  private var reasoningMembers: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?, UnsafeRawBufferPointer?)
  /// The values of `tool_calls` and `function_call`.
  private var calls: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?)

  /// - Parameters:
  ///   - isAssistant: whether the model speaks.
  ///   - extra: the message's extra object in canonical JSON; empty when there is none.
  ///   - text: in UTF-8.
  /// - Complexity: O(bytes of `extra`); the text is not looked at.
  public init(isAssistant: Bool, extra: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer) {
    self.text = text
    self.isAssistant = isAssistant
    guard !extra.isEmpty else { return }
    var (reasoning, calls) = (self.reasoningMembers, self.calls)
    CanonicalObject.forEachMember(of: extra) { name, value in
      switch name.count {
      case 17 where isAssistant && name.elementsEqual("reasoning_content".utf8): reasoning.0 = Self.string(value)
      case 9 where isAssistant && name.elementsEqual("reasoning".utf8): reasoning.1 = Self.string(value)
      case 8 where isAssistant && name.elementsEqual("thinking".utf8): reasoning.2 = Self.string(value)
      case 10 where name.elementsEqual("tool_calls".utf8): calls.0 = Self.calls(value)
      case 13 where name.elementsEqual("function_call".utf8): calls.1 = Self.calls(value)
      default: break
      }
      return true
    }
    (self.reasoningMembers, self.calls) = (reasoning, calls)
  }

  /// A string that is not empty.
  private static func string(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    value[0] == UInt8(ascii: "\"") && value.count > 2 ? value : nil
  }

  /// An object, or a list with something in it.
  private static func calls(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let isCall = value[0] == UInt8(ascii: "{") || value[0] == UInt8(ascii: "[") && value[1] != UInt8(ascii: "]")
    return isCall ? value : nil
  }
}

extension MessageParts {
  // MARK: Reasoning

  private var reasoningMember: UnsafeRawBufferPointer? {
    reasoningMembers.0 ?? reasoningMembers.1 ?? reasoningMembers.2
  }

  /// Whether there is reasoning beside the text.
  public var hasReasoningBesideText: Bool { reasoningMember != nil }

  /// Lends the reasoning that stands beside the text, in UTF-8: empty when there is none.
  /// - Complexity: O(bytes); it is copied only if it has escapes.
  public func withReasoningBesideText<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    guard let member = reasoningMember else { return try body(UnsafeRawBufferPointer(rebasing: text[..<0])) }
    return try JSONString.withText(of: member, body)
  }

  /// The reasoning at the beginning of the text, without its marks and the white space inside them: empty when there is none.
  public var reasoningInText: UnsafeRawBufferPointer { split.reasoning }

  /// The text without the reasoning at its beginning, and without the white space behind that.
  public var answer: UnsafeRawBufferPointer { split.answer }

  /// Complexity: O(1) for a text that does not begin with `<think>`, else O(bytes of the reasoning).
  private var split: (reasoning: UnsafeRawBufferPointer, answer: UnsafeRawBufferPointer) {
    let whole = (reasoning: UnsafeRawBufferPointer(rebasing: text[..<0]), answer: text)
    guard isAssistant, let first = text.first, first == UInt8(ascii: "<") || Self.isSpace(first) else { return whole }
    let opening = text.drop(while: Self.isSpace)
    guard opening.starts(with: "<think>".utf8) else { return whole }
    let inside = opening.dropFirst(7)
    guard let end = Self.closing(in: inside) else { return whole }
    let reasoning = Self.withoutSpace(inside[..<end])
    let answer = inside[(end + 8)...].drop(while: Self.isSpace)
    return (UnsafeRawBufferPointer(rebasing: reasoning), UnsafeRawBufferPointer(rebasing: answer))
  }

  /// Where the first `</think>` begins.
  private static func closing(in text: Slice<UnsafeRawBufferPointer>) -> Int? {
    var rest = text
    while let place = rest.firstIndex(of: UInt8(ascii: "<")) {
      rest = rest[place...]
      if rest.starts(with: "</think>".utf8) { return place }
      rest = rest.dropFirst()
    }
    return nil
  }

  private static func withoutSpace(_ text: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    let rest = text.drop(while: isSpace)
    let end = rest.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? rest.startIndex
    return rest[..<end]
  }

  /// ASCII white space.
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }
}

extension MessageParts {
  // MARK: Reasoning in a dialect of one text a turn

  /// The reasoning that stands beside the text as dialects with one text a turn have it, before that text: mark, line end,
  /// reasoning, line end, mark, two line ends. Empty when there is none.
  public var inlineReasoning: [UInt8] {
    guard hasReasoningBesideText else { return [] }
    return withReasoningBesideText { Array("<think>\n".utf8) + $0 + Array("\n</think>\n\n".utf8) }
  }

  /// The text without `inlineReasoning` at its beginning: a dialect may hold the same reasoning in both places.
  /// - Complexity: O(bytes of the reasoning) if the text begins with `<think>`, else O(1).
  public var textWithoutInlineReasoning: UnsafeRawBufferPointer {
    guard hasReasoningBesideText, text.starts(with: "<think>\n".utf8) else { return text }
    let inline = inlineReasoning
    return text.starts(with: inline) ? UnsafeRawBufferPointer(rebasing: text[inline.count...]) : text
  }
}

extension MessageParts {
  // MARK: Calls

  /// Whether the message calls tools.
  public var hasCalls: Bool { calls.0 != nil || calls.1 != nil }

  /// Calls `body` with the JSON of each call as it is trained on: its `function` object, or, where it has none, the call
  /// itself without `id`, `type` and `index`.
  /// - Parameter unfolding: arguments that are text, as OpenAI has them, stand there as the JSON that the text holds; if it
  ///   holds none, what `body` gets is no JSON either. Else they stay as they are.
  /// - Complexity: O(bytes); a call is copied only if something of it is left out or unfolded.
  public func forEachCall(unfolding: Bool = true, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    for calls in [calls.0, calls.1] {
      guard let calls else { continue }
      if calls[0] == UInt8(ascii: "[") {
        try CanonicalObject.forEachElement(of: calls) { call in
          try Self.withCall(call, unfolding, body)
          return true
        }
      } else {
        try Self.withCall(calls, unfolding, body)
      }
    }
  }

  private static func withCall(
    _ call: UnsafeRawBufferPointer, _ unfolding: Bool, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    var function: UnsafeRawBufferPointer?
    CanonicalObject.forEachMember(of: call) { name, value in
      guard name.elementsEqual("function".utf8), value[0] == UInt8(ascii: "{") else { return true }
      function = value
      return false
    }
    let isWhole = function != nil
    let object = function ?? call
    var isPlain = true
    CanonicalObject.forEachMember(of: object) { name, value in
      isPlain = !(unfolding && isText(name, value) || !isWhole && isOfTheCall(name))
      return isPlain
    }
    if isPlain { return try body(object) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(object.count)
    CanonicalObject.forEachMember(of: object) { name, value in
      if !isWhole && isOfTheCall(name) { return true }
      bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
      bytes.append(UInt8(ascii: "\""))
      bytes.append(contentsOf: name)
      bytes.append(contentsOf: "\":".utf8)
      if unfolding, isText(name, value) {
        JSONString.withText(of: value) { bytes.append(contentsOf: $0) }
      } else {
        bytes.append(contentsOf: value)
      }
      return true
    }
    if bytes.isEmpty { bytes.append(UInt8(ascii: "{")) }
    bytes.append(UInt8(ascii: "}"))
    try bytes.withUnsafeBytes(body)
  }

  private static func isText(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    value[0] == UInt8(ascii: "\"") && name.elementsEqual("arguments".utf8)
  }

  private static func isOfTheCall(_ name: UnsafeRawBufferPointer) -> Bool {
    name.elementsEqual("id".utf8) || name.elementsEqual("type".utf8) || name.elementsEqual("index".utf8)
  }
}

extension MessageParts {
  // MARK: Lengths

  /// The length of a part of the message: the sum of the lengths of its texts. What else the message carries (`weight`, ids,
  /// names) does not count.
  /// - Parameter measure: the length of a text in UTF-8; not asked for empty ones.
  public func length(of part: Part = .everything, measure: (UnsafeRawBufferPointer) -> Int) -> Int {
    func length(_ text: UnsafeRawBufferPointer) -> Int { text.isEmpty ? 0 : measure(text) }
    var sum =
      switch part {
      case .everything: length(text)
      case .answer: length(answer)
      case .reasoning: length(reasoningInText)
      }
    if part != .answer, hasReasoningBesideText { sum += withReasoningBesideText(length) }
    if part != .reasoning, hasCalls { forEachCall { sum += length($0) } }
    return sum
  }
}

extension SampleContent {
  /// Whether the extra object of a message says that the model does not train on it: `weight`, `train`, `trainable`, `loss`
  /// or `loss_mask` is 0 or false, `loss_mask` is a list of nothing else, or `masked` is true. Of members that say
  /// different things, this one counts.
  /// - Complexity: O(bytes).
  public static func isMasked(_ extra: UnsafeRawBufferPointer) -> Bool {
    guard !extra.isEmpty else { return false }
    var isMasked = false
    CanonicalObject.forEachMember(of: extra) { name, value in
      switch name.count {
      case 6 where name.elementsEqual("weight".utf8), 5 where name.elementsEqual("train".utf8),
        9 where name.elementsEqual("trainable".utf8), 4 where name.elementsEqual("loss".utf8):
        isMasked = isOff(value)
      case 9 where name.elementsEqual("loss_mask".utf8): isMasked = isOff(value) || areAllOff(value)
      case 6 where name.elementsEqual("masked".utf8): isMasked = value.elementsEqual("true".utf8) || isOne(value)
      default: break
      }
      return !isMasked
    }
    return isMasked
  }

  /// Whether a value is false, or a number that is zero.
  private static func isOff(_ value: UnsafeRawBufferPointer) -> Bool {
    if value.elementsEqual("false".utf8) { return true }
    guard let first = value.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "0") else { return false }
    return value.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }.allSatisfy {
      $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
    }
  }

  private static func isOne(_ value: UnsafeRawBufferPointer) -> Bool {
    value.elementsEqual("1".utf8) || value.elementsEqual("1.0".utf8)
  }

  /// Whether a value is a list with something in it that is all `isOff`.
  private static func areAllOff(_ list: UnsafeRawBufferPointer) -> Bool {
    var (count, isOff) = (0, true)
    CanonicalObject.forEachElement(of: list) { element in
      count += 1
      isOff = Self.isOff(element)
      return isOff
    }
    return count > 0 && isOff
  }
}
