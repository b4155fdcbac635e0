internal import CohortCore

/// The records of a document that is written by columns, as JSON lines: `{"a": ["x", "y"], "b": [1, 2]}`, or with an
/// object of indices in place of each list. The document is in memory, the lines are made as they are read.
final class ColumnStream: ByteStream {
  private struct Column {
    /// `"name":`
    var key: [UInt8]
    /// The value of the next row.
    var next: Int
  }

  let consumed: UInt64
  private let parser: JSONParser
  private let tape: UnsafeTape
  private var columns: [Column]
  private let isIndexed: Bool
  private var rowsLeft: Int
  /// What is made and not taken yet.
  private var pending: [UInt8] = []
  private var taken = 0

  /// - Parameters:
  ///   - document: the text, and `JSONParser.padding` bytes behind it.
  ///   - consumed: bytes of the packed input that it comes from.
  /// - Returns: nil when it is no table: the columns differ in length or in their indices.
  init?(_ document: [UInt8], limits: IngestionLimits, consumed: UInt64) throws(CohortError) {
    parser = try JSONParser(depth: limits.depth)
    self.consumed = consumed
    let parser = parser
    let parsed = document.withUnsafeBufferPointer { bytes -> UnsafeTape? in
      try? parser.parse(UnsafeBufferPointer(rebasing: bytes.dropLast(JSONParser.padding)))
    }
    guard let tape = parsed, tape.kind(UnsafeTape.root) == .object else { return nil }
    self.tape = tape
    var columns: [Column] = []
    var kinds: Set<UnsafeTape.Kind> = []
    var first: [[UInt8]]?
    var count: Int?
    var isEven = true
    tape.forEachMember(of: UnsafeTape.root) { name, value in
      kinds.insert(tape.kind(value))
      guard kinds.count == 1, tape.kind(value) == .array || tape.kind(value) == .object else {
        isEven = false
        return false
      }
      var rows = 0
      if tape.kind(value) == .array {
        tape.forEachElement(of: value) { _ in
          rows += 1
          return true
        }
      } else {
        var indices: [[UInt8]] = []
        tape.forEachMember(of: value) { index, _ in
          indices.append(Array(tape.text(index)))
          return true
        }
        if let first, first != indices { isEven = false }
        if first == nil { first = indices }
        rows = indices.count
      }
      if let count, count != rows { isEven = false }
      count = rows
      var key: [UInt8] = []
      CanonicalJSON.append(tape.text(name), to: &key)
      key.append(UInt8(ascii: ":"))
      columns.append(Column(key: key, next: tape.inside(value).lowerBound))
      return isEven
    }
    guard isEven, !columns.isEmpty, let count else { return nil }
    self.columns = columns
    isIndexed = kinds.contains(.object)
    rowsLeft = count
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
      var separator = UInt8(ascii: "{")
      for index in columns.indices {
        pending.append(separator)
        separator = UInt8(ascii: ",")
        pending.append(contentsOf: columns[index].key)
        let value = columns[index].next + (isIndexed ? 1 : 0)
        CanonicalJSON.append(value, of: tape, to: &pending)
        columns[index].next = tape.next(after: value)
      }
      pending.append(contentsOf: "}\n".utf8)
    }
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
