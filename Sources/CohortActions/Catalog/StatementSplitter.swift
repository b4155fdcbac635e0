internal import CohortCatalog
internal import CohortCore

/// Cuts a script into statements of SQL and commands of the shell, while its bytes come.
///
/// ```sql
/// SELECT 'a;b' AS "c;d" /* ; */; -- ends behind the comment, not within the quotes
/// .mode csv
/// ```
///
/// A statement ends with a semicolon that is in no text, name and comment, as SQLite reads them: `'…'`, `"…"`, `` `…` ``,
/// `[…]`, `-- …` to the end of the line, `/* … */`. A line that begins with a point where no statement is open is a command.
/// What is blank or a comment in front of either is left out.
///
/// Each byte is looked at once, however the script is cut into pieces.
public struct StatementSplitter: Sendable {
  /// A part of a script.
  public struct Item: Hashable, Sendable {
    /// What it is.
    public enum Kind: Hashable, Sendable {
      /// SQL, with the semicolon if it has one.
      case statement
      /// A command, with its point.
      case command
    }

    public var kind: Kind
    public var text: String
    /// The line of the script in which it begins, from 1.
    public var line: Int
  }

  /// Within what the script so far ends.
  public enum Place: Hashable, Sendable {
    /// Nothing is open.
    case between
    /// A statement, outside of quotes and comments.
    case statement
    /// A text or a name that this character ends.
    case quoted(UInt8)
    /// A comment in the middle of a line, or in front of a statement.
    case comment
  }

  private enum State {
    case plain
    case quoted(UInt8)
    case lineComment
    case blockComment
    case command
  }

  private var state = State.plain
  private var bytes: [UInt8] = []
  /// The byte before, where it matters: both may begin a comment, and an asterisk may end one.
  private var previous: UInt8 = 0
  /// Whether the statement has more than blanks and comments.
  private var hasBegun = false
  private var isLineStart = true
  private var line = 1
  private var firstLine = 1
  /// Bytes looked at so far, all scripts of this value together.
  public private(set) var bytesLookedAt = 0

  public init() {}

  /// Within what the script so far ends, for a prompt.
  public var place: Place {
    switch state {
    case .quoted(let end): .quoted(end)
    case .blockComment: .comment
    case .plain, .lineComment, .command: hasBegun || isPending ? .statement : .between
    }
  }

  /// Takes the next bytes of a script.
  /// - Parameter take: gets each part that they complete.
  /// - Throws: `catalog.refused` for a part that is longer than a statement may be; what `take` throws. The script is forgotten
  ///   then.
  /// - Complexity: O(bytes).
  public mutating func feed(_ script: some Sequence<UInt8>, _ take: (Item) throws -> Void) throws {
    do {
      for byte in script {
        bytesLookedAt += 1
        if let item = next(byte) { try take(item) }
        if bytes.count > QueryLimits.statementBytes {
          throw CohortError(
            .catalogRefused, "The statement is not allowed", place: "line \(firstLine)",
            cause: "it is longer than \(QueryLimits.statementBytes) bytes, or its end is not seen",
            hint: "Look for a quotation mark or a comment that is not closed")
        }
      }
    } catch {
      forget()
      throw error
    }
  }

  /// Ends the script.
  /// - Returns: what was open, without the semicolon that it lacks; nil where nothing was.
  public mutating func finish() -> Item? {
    defer { forget() }
    if case .command = state { return item(.command) }
    return hasBegun || isPending ? item(.statement) : nil
  }

  /// Drops what is open, and begins a new script.
  public mutating func forget() {
    let looked = bytesLookedAt
    self = StatementSplitter()
    bytesLookedAt = looked
  }

  /// A character that begins a comment with another one, which has not come.
  private var isPending: Bool {
    if case .plain = state { return previous == UInt8(ascii: "-") || previous == UInt8(ascii: "/") }
    return false
  }

  private mutating func next(_ byte: UInt8) -> Item? {
    if bytes.isEmpty { firstLine = line }
    bytes.append(byte)
    defer {
      isLineStart = byte == UInt8(ascii: "\n")
      if isLineStart { line += 1 }
    }
    switch state {
    case .quoted(let end):
      if byte == end { state = .plain }
    case .lineComment:
      if byte == UInt8(ascii: "\n") {
        state = .plain
        dropBlank()
      }
    case .blockComment:
      if byte == UInt8(ascii: "/"), previous == UInt8(ascii: "*") {
        state = .plain
        previous = 0
        dropBlank()
        return nil
      }
      previous = byte
    case .command:
      guard byte == UInt8(ascii: "\n") else { return nil }
      state = .plain
      return item(.command)
    case .plain: return plain(byte)
    }
    return nil
  }

  private mutating func plain(_ byte: UInt8) -> Item? {
    let before = previous
    previous = byte
    switch byte {
    case UInt8(ascii: "-") where before == byte: state = .lineComment
    case UInt8(ascii: "*") where before == UInt8(ascii: "/"):
      // `/*/` does not end it: the asterisk is forgotten below.
      state = .blockComment
    case UInt8(ascii: "-"), UInt8(ascii: "/"):
      if before == UInt8(ascii: "-") || before == UInt8(ascii: "/") { hasBegun = true }
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
      (state, hasBegun) = (.quoted(byte), true)
    case UInt8(ascii: "["):
      (state, hasBegun) = (.quoted(UInt8(ascii: "]")), true)
    case UInt8(ascii: "."):
      if isLineStart, !hasBegun, before != UInt8(ascii: "-"), before != UInt8(ascii: "/") {
        bytes = [byte]
        firstLine = line
        state = .command
      } else {
        hasBegun = true
      }
    case UInt8(ascii: ";"):
      guard hasBegun || before == UInt8(ascii: "-") || before == UInt8(ascii: "/") else {
        bytes.removeAll(keepingCapacity: true)
        return nil
      }
      return item(.statement)
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0c:
      if before == UInt8(ascii: "-") || before == UInt8(ascii: "/") { hasBegun = true }
      dropBlank()
    default: hasBegun = true
    }
    if case .plain = state { return nil }
    previous = 0
    return nil
  }

  /// Leaves out what is in front of a statement.
  private mutating func dropBlank() {
    if !hasBegun { bytes.removeAll(keepingCapacity: true) }
  }

  private mutating func item(_ kind: Item.Kind) -> Item {
    var text = String(decoding: bytes, as: UTF8.self)
    if kind == .command { while let last = text.last, last.isWhitespace { text.removeLast() } }
    bytes.removeAll(keepingCapacity: true)
    (state, hasBegun, previous) = (.plain, false, 0)
    return Item(kind: kind, text: text, line: firstLine)
  }
}
