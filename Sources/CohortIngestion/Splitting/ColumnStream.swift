internal import CohortCore

/// The records of a document that is not written record by record, as JSON lines: in the ways in which pandas writes a
/// table. The document is in memory, the lines are made as they are read.
///
/// | way | document |
/// | --- | --- |
/// | lists | `{"a": ["x", "y"], "b": [1, 2]}` |
/// | columns | `{"a": {"0": "x", "1": "y"}, "b": {"0": 1, "1": 2}}` |
/// | index | `{"0": {"a": "x", "b": 1}, "1": {"a": "y", "b": 2}}` |
/// | split | `{"columns": ["a", "b"], "index": [0, 1], "data": [["x", 1], ["y", 2]]}` |
final class ColumnStream: ByteStream {
  private struct Column {
    /// `"name":`
    var key: [UInt8]
    /// The value of the next row, where columns stand for themselves.
    var next = 0
  }

  private enum Way {
    case lists, columns
    /// The next row.
    case index(Int), split(Int)
  }

  let consumed: UInt64
  private let parser: JSONParser
  private let tape: UnsafeTape
  private var columns: [Column] = []
  private var way: Way
  private var rowsLeft = 0
  /// What is made and not taken yet.
  private var pending: [UInt8] = []
  private var taken = 0

  /// - Parameters:
  ///   - document: the text, and `JSONParser.padding` bytes behind it.
  ///   - consumed: bytes of the packed input that it comes from.
  /// - Returns: nil when it is no table: columns differ in length or in their indices, rows in width.
  init?(_ document: [UInt8], limits: IngestionLimits, consumed: UInt64) throws(CohortError) {
    parser = try JSONParser(depth: limits.depth)
    self.consumed = consumed
    let parser = parser
    let parsed = document.withUnsafeBufferPointer { bytes -> UnsafeTape? in
      try? parser.parse(UnsafeBufferPointer(rebasing: bytes.dropLast(JSONParser.padding)))
    }
    guard let tape = parsed, tape.kind(UnsafeTape.root) == .object else { return nil }
    self.tape = tape
    way = .lists
    guard takeSplit() || takeIndex() || takeColumns() else { return nil }
  }

  private func key(_ name: Int) -> [UInt8] {
    var key: [UInt8] = []
    CanonicalJSON.append(tape.text(name), to: &key)
    key.append(UInt8(ascii: ":"))
    return key
  }

  private func takeSplit() -> Bool {
    let root = UnsafeTape.root
    guard let names = tape.member(Array("columns".utf8), of: root), tape.kind(names) == .array,
      let data = tape.member(Array("data".utf8), of: root), tape.kind(data) == .array
    else { return false }
    let columns = tape.elements(of: names)
    guard !columns.isEmpty, columns.allSatisfy({ tape.kind($0) == .string }) else { return false }
    let rows = tape.elements(of: data)
    guard rows.allSatisfy({ tape.kind($0) == .array && tape.elements(of: $0).count == columns.count }) else {
      return false
    }
    self.columns = columns.map { Column(key: key($0)) }
    rowsLeft = rows.count
    way = .split(tape.inside(data).lowerBound)
    return true
  }

  private func takeIndex() -> Bool {
    var rows = 0
    tape.forEachMember(of: UnsafeTape.root) { name, value in
      let isRow = tape.kind(value) == .object && tape.text(name).allSatisfy { (0x30...0x39).contains($0) }
      rows = isRow ? rows + 1 : 0
      return isRow
    }
    if rows == 0 { return false }
    rowsLeft = rows
    way = .index(tape.inside(UnsafeTape.root).lowerBound)
    return true
  }

  private func takeColumns() -> Bool {
    var kinds: Set<UnsafeTape.Kind> = []
    var indices: [[UInt8]]?
    var count: Int?
    var isEven = true
    tape.forEachMember(of: UnsafeTape.root) { name, value in
      kinds.insert(tape.kind(value))
      var rows = 0
      switch tape.kind(value) {
      case .array: rows = tape.elements(of: value).count
      case .object:
        var own: [[UInt8]] = []
        tape.forEachMember(of: value) { index, _ in
          own.append(Array(tape.text(index)))
          return true
        }
        isEven = indices == nil || indices == own
        indices = own
        rows = own.count
      default: isEven = false
      }
      isEven = isEven && kinds.count == 1 && (count == nil || count == rows)
      count = rows
      guard isEven else { return false }
      columns.append(Column(key: key(name), next: tape.inside(value).lowerBound))
      return true
    }
    guard isEven, !columns.isEmpty, let count else { return false }
    rowsLeft = count
    way = kinds.contains(.object) ? .columns : .lists
    return true
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    if taken == pending.count { makeRows(target.count) }
    let count = min(pending.count - taken, target.count)
    pending.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + count)]))
    }
    taken += count
    return count
  }

  private func makeRows(_ bytes: Int) {
    pending.removeAll(keepingCapacity: true)
    taken = 0
    while rowsLeft > 0, pending.count < min(bytes, 64 << 10) {
      rowsLeft -= 1
      switch way {
      case .index(let name):
        CanonicalJSON.append(name + 1, of: tape, to: &pending)
        way = .index(tape.next(after: name + 1))
      case .split(let row):
        appendRow(tape.elements(of: row))
        way = .split(tape.next(after: row))
      case .lists, .columns:
        // A member is its key and then its value.
        let values = columns.map { if case .columns = way { $0.next + 1 } else { $0.next } }
        appendRow(values)
        for (index, value) in values.enumerated() { columns[index].next = tape.next(after: value) }
      }
      pending.append(0x0a)
    }
  }

  private func appendRow(_ values: [Int]) {
    var separator = UInt8(ascii: "{")
    for (column, value) in zip(columns, values) {
      pending.append(separator)
      separator = UInt8(ascii: ",")
      pending.append(contentsOf: column.key)
      CanonicalJSON.append(value, of: tape, to: &pending)
    }
    pending.append(UInt8(ascii: "}"))
  }
}

/// Bytes that were read before.
final class BufferedStream: ByteStream {
  let consumed: UInt64
  private let bytes: [UInt8]
  private var taken = 0

  /// - Parameter consumed: bytes of the packed input that they come from.
  init(_ bytes: [UInt8], consumed: UInt64) {
    self.bytes = bytes
    self.consumed = consumed
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    let count = min(bytes.count - taken, target.count)
    bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + count)])) }
    taken += count
    return count
  }
}
