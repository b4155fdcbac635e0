public import CohortCore
internal import CohortLMDB

/// What people noted on single samples, in a table of its own: stores without a note have none.
extension StoreTables {
  /// From the id of a sample (u64 BE) to a text. Who does not know it reads the rest right.
  static let notes = OptionalTable(
    "notes", key: .bytes, number: 12, feature: StoreFeature(bit: 0, "sample-notes", isRequired: false))

  fileprivate static func key(ofNoteOn id: SampleID) -> [UInt8] {
    withUnsafeBytes(of: id.rawValue.bigEndian) { [UInt8]($0) }
  }
}

extension ReadTransaction {
  /// The note on a sample; nil when there is none. It stays when the sample is deleted.
  /// - Throws: `store.corrupted`.
  public func note(on id: SampleID) throws -> String? {
    try value(StoreTables.key(ofNoteOn: id), of: StoreTables.notes).map { String(decoding: $0, as: UTF8.self) }
  }
}

extension WriteTransaction {
  /// Notes a text on a sample, in place of the one that was there.
  /// - Throws: `store.unknown-sample`.
  public func setNote(_ text: String, on id: SampleID) throws {
    guard id.rawValue < counters.nextSample else {
      throw CohortError(.storeUnknownSample, "There is no sample \(id)")
    }
    try put([UInt8](text.utf8), StoreTables.key(ofNoteOn: id), in: StoreTables.notes)
  }
}
