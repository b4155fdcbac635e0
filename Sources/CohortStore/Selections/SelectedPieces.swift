internal import CohortCore
internal import CohortLMDB

/// A list of ids in pieces: those of a selection in its order, or the members of a plan over a selection by group and id.
///
/// ```
/// selected[u8 tag | u32 BE number | u32 BE piece]   u8 width (4 or 8) | u32 count | count ids, little-endian
/// selected["p" | u32 BE number | 0xffffffff]        varint count | digest of the members (`PlanMembers`)
/// ```
///
/// Piece `p` holds the positions `p * 4096 ..< (p + 1) * 4096`.
struct SelectedPieces {
  enum Tag: UInt8 {
    case selection = 0x73
    case plan = 0x70
  }

  static let table = OptionalTable("selected", key: .bytes, number: 16, feature: SelectionRecord.feature)
  static let idsPerPiece = 4096
  /// The number of the piece that holds no ids.
  static let head = UInt32.max

  let tag: Tag
  let number: UInt32
  let count: UInt64

  private var pieces: UInt64 { (count + UInt64(Self.idsPerPiece) - 1) / UInt64(Self.idsPerPiece) }

  func key(_ piece: UInt32) -> [UInt8] {
    [tag.rawValue] + withUnsafeBytes(of: (number.bigEndian, piece.bigEndian)) { [UInt8]($0) }
  }

  private var what: String { tag == .selection ? "selection" : "plan" }

  // MARK: Reading

  /// Calls `body` with all ids, in order, a piece at a time.
  /// - Throws: `store.dropped`, `store.corrupted`.
  func forEach(_ transaction: borrowing ReadTransaction, _ body: ([SampleID]) throws -> Void) throws {
    for number in 0..<pieces { try body(try piece(UInt32(number), transaction)) }
  }

  /// The ids at some positions, in the order asked for.
  func ids(at positions: some Sequence<UInt64>, _ transaction: borrowing ReadTransaction) throws -> [SampleID] {
    var found: [SampleID] = []
    var current: (number: UInt64, ids: [SampleID])?
    for position in positions {
      guard position < count else {
        throw CohortError(.storePosition, "The \(what) has \(count) samples, not a position \(position)")
      }
      let number = position / UInt64(Self.idsPerPiece)
      let ids: [SampleID]
      if let known = current, known.number == number {
        ids = known.ids
      } else {
        ids = try piece(UInt32(number), transaction)
        current = (number, ids)
      }
      found.append(ids[Int(position % UInt64(Self.idsPerPiece))])
    }
    return found
  }

  private func piece(_ number: UInt32, _ transaction: borrowing ReadTransaction) throws -> [SampleID] {
    let place = "Piece \(number) of \(what) \(self.number)"
    guard let value = try transaction.value(key(number), of: Self.table) else {
      let isThere =
        tag == .selection ? try transaction.selection(self.number) != nil : try transaction.plan(self.number) != nil
      throw isThere ? CohortError.missing(place) : CohortError.dropped(what, "number \(self.number)")
    }
    do {
      let ids = try ByteReader.decode(value) { reader in
        let width = try reader.fixed(UInt8.self)
        let count = Int(try reader.fixed(UInt32.self))
        guard width == 4 || width == 8, count <= Self.idsPerPiece else { throw CohortError.invalid("its sizes") }
        return try (0..<count).map { _ in
          SampleID(width == 4 ? UInt64(try reader.fixed(UInt32.self)) : try reader.fixed(UInt64.self))
        }
      }
      let expected = min(UInt64(Self.idsPerPiece), count - UInt64(number) * UInt64(Self.idsPerPiece))
      guard UInt64(ids.count) == expected else { throw CohortError.invalid("the number of its ids") }
      return ids
    } catch let error as CohortError where error.isFormat {
      throw CohortError.corrupted(place, cause: error.description)
    }
  }

  // MARK: Writing

  func write(_ ids: [UInt64], _ transaction: borrowing WriteTransaction) throws {
    let isNarrow = ids.allSatisfy { $0 <= UInt64(UInt32.max) }
    for (number, start) in stride(from: 0, to: ids.count, by: Self.idsPerPiece).enumerated() {
      let some = ids[start..<min(start + Self.idsPerPiece, ids.count)]
      var writer = ByteWriter(capacity: some.count * 8 + 8)
      writer.fixed(UInt8(isNarrow ? 4 : 8))
      writer.fixed(UInt32(some.count))
      for id in some {
        if isNarrow { writer.fixed(UInt32(truncatingIfNeeded: id)) } else { writer.fixed(id) }
      }
      try transaction.put(writer.bytes, key(UInt32(number)), in: Self.table)
    }
  }

  func remove(_ transaction: borrowing WriteTransaction) throws {
    let table = try transaction.unsafe.make(Self.table.definition)
    for number in 0..<pieces { try transaction.unsafe.delete(table, key(UInt32(number))) }
  }
}
