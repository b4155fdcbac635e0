internal import GRDBSQLite

/// `LIKE` as SQLite defines it, but stoppable: SQLite's own does not look at the clock inside of one comparison, and one
/// comparison of a long text with a pattern of many `%` takes a while.
///
/// `%` is any run of characters, `_` one character of UTF-8; ASCII letters match in either case.
enum UnsafeLikeFunction {
  static let patternBytes = 1000

  /// Replaces the operator on a connection. `watch` must outlive every statement of it, or be taken away by another call;
  /// with nil nothing stops a comparison.
  static func install(on handle: OpaquePointer, _ watch: QueryWatch?) -> CInt {
    let context = watch.map { Unmanaged.passUnretained($0).toOpaque() }
    for count in [2, 3] as [CInt] {
      let code = sqlite3_create_function_v2(
        handle, "like", count, SQLITE_UTF8 | SQLITE_DETERMINISTIC, context,
        { context, count, values in
          guard let context, let values else { return }
          UnsafeLikeFunction.call(context, UnsafeBufferPointer(start: values, count: Int(count)))
        }, nil, nil, nil)
      guard code == SQLITE_OK else { return code }
    }
    return SQLITE_OK
  }

  /// `like(pattern, text)` or `like(pattern, text, escape)`.
  private static func call(_ context: OpaquePointer, _ values: UnsafeBufferPointer<OpaquePointer?>) {
    guard let pattern = utf8(values[0]), let text = utf8(values[1]) else { return sqlite3_result_null(context) }
    guard pattern.count <= patternBytes else {
      return sqlite3_result_error(context, "LIKE pattern too long", -1)
    }
    var escape: [UInt8] = []
    if values.count > 2 {
      guard let bytes = utf8(values[2]) else { return sqlite3_result_null(context) }
      guard let first = bytes.first, bytes.count == length(first) else {
        return sqlite3_result_error(context, "ESCAPE expression must be a single character", -1)
      }
      escape = Array(bytes)
    }
    let watch = sqlite3_user_data(context).map { Unmanaged<QueryWatch>.fromOpaque($0).takeUnretainedValue() }
    var steps = 0
    let matches = matches(tokens(pattern, escape: escape), text) {
      steps &+= 1
      return steps & 0xffff == 1 && watch?.mustStop() == true
    }
    guard let matches else {
      sqlite3_interrupt(sqlite3_context_db_handle(context))
      return sqlite3_result_error_code(context, SQLITE_INTERRUPT)
    }
    sqlite3_result_int(context, matches ? 1 : 0)
  }

  private static func utf8(_ value: OpaquePointer?) -> UnsafeBufferPointer<UInt8>? {
    guard sqlite3_value_type(value) != SQLITE_NULL else { return nil }
    let text = sqlite3_value_text(value)
    return UnsafeBufferPointer(start: text, count: text == nil ? 0 : Int(sqlite3_value_bytes(value)))
  }

  private enum Token: Equatable {
    case run
    case one
    case byte(UInt8)
  }

  private static func tokens(_ pattern: UnsafeBufferPointer<UInt8>, escape: [UInt8]) -> [Token] {
    var tokens: [Token] = []
    var index = 0
    while index < pattern.count {
      if !escape.isEmpty, pattern[index...].starts(with: escape) {
        index += escape.count
        // A pattern that ends with the escape character matches nothing.
        guard index < pattern.count else { return [.byte(0xff)] }
        tokens.append(.byte(lowered(pattern[index])))
      } else if pattern[index] == UInt8(ascii: "%") {
        if tokens.last != .run { tokens.append(.run) }
      } else {
        tokens.append(pattern[index] == UInt8(ascii: "_") ? .one : .byte(lowered(pattern[index])))
      }
      index += 1
    }
    return tokens
  }

  /// - Parameter mustStop: asked at every step.
  /// - Returns: nil when it was stopped.
  private static func matches(
    _ tokens: [Token], _ text: UnsafeBufferPointer<UInt8>, _ mustStop: () -> Bool
  ) -> Bool? {
    var (at, token) = (0, 0)
    // Where to go on when what follows the last `%` does not match here: one byte further.
    var retry: (at: Int, token: Int)?
    while at < text.count {
      if mustStop() { return nil }
      if token < tokens.count {
        switch tokens[token] {
        case .run:
          token += 1
          retry = (at, token)
          continue
        case .one:
          at = min(at + length(text[at]), text.count)
          token += 1
          continue
        case .byte(let byte) where byte == lowered(text[at]):
          at += 1
          token += 1
          continue
        case .byte: break
        }
      }
      guard let last = retry else { return false }
      at = last.at + length(text[last.at])
      token = last.token
      retry = (at, token)
    }
    return tokens[token...].allSatisfy { $0 == .run }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// Bytes of the character that starts with this one; 1 inside of a broken one.
  private static func length(_ first: UInt8) -> Int {
    switch first {
    case 0xc0..<0xe0: 2
    case 0xe0..<0xf0: 3
    case 0xf0..<0xf8: 4
    default: 1
    }
  }
}
