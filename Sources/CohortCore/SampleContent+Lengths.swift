extension SampleContent {
  /// The lengths of a stored sample, as its ingestion would count them: those of its `SampleParts`. Calls of tools count as
  /// the JSON that they are kept in.
  /// - Parameter measure: the length of a text in UTF-8.
  public static func lengths(of view: PartsView, measure: (UnsafeRawBufferPointer) -> Int) -> SampleLengths {
    view.parts.lengths { index in
      let message = view.messages[index]
      return measure(message.text) + (holdsCalls(message.extra) ? measure(message.extra) : 0)
    }
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
