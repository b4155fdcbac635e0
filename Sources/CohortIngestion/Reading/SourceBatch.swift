public import CohortCore

/// Some records of one source, parsed.
public struct SourceBatch: Sendable {
  /// The source that all records of the batch come from.
  public var source: SourceDescription
  /// Records in the order of the input. May be empty, when the source is or when only its end was left.
  public var batch: SampleBatch
  /// No batch of this source follows.
  public var finishedSource: Bool
  /// What the user should know about the source; comes with its first batch.
  public var notes: [IngestionNote]
  /// The layout that was used: `alpaca`, `map`, …; nil when the source has no valid record.
  public var layout: String?
  /// Lines of which several records were made, and records with a nested key twice: told at the end of the source.
  var oddities = Oddities()

  /// What was seen in the records and concerns the source as a whole.
  public var tallies: RecordTallies
  /// The source's first records field by field; in its first batch, when `IngestionOptions.previewedRecords` asks for them.
  public var previews: [RecordPreview]

  public init(
    source: SourceDescription, batch: SampleBatch, finishedSource: Bool, notes: [IngestionNote] = [],
    layout: String? = nil, tallies: RecordTallies = RecordTallies(), previews: [RecordPreview] = []
  ) {
    self.source = source
    self.batch = batch
    self.finishedSource = finishedSource
    self.notes = notes
    self.layout = layout
    self.tallies = tallies
    self.previews = previews
  }
}

/// What was set right without a question, counted over a source.
struct Oddities: Sendable {
  /// Lines that hold several values.
  var joinedLines: UInt64 = 0
  /// Nested objects with the same key twice.
  var overridden = 0

  static func += (sum: inout Oddities, other: Oddities) {
    sum.joinedLines += other.joinedLines
    sum.overridden += other.overridden
  }

  var notes: [String] {
    var notes: [String] = []
    if joinedLines > 0 {
      let lines = joinedLines == 1 ? "one line holds" : "\(joinedLines) lines hold"
      notes.append("\(lines) more than one JSON value; each value was read as a record of its own")
    }
    if overridden > 0 {
      let objects = overridden == 1 ? "one object inside a record has" : "\(overridden) objects inside records have"
      notes.append("\(objects) a key twice; of each such key the last value was kept")
    }
    return notes
  }
}
