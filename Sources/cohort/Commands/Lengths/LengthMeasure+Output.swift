import CohortCore
import CohortPipeline
import CohortStore

extension LengthMeasure {
  static let columns: [Column] = ["name", "unit", "tokenizer", "measured", "pending", "default"]

  func output(_ transaction: borrowing ReadTransaction) throws -> OutputRecord {
    let counts = try transaction.counts(of: self)
    return Self.record(name, unit, tokenizer, counts, isOwn: false)
  }

  fileprivate static func record(
    _ name: String, _ unit: LengthUnit, _ tokenizer: Digest128?, _ counts: MeasureCounts, isOwn: Bool
  ) -> OutputRecord {
    [
      "name": .text(name), "unit": .text(unit.name), "tokenizer": tokenizer.map { .digest($0) } ?? .null,
      "measured": .count(counts.measured), "pending": .count(counts.pending), "default": .boolean(isOwn),
    ]
  }
}

extension ReadTransaction {
  /// The store's own measure, and the further ones in the order of their numbers.
  func lengthMeasures(of configuration: StoreConfiguration) throws -> [OutputRecord] {
    let own = LengthMeasure.record(
      SampleLengths.ownMeasure, configuration.lengthUnit, configuration.tokenizer,
      MeasureCounts(measured: try counters.live, pending: 0), isOwn: true)
    return try [own] + measures().map { try $0.output(self) }
  }
}

extension Session {
  /// Measures what waits for it, by every length measure or only the one named.
  func measurePending(_ store: Store, only: String? = nil) throws {
    _ = try MeasureJob.runPending(store, only: only, control: jobControl())
    progress.finish()
  }
}
