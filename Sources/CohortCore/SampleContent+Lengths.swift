extension SampleContent {
  /// The lengths of a stored sample, as its ingestion would count them: those of its `SampleParts`. Calls of tools count as
  /// the JSON that they are kept in.
  /// - Parameter measure: the length of a text in UTF-8.
  /// - Throws: `CohortError` when the bytes are damaged.
  public static func lengths(
    of bytes: UnsafeRawBufferPointer, measure: (UnsafeRawBufferPointer) -> Int
  ) throws -> SampleLengths {
    try withParts(of: bytes) { lengths(of: $0, measure: measure) }
  }

  /// The same of messages that were found already.
  public static func lengths(of view: PartsView, measure: (UnsafeRawBufferPointer) -> Int) -> SampleLengths {
    view.parts.lengths { index in
      let message = view.messages[index]
      return measure(message.text) + (holdsCalls(message.extra) ? measure(message.extra) : 0)
    }
  }

  /// Whether a message's extra object has calls of tools: a member `tool_calls` or `function_call` that is an object, or a
  /// list with something in it.
  static func holdsCalls(_ extra: UnsafeRawBufferPointer) -> Bool {
    var depth = 0
    var offset = 0
    // Canonical JSON has no white space; a string before a colon at depth 1 is a member's name.
    while offset < extra.count {
      switch extra[offset] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        let start = offset + 1
        offset = start
        while offset < extra.count, extra[offset] != UInt8(ascii: "\"") {
          offset += extra[offset] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard offset + 2 < extra.count else { return false }
        guard depth == 1, extra[offset + 1] == UInt8(ascii: ":") else { break }
        let name = extra[start..<offset]
        guard name.elementsEqual("tool_calls".utf8) || name.elementsEqual("function_call".utf8) else { break }
        switch extra[offset + 2] {
        case UInt8(ascii: "{"): return true
        case UInt8(ascii: "[") where offset + 3 < extra.count && extra[offset + 3] != UInt8(ascii: "]"): return true
        default: break
        }
      default: break
      }
      offset += 1
    }
    return false
  }
}
