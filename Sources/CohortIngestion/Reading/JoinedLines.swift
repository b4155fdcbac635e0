internal import CohortCore

/// Lines that hold several whole JSON values, as files do that were put together without a line end between them:
/// `{…}{…}`. Such a line is known by its failure, so lines that are as they should be cost nothing.
enum JoinedLines {
  /// A line of more values is no line of records that lost its line ends.
  private static let piecesLimit = 4096

  /// Parses a block; lines of several values become a record for each.
  static func parse(_ block: InputBlock, with parser: RecordParser) -> SampleBatch {
    let batch = parser.parse(block)
    guard block.isLines, batch.rejections.contains(where: { $0.reason == RejectionReason.invalidJSON.rawValue }) else {
      return batch
    }
    guard divide(block, with: parser.parser) else { return batch }
    _ = parser.takeOverridden()
    return parser.parse(block)
  }

  /// Replaces each record that holds several values by these.
  /// - Returns: whether there was one.
  static func divide(_ block: InputBlock, with parser: JSONParser) -> Bool {
    var records: [InputBlock.Record] = []
    var joined: UInt64 = 0
    for record in block.records {
      let pieces = record.issue < 0 ? pieces(of: block.bytes(of: record), parser) : []
      if pieces.count < 2 {
        records.append(record)
        continue
      }
      joined += 1
      for piece in pieces {
        records.append(
          InputBlock.Record(start: record.start + piece.lowerBound, count: piece.count, line: record.line))
      }
    }
    if joined == 0 { return false }
    block.records = records
    block.joinedLines += joined
    return true
  }

  /// The objects and lists that make up a line, of which the first is valid; white space and commas may stand between
  /// them.
  static func pieces(of line: UnsafeBufferPointer<UInt8>, _ parser: JSONParser) -> [Range<Int>] {
    var skim = JSONSkim(bytes: line, position: 0)
    var pieces: [Range<Int>] = []
    while let byte = skim.next() {
      if byte == 0x2c, !pieces.isEmpty {
        skim.position += 1
        continue
      }
      guard byte == 0x7b || byte == 0x5b else { return [] }
      let start = skim.position
      if !skim.skipValue() {
        // The last one is cut off.
        if pieces.isEmpty { return [] }
        skim.position = line.count
      }
      pieces.append(start..<skim.position)
      if pieces.count > piecesLimit { return [] }
      if pieces.count == 1 {
        if skim.next() == nil { return [] }
        guard (try? parser.parse(UnsafeBufferPointer(rebasing: line[start..<pieces[0].upperBound]))) != nil else {
          return []
        }
      }
    }
    return pieces
  }
}

extension RecordParser {
  /// Nested objects with a key twice since the last call.
  func takeOverridden() -> Int { nested.reduce(parser.takeOverridden()) { $0 + $1.takeOverridden() } }
}
