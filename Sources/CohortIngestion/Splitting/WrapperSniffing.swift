internal import CohortCore

/// Tells from the beginning of a document whether it is no record but holds the records: in a list under a key, as splits,
/// or by columns.
///
/// | document | records |
/// | --- | --- |
/// | `{"version": 1, "data": [{…}, …]}` | the elements of the list under a known key |
/// | `{"rows": [{"row_idx": 0, "row": {…}}, …]}` | what stands under `row` |
/// | `{"train": [{…}], "test": [{…}]}` | those of one split |
/// | a table as pandas writes it (`ColumnStream`) | one for each row |
///
/// A document that has texts or messages of its own under the keys of a record is a record, whatever else it holds.
struct WrapperSniffing {
  enum Division: Equatable {
    case list(key: String, inner: String?)
    case columns
  }

  private enum Shape { case objects, lists, strings, scalars, emptyList, object, indexed, other }

  private struct Member {
    var key: String
    var shape: Shape
    var value: Int
  }

  static let splits = ["train", "training", "validation", "valid", "val", "dev", "test"]
  private static let lists: Set<String> = ["data", "rows", "records", "examples", "items", "samples"]
  /// Keys that make a document a record by itself.
  private static let recordKeys: Set<String> = [
    "messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "prompt", "completion",
    "response", "instruction", "input", "output", "inputs", "targets", "target", "question", "answer", "query", "text",
    "chosen", "rejected", "problem", "solution", "Instances", "Definition",
  ]
  /// Keys whose lists are turns, not columns.
  private static let turnKeys: Set<String> = [
    "messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "data", "items", "Instances",
    "Definition",
  ]

  private let head: UnsafeBufferPointer<UInt8>
  private var members: [Member] = []
  /// The document ends within the bytes.
  private var isClosed = false
  /// Something follows the document.
  private var hasMore = false

  private init(_ head: UnsafeBufferPointer<UInt8>, from first: Int) {
    self.head = head
    var skim = JSONSkim(bytes: head, position: first)
    var found: [Member] = []
    isClosed = skim.members { key, value in
      found.append(
        Member(key: String(decoding: head[key], as: UTF8.self), shape: Self.shape(head, value), value: value))
      return found.count < 1000
    }
    if isClosed { hasMore = skim.next() != nil }
    members = found
  }

  private static func shape(_ head: UnsafeBufferPointer<UInt8>, _ value: Int) -> Shape {
    var skim = JSONSkim(bytes: head, position: value + 1)
    switch head[value] {
    case 0x5b:
      switch skim.next() {
      case 0x7b: return .objects
      case 0x5b: return .lists
      case 0x22: return .strings
      case 0x5d: return .emptyList
      default: return .scalars
      }
    case 0x7b:
      guard skim.next() == 0x22, let key = skim.string(), !key.isEmpty else { return .object }
      return head[key].allSatisfy(isDigit) ? .indexed : .object
    default: return .other
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// - Parameter first: where the document's brace is.
  /// - Returns: nil when the document is a record, or one of many.
  /// - Throws: `ingestion.no-split` when there are splits, but not the one that is asked for.
  static func division(
    of head: UnsafeBufferPointer<UInt8>, from first: Int, options: IngestionOptions, path: String
  ) throws(CohortError) -> (division: Division, note: String?)? {
    let sniffed = WrapperSniffing(head, from: first)
    if sniffed.members.isEmpty || sniffed.isMapped(options) { return nil }
    if sniffed.isByColumns {
      return (.columns, "holds a table by columns or by index: a record was made for each row")
    }
    return try sniffed.list(options, path)
  }

  /// Whether the caller has named a key of the document itself as a field.
  private func isMapped(_ options: IngestionOptions) -> Bool {
    guard let map = options.map, !isByColumns else { return false }
    let keys = Set(members.map(\.key))
    return map.keys.values.contains { key in
      keys.contains(key) || keys.contains(String(key.prefix { $0 != "." }))
    }
  }

  private var isByColumns: Bool {
    if hasMore { return false }
    let names = members.first { $0.key == "columns" }?.shape
    if names == .strings, members.contains(where: { $0.key == "data" && $0.shape == .lists }) { return true }
    guard members.count > 1 || !isClosed || members[0].shape == .object,
      !members.contains(where: { Self.turnKeys.contains($0.key) })
    else {
      return false
    }
    if members.allSatisfy({ $0.shape == .indexed }) { return true }
    if members.allSatisfy({ $0.shape == .object && !$0.key.isEmpty && $0.key.utf8.allSatisfy(Self.isDigit) }) {
      return true
    }
    let isLists = members.allSatisfy { [.strings, .scalars, .lists].contains($0.shape) }
    let texts = members.count(where: { $0.shape == .strings })
    return isLists && (texts > 1 || (texts == 1 && !isClosed))
  }

  private func list(
    _ options: IngestionOptions, _ path: String
  ) throws(CohortError) -> (division: Division, note: String?)? {
    let isRecord = members.contains { Self.recordKeys.contains($0.key) && $0.key != options.split }
    if isRecord { return nil }
    let candidates = members.filter { member in
      guard member.shape == .objects || member.shape == .emptyList else { return false }
      let isKnown =
        Self.splits.contains(member.key) || Self.lists.contains(member.key) || member.key == options.split
      return isKnown && !isConversation(member)
    }
    let splits = candidates.filter { Self.splits.contains($0.key) || $0.key == options.split }.map(\.key)
    if let first = candidates.first(where: { $0.shape == .objects && !splits.contains($0.key) }), splits.isEmpty {
      let inner = first.key == "rows" && elementKeys(first).contains("row") ? "row" : nil
      return (.list(key: first.key, inner: inner), "the records are the elements of '\(first.key)'")
    }
    if splits.isEmpty { return nil }
    let chosen: String
    if let asked = options.split {
      chosen = asked
    } else if splits.contains("train") || !isClosed {
      chosen = "train"
    } else if splits.count == 1 {
      chosen = splits[0]
    } else {
      throw Self.noSplit("train", among: splits, path)
    }
    if isClosed, !hasMore, !splits.contains(chosen) { throw Self.noSplit(chosen, among: splits, path) }
    let others = splits.filter { $0 != chosen }
    let left =
      others.isEmpty ? "" : "; \(others.joined(separator: ", ")) left out: --split NAME reads another split"
    return (.list(key: chosen, inner: nil), "holds splits: '\(chosen)' was read\(left)")
  }

  static func noSplit(_ name: String, among splits: [String], _ path: String) -> CohortError {
    let known = splits.isEmpty ? "Name the split that is there" : "It has \(splits.joined(separator: ", "))"
    return CohortError(
      .ingestionNoSplit, "the input holds splits, but none is called '\(name)'", place: path,
      hint: "\(known): --split \(splits.first ?? "NAME")")
  }

  // MARK: Elements

  private func elementKeys(_ member: Member) -> Set<String> {
    var skim = JSONSkim(bytes: head, position: member.value + 1)
    guard skim.next() == 0x7b else { return [] }
    return Set(JSONSkim.members(of: head, at: skim.position).map(\.key))
  }

  /// Whether the elements of a list are the turns of one conversation. Where documents follow each other, as JSON lines
  /// do, a list of pairs is one, too.
  private func isConversation(_ member: Member) -> Bool {
    let keys = elementKeys(member)
    let pairs = [("role", "content"), ("from", "value")]
    if pairs.contains(where: { keys.contains($0.0) && keys.contains($0.1) }) { return true }
    guard hasMore, member.key == "data" || member.key == "items" else { return false }
    let turns = [("input", "output"), ("user", "assistant"), ("human", "assistant"), ("prompt", "response")]
    return turns.contains { keys.contains($0.0) && keys.contains($0.1) }
  }
}
