extension SampleContent {
  /// The lengths of a stored sample, as its ingestion would count them: everything before the last assistant message,
  /// that message, and all messages. Calls of tools count as the JSON that they are kept in.
  /// - Parameter measure: the length of a text in UTF-8.
  /// - Throws: `CohortError` when the bytes are damaged.
  public static func lengths(
    of bytes: UnsafeRawBufferPointer, measure: (UnsafeRawBufferPointer) -> Int
  ) throws -> SampleLengths {
    var lengths: [Int] = []
    var response: Int?
    try visit(bytes) { role, extra, text in
      if role == .assistant { response = lengths.count }
      lengths.append(measure(text) + (holdsCalls(extra) ? measure(extra) : 0))
    }
    let end = response ?? lengths.count
    return SampleLengths(
      prompt: UInt32(clamping: lengths[..<end].reduce(0, +)),
      response: UInt32(clamping: response.map { lengths[$0] } ?? 0),
      total: UInt32(clamping: lengths.reduce(0, +)))
  }

  /// Whether a message's extra object has calls of tools: a member `tool_calls` or `function_call` that is an object, or a
  /// list with something in it.
  static func holdsCalls(_ extra: UnsafeRawBufferPointer) -> Bool {
    var found = false
    CanonicalObject.forEachMember(of: extra) { name, value in
      guard name.elementsEqual("tool_calls".utf8) || name.elementsEqual("function_call".utf8) else { return true }
      found = value[0] == UInt8(ascii: "{") || value[0] == UInt8(ascii: "[") && value[1] != UInt8(ascii: "]")
      return !found
    }
    return found
  }
}
