internal import CohortCore

/// Messages that are records of their own and name the message they answer: Open Assistant's flat files. They are gathered
/// until the source ends, and written as conversations, a record each: one for every path as `RecordParser.parseTree`
/// takes them from a tree.
///
/// Memory: the texts and attributes of all rows, and the conversations made of them, each at most `limit` bytes.
struct LinkedRows {
  /// Bytes of records that are held at most.
  static let limit = 2 << 30

  private struct Row {
    var line: UInt64
    var parent: String?
    var isAssistant: Bool
    var rank: UInt64?
    /// The message as JSON, and the members of the record that are none of its links.
    var message: [UInt8]
    var rest: [UInt8]
  }

  /// A record that is read by the parser as it is: a conversation, or what is no message, with what is wrong with it.
  struct Other {
    var line: UInt64
    var bytes: [UInt8]
    var issue: InputBlock.Issue?
  }

  private var rows: [Row] = []
  private var index: [String: Int] = [:]
  /// Records that are no such row, as they came: the parser says what is wrong with them.
  private var others: [Other] = []
  private var size = 0
  private let roles: RoleTable
  private let highestRank: Int

  init(_ options: IngestionOptions) {
    roles = RoleTable(options.roles)
    highestRank = options.highestRank
  }

  /// Takes a record.
  /// - Parameter tape: nil when it is not JSON.
  mutating func add(_ record: Other, _ tape: UnsafeTape?, path: String) throws(CohortError) {
    size += record.bytes.count
    try Self.check(size, path)
    guard let tape, let row = row(of: tape, line: record.line) else {
      others.append(record)
      return
    }
    index[row.id] = index[row.id] ?? rows.count
    rows.append(row.row)
  }

  private func row(of tape: UnsafeTape, line: UInt64) -> (id: String, row: Row)? {
    let root = UnsafeTape.root
    func text(_ key: String) -> UnsafeTape.Text? {
      tape.member(Array(key.utf8), of: root).flatMap { tape.kind($0) == .string ? tape.text($0) : nil }
    }
    guard let id = text("message_id"), let content = text("text"), let role = text("role") else { return nil }
    var message: [UInt8] = Array("{\"role\":".utf8)
    CanonicalJSON.append(role, to: &message)
    message += Array(",\"content\":".utf8)
    CanonicalJSON.append(content, to: &message)
    message.append(UInt8(ascii: "}"))
    var rest: [UInt8] = []
    let own: Set<String> = ["text", "role", "parent_id", "message_id", "rank"]
    tape.forEachMember(of: root) { key, value in
      if own.contains(tape.string(key)) || tape.kind(value) == .null { return true }
      rest.append(UInt8(ascii: ","))
      CanonicalJSON.append(tape.text(key), to: &rest)
      rest.append(UInt8(ascii: ":"))
      CanonicalJSON.append(value, of: tape, to: &rest)
      return true
    }
    let rank = tape.member(Array("rank".utf8), of: root).flatMap { tape.count($0) }
    return (
      String(decoding: id, as: UTF8.self),
      Row(
        line: line, parent: text("parent_id").flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) },
        isAssistant: roles.role(named: role) == .assistant, rank: rank, message: message, rest: rest)
    )
  }

  private static func check(_ size: Int, _ path: String) throws(CohortError) {
    guard size <= limit else {
      throw CohortError(
        .ingestionLinkedSize, "the messages of the file are linked by their ids, and are too many to be held at once",
        place: path, hint: "Divide the file by trees, or use the file of trees that comes with it")
    }
  }

  /// The conversations in the order of the lines of their last messages, and the records that are none.
  /// - Returns: also how many messages answer one that is not there, and how many are in no conversation.
  /// - Throws: `ingestion.linked-size`.
  func conversations(path: String) throws(CohortError) -> (records: [Other], orphans: Int, unread: Int) {
    var children: [[Int]] = Array(repeating: [], count: rows.count)
    var orphans = 0
    for (number, row) in rows.enumerated() {
      guard let parent = row.parent else { continue }
      if let known = index[parent] { children[known].append(number) } else { orphans += 1 }
    }
    let accepted = rows.indices.map { number -> [Int] in
      let isRanked = children[number].contains { rows[$0].rank != nil }
      return children[number].filter { rows[$0].rank.map { $0 <= UInt64(highestRank) } ?? !isRanked }
    }
    var found = others
    var made = 0
    var read = [Bool](repeating: false, count: rows.count)
    for root in rows.indices where rows[root].parent.flatMap({ index[$0] }) == nil {
      let (leaves, parents) = leaves(below: root, accepted)
      for leaf in leaves {
        let messages = Self.path(to: leaf, parents)
        var record: [UInt8] = Array("{\"messages\":[".utf8)
        for (position, number) in messages.enumerated() {
          read[number] = true
          if position > 0 { record.append(UInt8(ascii: ",")) }
          record += rows[number].message
        }
        record.append(UInt8(ascii: "]"))
        record += rows[leaf].rest
        record.append(UInt8(ascii: "}"))
        made += record.count
        try Self.check(made, path)
        found.append(Other(line: rows[leaf].line, bytes: record))
      }
    }
    return (found.sorted { $0.line < $1.line }, orphans, read.count { !$0 })
  }

  /// Without recursion: a chain of replies may be as long as the file.
  private func leaves(below root: Int, _ accepted: [[Int]]) -> (leaves: [Int], parents: [Int: Int]) {
    var order: [Int] = []
    var parent: [Int: Int] = [:]
    var waiting = [root]
    while let next = waiting.popLast() {
      order.append(next)
      for child in accepted[next] where parent[child] == nil && child != root {
        parent[child] = next
        waiting.append(child)
      }
    }
    // Children come after their parents: going back, each knows whether an answer lies below it.
    var holdsAnswer: Set<Int> = []
    var leaves: [Int] = []
    for number in order.reversed() {
      if rows[number].isAssistant, !holdsAnswer.contains(number) { leaves.append(number) }
      if rows[number].isAssistant || holdsAnswer.contains(number), let above = parent[number] {
        holdsAnswer.insert(above)
      }
    }
    return (leaves, parent)
  }

  private static func path(to leaf: Int, _ parents: [Int: Int]) -> [Int] {
    var path = [leaf]
    while let last = path.last, let above = parents[last] { path.append(above) }
    return path.reversed()
  }
}
