public import CohortCore
public import CohortPipeline
public import CohortStore

/// `length add`: adds a length measure beside the store's own. It starts empty.
public struct LengthAddAction: RecordAction {
  public static let name = "length add"
  public var access: ActionAccess { .updates }
  /// Name of the new measure: unique in the store, without a star.
  public var measure: String
  /// What the lengths count; with `tokens`, `tokenizer` must be given.
  public var unit: LengthUnit
  /// The file of the tokenizer that counts; with tokens. It is copied into the store.
  public var tokenizer: String?
  /// What counts of each message.
  public var part: MessageParts.Part

  public init(
    measure: String, unit: LengthUnit, tokenizer: String? = nil, part: MessageParts.Part = .everything
  ) {
    self.measure = measure
    self.unit = unit
    self.tokenizer = tokenizer
    self.part = part
  }

  /// Adds the measure; samples are measured by it at the next update.
  /// - Throws: `store.name`, `cli.usage`, `store.length-measure-exists`, what reading the tokenizer throws.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NameRule.check(measure, of: "length measure")
    guard !measure.contains("*") else {
      throw CohortError.usage(
        "This cannot be the name of a length measure: \(measure)",
        hint: "--by takes a star for a product of two groupings")
    }
    let added = try MeasureLibrary.add(store, name: measure, unit: unit, tokenizer: tokenizer, part: part)
    return PlainReport(try store.read { try added.record($0) })
  }
}

/// `length list`: the store's own measure, and the further ones in the order of their numbers.
public struct LengthListAction: ListAction {
  public static let name = "length list"
  public static let columns: [ReportColumn] = ["name", "unit", "part", "tokenizer", "measured", "pending", "default"]

  /// Lists every measure of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    try store.read { try $0.lengthMeasures(of: store.configuration) }.forEach(row)
  }
}

extension LengthMeasure {
  fileprivate func record(_ transaction: borrowing ReadTransaction) throws -> ReportRecord {
    let counts = try transaction.counts(of: self)
    return Self.record(name, unit, part, tokenizer, counts, isOwn: false)
  }

  fileprivate static func record(
    _ name: String, _ unit: LengthUnit, _ part: MessageParts.Part, _ tokenizer: Digest128?, _ counts: MeasureCounts,
    isOwn: Bool
  ) -> ReportRecord {
    [
      "name": .text(name), "unit": .text(unit.name), "part": .text(part.name),
      "tokenizer": tokenizer.map { .digest($0) } ?? .null,
      "measured": .count(counts.measured), "pending": .count(counts.pending), "default": .boolean(isOwn),
    ]
  }
}

extension ReadTransaction {
  func lengthMeasures(of configuration: StoreConfiguration) throws -> [ReportRecord] {
    let own = LengthMeasure.record(
      SampleLengths.ownMeasure, configuration.lengthUnit, .everything, configuration.tokenizer,
      MeasureCounts(measured: try counters.live, pending: 0), isOwn: true)
    return try [own] + measures().map { try $0.record(self) }
  }
}
