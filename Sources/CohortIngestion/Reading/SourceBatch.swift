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
