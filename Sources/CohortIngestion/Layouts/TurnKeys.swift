/// The keys of turns. One table for all dialects, so that a list of turns is read whatever its own key is called and
/// whichever dialect its turns follow.
final class TurnKeys: Sendable {
  private let table: KeyTable
  /// What a turn without one is said to lack.
  let roleName: String
  let contentName: String

  private static let roles = ["role", "from", "author", "speaker"]
  private static let contents = ["content", "value", "text", "parts", "message", "utterance"]
  private static let questions = ["input", "instruction", "prompt", "question", "human", "user", "query"]
  private static let answers = ["output", "response", "completion", "answer", "gpt", "assistant", "bot"]

  private enum Bit {
    static let role: UInt32 = 1
    static let content: UInt32 = 2
    static let question: UInt32 = 4
    static let answer: UInt32 = 8
  }

  /// - Parameter words: names that stand in place of the known ones.
  init(_ words: TurnWords = TurnWords()) {
    let roles = words.roleKey.map { [$0] } ?? Self.roles
    let contents = words.contentKey.map { [$0] } ?? Self.contents
    (roleName, contentName) = (roles[0], contents[0])
    // The usual ones first: keys are looked for in this order.
    table = KeyTable(
      roles.map { ($0, Bit.role) } + contents.map { ($0, Bit.content) } + Self.questions.map { ($0, Bit.question) }
        + Self.answers.map { ($0, Bit.answer) })
  }

  /// The values of a turn by what they are; -1 for none.
  struct Members {
    var role = -1
    var content = -1
    var question = -1
    var answer = -1
    /// Something that is not null and none of these.
    var hasMore = false
    /// A role or a content is there twice under one name.
    var isDoubled = false
    /// The value of `from`, which belongs to `value`.
    fileprivate var from = -1
    fileprivate var roleRank = Int.max
    fileprivate var contentRank = Int.max

    /// Whether the turn says who speaks and what.
    var isTurn: Bool { role >= 0 }
    /// Whether it is a question with its answer.
    var isPair: Bool { role < 0 && question >= 0 && answer >= 0 }
  }

  /// What the members of a turn are. Of several contents the first in the table's order counts, so that a turn's `text`
  /// beside its `content` is something else.
  @inline(__always)
  func members(of turn: Int, _ tape: UnsafeTape) -> Members {
    var found = Members()
    tape.forEachMember(of: turn) { key, value in
      guard let rank = table.index(of: tape.text(key)) else {
        found.hasMore = found.hasMore || tape.kind(value) != .null
        return true
      }
      switch table.bits(at: rank) {
      // `author` may be an object; a role is a name.
      case Bit.role where tape.kind(value) != .object:
        found.isDoubled = found.isDoubled || rank == found.roleRank
        found.hasMore = found.hasMore || found.role >= 0
        if UnsafeTape.isEqual(tape.text(key), Self.from) { found.from = value }
        if rank < found.roleRank { (found.role, found.roleRank) = (value, rank) }
      case Bit.content:
        found.isDoubled = found.isDoubled || rank == found.contentRank
        found.hasMore = found.hasMore || found.content >= 0
        if rank < found.contentRank { (found.content, found.contentRank) = (value, rank) }
      case let bit:
        found.hasMore = found.hasMore || tape.kind(value) != .null
        if bit & Bit.question != 0, found.question < 0 { found.question = value }
        if bit & Bit.answer != 0, found.answer < 0 { found.answer = value }
      }
      return true
    }
    // A turn with both pairs of keys: the role is the one that belongs to the content.
    if found.from >= 0, isOneText(found.content, tape) { found.role = found.from }
    return found
  }

  /// Whether a content is all that a turn can say, as in ShareGPT's dialect: reasoning and calls stand in the text then.
  func isOneText(_ content: Int, _ tape: UnsafeTape) -> Bool {
    content > 0 && UnsafeTape.isEqual(tape.text(content - 1), Self.oneText)
  }

  private static let oneText = Array("value".utf8)
  private static let from = Array("from".utf8)

  /// Calls `body` with the members that are neither role nor content as `members` chose them, and not null. Of a key that
  /// is there twice the last value counts.
  func forEachOther(
    of turn: Int, _ members: Members, _ tape: UnsafeTape, _ body: (_ key: UnsafeTape.Text, _ value: Int) -> Void
  ) {
    guard tape.kind(turn) == .object else { return }
    let overridden = CanonicalJSON.overriddenKeys(of: turn, tape)
    tape.forEachMember(of: turn) { key, value in
      if overridden.contains(key) { return true }
      if value != members.role, value != members.content, tape.kind(value) != .null { body(tape.text(key), value) }
      return true
    }
  }
}
