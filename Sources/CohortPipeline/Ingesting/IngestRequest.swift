public import CohortCore
public import CohortIngestion
public import CohortStore

/// What to ingest and how.
public struct IngestRequest: Sendable {
  /// Files, folders, or `-` for standard input.
  public var paths: [String]
  /// Sources that are open already; they come before `paths`.
  public var sources: [InputSource]
  /// Everything about reading; the store decides about lengths.
  public var options: IngestionOptions
  /// Nil: the store's own scope.
  public var dedupe: DedupeScope?
  /// Vectors for the records, row i for the i-th record of this call.
  public var embeddings: String?
  /// The space that `embeddings` go to; made if it does not exist.
  public var space: String
  /// Only read and count; the store stays as it is.
  public var isDryRun: Bool
  /// Whether a duplicate with another task or other attributes corrects those of the sample that is there.
  public var updatesLabels = false
  /// A source that cannot be read at all is one failure in the report, like one that breaks off later; otherwise the first
  /// of them ends the job before anything is stored.
  public var isolatesSources = false
  /// Where the licence and the owner of the sources come from.
  public var terms = SourceTermsRule()
  /// How many of the refused records the report names (`IngestReport.refused`).
  public var namedRefusals = 0
  /// Bytes of input that one transaction takes at most (plus one batch).
  public var commitBytes: UInt64 = 32 << 20

  public init(
    paths: [String] = [], sources: [InputSource] = [], options: IngestionOptions = IngestionOptions(),
    dedupe: DedupeScope? = nil,
    embeddings: String? = nil, space: String = IngestRequest.defaultSpace, isDryRun: Bool = false
  ) {
    self.paths = paths
    self.sources = sources
    self.options = options
    self.dedupe = dedupe
    self.embeddings = embeddings
    self.space = space
    self.isDryRun = isDryRun
  }

  /// The space used when none is named.
  public static let defaultSpace = "default"
}

/// What an ingestion did. `inserted + duplicates + quarantined == records`.
public struct IngestReport: Sendable {
  /// One source's share.
  public struct Source: Hashable, Sendable {
    /// The source's name in the store.
    public var name: String
    /// Where it was read from in this call.
    public var path: String
    /// The layout that its records were read in; nil when none was made out.
    public var layout: String?
    /// Its records that became new samples.
    public var inserted: UInt64 = 0
    /// Its records that were not stored again, because the scope had their content already.
    public var duplicates: UInt64 = 0
    /// Its records that were refused.
    public var quarantined: UInt64 = 0
    /// What was seen in its records, for notes.
    var tallies = RecordTallies()
    /// Its bytes that were read.
    public var inputBytes: UInt64 = 0

    /// The share of a source of which nothing was read yet.
    public init(name: String, path: String, layout: String? = nil) {
      self.name = name
      self.path = path
      self.layout = layout
    }

    /// How many records of it were read, whatever became of them.
    public var records: UInt64 { inserted + duplicates + quarantined }
  }

  /// A source that could not be read to its end. What was read before is stored.
  public struct Failure: Error, Sendable {
    /// What ended the reading, with its place.
    public var error: CohortError
    /// The source; nil when the error is not one of reading.
    public var source: SourceDescription?
  }

  /// Records that were read, whatever became of them.
  public var records: UInt64 = 0
  /// Records that became new samples; in a dry run all that could, since it looks for no duplicates.
  public var inserted: UInt64 = 0
  /// Records that were not stored again, because the scope had their content already.
  public var duplicates: UInt64 = 0
  /// Duplicates whose attributes are not those that are stored, in what does not make them other samples; in a dry run 0.
  public var duplicatesDiffering: UInt64 = 0
  /// Duplicates that came with another task than the stored one; in a dry run 0.
  public var duplicatesRelabelled: UInt64 = 0
  /// Samples whose task or attributes were corrected; nil where the request does not ask for it.
  public var updated: UInt64?
  /// Records refused in this call, those that were in quarantine before included.
  public var quarantined: UInt64 = 0
  /// Records that this call added to the quarantine.
  public var newlyQuarantined: UInt64 = 0
  /// How often each reason was given.
  public var reasons: [String: UInt64] = [:]
  /// Bytes of the inputs that were read.
  public var inputBytes: UInt64 = 0
  /// Vectors stored, and records whose vector is unusable (zero or not finite).
  public var embedded: UInt64 = 0
  /// Records whose vector is unusable: they are samples without a vector.
  public var withoutVector: UInt64 = 0
  /// The first of those rows, as numbers in the vectors' file, from 0.
  public var unusableRows: [UInt64] = []
  /// One share for each source, in the order in which they were read.
  public var sources: [Source] = []
  /// What was chosen or passed over while reading, for people.
  public var notes: [IngestionNote] = []
  /// What would become of the first records of the first sources; only in a dry run.
  public var previews: [(source: String, record: RecordPreview)] = []
  /// The sources that could not be read to their end.
  public var failures: [Failure] = []
  /// Whether nothing was stored.
  public var isDryRun = false

  /// The first refused records, in order: as many as the request asks for.
  public var refused: [RefusedRecord] = []
  /// How many more may be named.
  var unnamedRefusals = 0

  /// A record that did not become a sample.
  public struct RefusedRecord: Hashable, Sendable {
    /// 1-based line, row or element of its source.
    public var line: UInt64
    /// Stable reason code, as in the quarantine.
    public var reason: String
    /// What exactly was wrong, for people.
    public var detail: String
  }

  /// Nothing read yet.
  public init() {}
}
