internal import CohortCore

/// Messages that are records of their own and name the message they answer: Open Assistant's flat files. They are gathered
/// until the source ends, and written as conversations, a record each: one for every path as `RecordParser.parseTree`
/// takes them from a tree.
///
/// Memory: the texts and attributes of all rows, at most `limit` bytes.
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

  private var rows: [Row] = []
  private var index: [String: Int] = [:]
  /// Records that are no such row, as they came: the parser says what is wrong with them.
  private var others: [(line: UInt64, bytes: [UInt8])] = []
  private var size = 0
  private let roles: RoleTable
  private let highestRank: Int

  init(_ options: IngestionOptions) {
    roles = RoleTable(options.roles)
    highestRank = options.highestRank
  }

  /// Takes a record.
  /// - Parameter tape: nil when it is not JSON.
  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, line: UInt64, _ tape: UnsafeTape?, path: String)
    throws(CohortError)
  {
    size += bytes.count
    guard size <= Self.limit else {
      throw CohortError(
        .ingestionLinkedSize, "the messages of the file are linked by their ids, and are too many to be held at once",
        place: path, hint: "Divide the file by trees, or use the file of trees that comes with it")
    }
    guard let tape, let row = row(of: tape, line: line) else {
      others.append((line, Array(bytes)))
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
        line: line, parent: text("parent_id").map { String(decoding: $0, as: UTF8.self) },
        isAssistant: roles.role(named: role) == .assistant, rank: rank, message: message, rest: rest)
    )
  }

  /// The conversations in the order of the lines of their last messages, and the records that are none.
  /// - Returns: also how many messages answer one that is not there.
  func conversations() -> (records: [(line: UInt64, bytes: [UInt8])], orphans: Int) {
    var children: [[Int]] = Array(repeating: [], count: rows.count)
    var orphans = 0
    for (number, row) in rows.enumerated() {
      guard let parent = row.parent else { continue }
      if let known = index[parent], known != number { children[known].append(number) } else { orphans += 1 }
    }
    let accepted = rows.indices.map { number -> [Int] in
      let isRanked = children[number].contains { rows[$0].rank != nil }
      return children[number].filter { rows[$0].rank.map { $0 <= UInt64(highestRank) } ?? !isRanked }
    }
    var found = others
    for root in rows.indices where rows[root].parent.flatMap({ index[$0] }) == nil {
      for path in paths(from: root, accepted) {
        var record: [UInt8] = Array("{\"messages\":[".utf8)
        for (position, number) in path.enumerated() {
          if position > 0 { record.append(UInt8(ascii: ",")) }
          record += rows[number].message
        }
        record.append(UInt8(ascii: "]"))
        if let last = path.last {
          record += rows[last].rest
          record.append(UInt8(ascii: "}"))
          found.append((rows[last].line, record))
        }
      }
    }
    return (found.sorted { $0.line < $1.line }, orphans)
  }

  /// Without recursion: a chain of replies may be as long as the file.
  private func paths(from root: Int, _ accepted: [[Int]]) -> [[Int]] {
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
    return leaves.map { leaf in
      var path = [leaf]
      while let last = path.last, let above = parent[last] { path.append(above) }
      return path.reversed()
    }
  }
}
