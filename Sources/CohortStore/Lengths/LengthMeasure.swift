public import CohortCore

/// The number of a length measure in its store.
public struct MeasureID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// A further way to measure samples, beside the store's own: the lengths of prompt, response and all messages in another
/// unit, or in the tokens of another tokenizer, or of their answers or their reasoning alone. Samples are measured in the order of their ids, some time after they came.
public struct LengthMeasure: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.measure
  /// In the columns: not measured.
  static let unmeasured = UInt32.max

  /// Given by the store when the measure is created; never given again.
  public var id: MeasureID
  /// Given by the user; unique among the store's measures, and free again once the measure is dropped.
  public var name: String
  /// Never `field`: what a record's field said is not kept.
  public var unit: LengthUnit
  /// XXH3-128 of the tokenizer's file; for `tokens`, and only there.
  public var tokenizer: Digest128?
  /// What counts of each message.
  public var part = MessageParts.Part.everything
  /// Number of the prompts' column; those of the responses and of all messages are the next ones.
  var columnNumber: UInt32
  /// Samples before this one are measured, but for those that were deleted before.
  public internal(set) var rows: UInt64 = 0

  var number: UInt32 { id.rawValue }

  /// The lengths (`uint32`) of one part of the messages; `UInt32.max` for samples that are not measured.
  public func column(_ part: GroupingDefinition.LengthPart) -> Column {
    .scalar(columnNumber + UInt32(part.rawValue), .uint32, fill: 0xff, extent: .rows(rows))
  }

  var columns: [Column] { [column(.prompt), column(.response), column(.total)] }
}

extension LengthMeasure {
  init(from reader: inout ByteReader) throws {
    id = MeasureID(try reader.fixed())
    name = try reader.string()
    (unit, tokenizer) = try reader.lengthUnit()
    columnNumber = try reader.fixed()
    rows = try reader.varint()
    part = try reader.measuredPart()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    writer.lengthUnit(unit, tokenizer: tokenizer)
    writer.fixed(columnNumber)
    writer.varint(rows)
    writer.measuredPart(part)
  }
}

extension ByteWriter {
  /// u8 unit, and for tokens the digest of the tokenizer.
  mutating func lengthUnit(_ unit: LengthUnit, tokenizer: Digest128?) {
    fixed(unit.rawValue)
    if unit == .tokens { digest(tokenizer ?? Digest128(high: 0, low: 0)) }
  }
}

extension ByteReader {
  /// The unit of a further measure: any but `field`.
  mutating func lengthUnit() throws -> (unit: LengthUnit, tokenizer: Digest128?) {
    guard let unit = LengthUnit(rawValue: try fixed()), unit != .field else {
      throw CohortError.invalid("the length unit", at: offset - 1)
    }
    return (unit, unit == .tokens ? try digest() : nil)
  }
}

extension ByteWriter {
  /// u8, at the end of a value: nothing for all of a message.
  mutating func measuredPart(_ part: MessageParts.Part) {
    if part != .everything { fixed(part.rawValue) }
  }
}

extension ByteReader {
  /// What a measure counts of a message, at the end of a value.
  mutating func measuredPart() throws -> MessageParts.Part {
    guard remaining > 0 else { return .everything }
    guard let part = MessageParts.Part(rawValue: try fixed()), part != .everything else {
      throw CohortError.invalid("the part of a message that is measured", at: offset - 1)
    }
    return part
  }
}

/// How many samples of a store, deleted ones left out, are measured, and how many wait for it.
public struct MeasureCounts: Hashable, Sendable {
  /// Samples that have lengths by the measure.
  public var measured: UInt64
  /// Samples that came since and have none yet.
  public var pending: UInt64

  public init(measured: UInt64, pending: UInt64) {
    self.measured = measured
    self.pending = pending
  }
}

extension ReadTransaction {
  /// The further length measure of a name; nil when there is none.
  public func measure(named name: String) throws -> LengthMeasure? { try record(LengthMeasure.self, named: name) }

  /// The further length measure with a number; nil when there is none, or it was dropped.
  public func measure(_ id: MeasureID) throws -> LengthMeasure? {
    try record(LengthMeasure.self, number: id.rawValue)
  }

  /// All further length measures in the order of their numbers.
  public func measures() throws -> [LengthMeasure] { try records(LengthMeasure.self) }

  /// The lengths of a sample by a further measure; nil when it is not measured.
  public func lengths(_ id: SampleID, by measure: LengthMeasure) throws -> SampleLengths? {
    let lengths = SampleLengths(
      prompt: try uint32(measure.column(.prompt), id), response: try uint32(measure.column(.response), id),
      total: try uint32(measure.column(.total), id))
    return lengths.total == LengthMeasure.unmeasured ? nil : lengths
  }

  /// Counts the samples that are measured, and those that came since.
  /// - Complexity: O(samples that wait), a byte each.
  public func counts(of measure: LengthMeasure) throws -> MeasureCounts {
    var pending: UInt64 = 0
    try forEachBlock(of: [], in: measure.rows..<UInt64.max) { block in
      for row in 0..<block.count where !block.isDeleted(row) { pending += 1 }
      return true
    }
    return MeasureCounts(measured: state.counters.live - pending, pending: pending)
  }
}
