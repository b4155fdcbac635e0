internal import CohortCore
internal import CohortStore

/// The names of what log entries only number. What was dropped since has the name that it was created with.
struct LogNames {
  private struct Key: Hashable {
    let kind: String
    let number: UInt64
  }

  private var known: [Key: String?] = [:]
  /// Names from the log itself; nil before the first number that the store does not know any more.
  private var created: [Key: String]?

  private static let creations: Set<String> = [
    "grouping-created", "space-created", "length-created", "snapshot-created", "selection-created", "plan-created",
  ]

  /// The name of something, by the word that a field calls it: `grouping`, `source`, `snapshot`. Nil for what has none.
  /// - Throws: `store.corrupted` for a source that is not there.
  /// - Complexity: a look-up; for the first dropped one, a scan of the log's entries that create something.
  mutating func name(_ kind: String, _ number: UInt64, _ transaction: borrowing ReadTransaction) throws -> String? {
    guard Self.named.contains(kind) else { return nil }
    let key = Key(kind: kind, number: number)
    if let name = known[key] { return name }
    var name = try UInt32(exactly: number).flatMap { try Self.present(kind, $0, transaction) }
    if name == nil {
      if created == nil { created = try Self.creations(transaction) }
      name = created?[key]
    }
    // A source stays for ever: an entry that tells of one is proof that it was there.
    guard name != nil || kind != "source" else {
      throw CohortError(.storeCorrupted, "Source \(number) is damaged", cause: "it is missing")
    }
    known[key] = .some(name)
    return name
  }

  private static let named: Set<String> = ["grouping", "source", "space", "measure", "snapshot", "selection", "plan"]

  private static func present(
    _ kind: String, _ number: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> String? {
    switch kind {
    case "grouping": try transaction.grouping(GroupingID(number))?.name
    case "source": try transaction.source(SourceID(number))?.name
    case "space": try transaction.space(SpaceID(number))?.name
    case "measure": try transaction.measure(MeasureID(number))?.name
    case "snapshot": try transaction.snapshot(number)?.name
    case "selection": try transaction.selection(number)?.name
    default: nil
    }
  }

  private static func creations(_ transaction: borrowing ReadTransaction) throws -> [Key: String] {
    let kinds = Set(LogKind.allCases.filter { creations.contains($0.name) })
    var names: [Key: String] = [:]
    _ = try transaction.forEachEntry(of: kinds, from: LogSequence(1)) { entry in
      let fields = entry.event.fields
      if case .text(let name) = fields.first(where: { $0.name == "name" })?.value,
        let field = fields.first(where: { if case .id = $0.value { true } else { false } }),
        case .id(let number) = field.value
      {
        names[Key(kind: field.name, number: number)] = name
      }
      return true
    }
    return names
  }
}
