internal import CohortCore
internal import CohortLMDB

/// The places and cells of a map in pieces.
///
/// ```
/// places["p" | u32 BE map | u32 BE piece]   u32 count | count times: u64 id | f32 x | f32 y | u32 cell
/// places["c" | u32 BE map | u32 BE piece]   u32 count | count times: dimension f32
/// ```
///
/// Piece `p` of the places holds the positions `p * 4096 ..< (p + 1) * 4096`, piece `p` of the cells 64 of them.
struct MapPieces {
  static let table = OptionalTable("places", key: .bytes, number: 19, feature: MapRecord.feature)
  static let placesPerPiece = 4096
  static let cellsPerPiece = 64

  private let map: MapRecord

  init(_ map: MapRecord) { self.map = map }

  private func key(_ tag: String, _ piece: Int) -> [UInt8] {
    let numbers = (map.id.bigEndian, UInt32(truncatingIfNeeded: piece).bigEndian)
    return Array(tag.utf8) + withUnsafeBytes(of: numbers) { [UInt8]($0) }
  }

  private static func pieces(_ count: Int, _ each: Int) -> Int { (count + each - 1) / each }

  // MARK: Reading

  func places(_ transaction: borrowing ReadTransaction) throws -> [MapPlace] {
    let count = Int(clamping: map.count)
    var places: [MapPlace] = []
    for piece in 0..<Self.pieces(count, Self.placesPerPiece) {
      let expected = min(Self.placesPerPiece, count - piece * Self.placesPerPiece)
      try read("p", piece, expected, transaction) { reader in
        let (id, x, y) = (try reader.fixed(UInt64.self), try reader.float(), try reader.float())
        guard abs(x) <= MapPlace.farthest, abs(y) <= MapPlace.farthest else {
          throw CohortError.invalid("a place", cause: "\(x), \(y)")
        }
        let cell = try reader.fixed(UInt32.self)
        guard cell < map.cells else { throw CohortError.invalid("the cell of a place", cause: "\(cell)") }
        places.append(MapPlace(id: id, x: x, y: y, cell: cell))
      }
    }
    return places
  }

  func cells(_ transaction: borrowing ReadTransaction) throws -> [[Float]] {
    let count = Int(map.cells)
    var cells: [[Float]] = []
    for piece in 0..<Self.pieces(count, Self.cellsPerPiece) {
      let expected = min(Self.cellsPerPiece, count - piece * Self.cellsPerPiece)
      try read("c", piece, expected, transaction) { reader in
        cells.append(
          try (0..<map.dimension).map { _ in
            let value = try reader.float()
            guard value.isFinite else { throw CohortError.invalid("a cell", cause: "\(value)") }
            return value
          })
      }
    }
    return cells
  }

  private func read(
    _ tag: String, _ piece: Int, _ expected: Int, _ transaction: borrowing ReadTransaction,
    _ one: (inout ByteReader) throws -> Void
  ) throws {
    let what = "Piece \(piece) of the \(tag == "p" ? "places" : "cells") of map \(map.name)"
    guard let value = try transaction.value(key(tag, piece), of: Self.table) else {
      throw try transaction.map(map.id) != nil ? CohortError.missing(what) : CohortError.dropped("map", map.name)
    }
    do {
      try ByteReader.decode(value) { reader in
        let count = Int(try reader.fixed(UInt32.self))
        guard count == expected else { throw CohortError.invalid("the number of its values", cause: "\(count)") }
        for _ in 0..<count { try one(&reader) }
      }
    } catch let error as CohortError where error.isFormat {
      throw CohortError.corrupted(what, cause: error.description)
    }
  }

  // MARK: Writing

  /// - Parameter first: the first place that is new or changed.
  func write(_ places: [MapPlace], from first: Int, _ transaction: borrowing WriteTransaction) throws {
    let each = Self.placesPerPiece
    for piece in (first / each)..<Self.pieces(places.count, each) {
      let some = places[(piece * each)..<min((piece + 1) * each, places.count)]
      var writer = ByteWriter(capacity: some.count * 20 + 4)
      writer.fixed(UInt32(some.count))
      for place in some {
        writer.fixed(place.id)
        writer.fixed(place.x)
        writer.fixed(place.y)
        writer.fixed(place.cell)
      }
      try transaction.put(writer.bytes, key("p", piece), in: Self.table)
    }
  }

  /// - Parameter first: the first cell that is new.
  func write(cells: [[Float]], from first: Int, _ transaction: borrowing WriteTransaction) throws {
    let each = Self.cellsPerPiece
    for piece in (first / each)..<Self.pieces(cells.count, each) {
      let some = cells[(piece * each)..<min((piece + 1) * each, cells.count)]
      var writer = ByteWriter(capacity: some.count * Int(map.dimension) * 4 + 4)
      writer.fixed(UInt32(some.count))
      for cell in some { writer.fixed(contentsOf: cell) }
      try transaction.put(writer.bytes, key("c", piece), in: Self.table)
    }
  }

  /// Removes the places from a piece on that begins at or behind `count`, and likewise the cells.
  func remove(placesBehind places: Int = 0, cellsBehind cells: Int = 0, _ transaction: borrowing WriteTransaction)
    throws
  {
    let table = try transaction.unsafe.make(Self.table.definition)
    let all = Self.pieces(Int(clamping: map.count), Self.placesPerPiece)
    for piece in min(Self.pieces(places, Self.placesPerPiece), all)..<all {
      try transaction.unsafe.delete(table, key("p", piece))
    }
    let allCells = Self.pieces(Int(map.cells), Self.cellsPerPiece)
    for piece in min(Self.pieces(cells, Self.cellsPerPiece), allCells)..<allCells {
      try transaction.unsafe.delete(table, key("c", piece))
    }
  }
}
