/// Divides bytes into records, as they come. The bytes of an open record stay in front of the splitter; it remembers how
/// far it has looked, so nothing is looked at twice.
protocol RecordSplitter {
  /// How far the bytes have been looked at.
  var position: Int { get set }
  /// Where the open record starts; `position` when none is open.
  var openStart: Int { get set }
  /// Bytes of the open record that were thrown away because it is too long.
  var dropped: UInt64 { get set }
  /// How many commas behind values were left out.
  var commas: UInt64 { get }

  /// Looks at `bytes` from `position` on, and adds each record that ends there to `found`, until that holds `limit`.
  /// - Parameter atEnd: no more bytes will follow.
  mutating func split(_ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords)

  /// Called before the bytes up to `position` are thrown away.
  mutating func willDrop(_ bytes: UnsafeBufferPointer<UInt8>)

  /// Called before bytes of an open record are thrown away for the first time.
  /// - Returns: whether the record was ended before, as an issue, and `position` is where to go on.
  mutating func recover(_ bytes: UnsafeBufferPointer<UInt8>, into found: inout FoundRecords) -> Bool
}

extension RecordSplitter {
  var commas: UInt64 { 0 }

  mutating func willDrop(_ bytes: UnsafeBufferPointer<UInt8>) {}

  mutating func recover(_ bytes: UnsafeBufferPointer<UInt8>, into found: inout FoundRecords) -> Bool { false }

  /// The bytes before `count` have left the front.
  mutating func rebase(by count: Int) {
    position -= count
    openStart -= count
  }
}

/// The records found in a block, with what is known to be wrong with them.
struct FoundRecords {
  var records: [InputBlock.Record] = []
  var issues: [InputBlock.Issue] = []
  /// The beginning of the record whose bytes are thrown away, if there is one.
  var droppedPrefix: [UInt8] = []
  var recordLimit: Int

  /// Adds a record. One of which bytes were dropped becomes an issue.
  mutating func add(start: Int, count: Int, line: UInt64, dropped: inout UInt64) {
    guard dropped > 0 else {
      records.append(.init(start: start, count: count, line: line))
      return
    }
    addIssue(
      .lineTooLong, "the record is longer than \(recordLimit) bytes", start: start, line: line,
      prefix: droppedPrefix, size: dropped + UInt64(count))
    dropped = 0
    droppedPrefix = []
  }

  mutating func addIssue(
    _ reason: RejectionReason, _ detail: String, start: Int, count: Int = 0, line: UInt64, prefix: [UInt8]? = nil,
    size: UInt64
  ) {
    records.append(.init(start: start, count: count, line: line, issue: issues.count))
    issues.append(.init(reason: reason, detail: detail, prefix: prefix, size: size))
  }
}
