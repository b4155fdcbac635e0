/// Parsed samples on their way into the store: one arena of bytes, and a row of offsets for each sample. Filled by
/// ingestion workers in parallel, taken by the one writer.
///
/// Rows are in the order of the input. `content` is canonical (`SampleContent`), `attributes` is one JSON object or
/// empty.
public struct SampleBatch: Sendable {
  /// One sample: where its bytes are in the arena, and what is known of it.
  public struct Row: Sendable {
    /// Places in `SampleBatch.arena`, in bytes.
    public var content: Range<Int>
    /// Where the JSON object of attributes is; empty when there are none.
    public var attributes: Range<Int>
    /// XXH3-64 of the content bytes.
    public var contentHash: UInt64
    /// Index into `SampleBatch.tasks`; nil when the sample came without a label.
    public var task: Int?
    /// 1-based: line of a JSONL or CSV file, element of a JSON array.
    public var line: UInt64
    /// In the unit that the input was read with: that of the store's own measure.
    public var lengths: SampleLengths

    public init(
      content: Range<Int>, attributes: Range<Int>, contentHash: UInt64, task: Int?, line: UInt64,
      lengths: SampleLengths
    ) {
      self.content = content
      self.attributes = attributes
      self.contentHash = contentHash
      self.task = task
      self.line = line
      self.lengths = lengths
    }
  }

  /// A record that could not become a sample. Takes a place in the order, so that rows given beside the records
  /// (embeddings) stay aligned.
  public struct Rejection: Sendable {
    /// 1-based line, row or element of its source.
    public var line: UInt64
    /// Stable reason code, for example `invalid-utf8`, `empty-response`, `line-too-long`.
    public var reason: String
    /// What exactly was wrong.
    public var detail: String
    /// The record as it came, cut after `rawLimit` bytes.
    public var raw: [UInt8]
    /// The record's full size in bytes.
    public var rawSize: UInt64

    /// Bytes of a rejected record that are kept.
    public static let rawLimit = 1 << 20

    public init(line: UInt64, reason: String, detail: String, raw: [UInt8], rawSize: UInt64) {
      self.line = line
      self.reason = reason
      self.detail = detail
      self.raw = raw
      self.rawSize = rawSize
    }
  }

  /// What the i-th record of the input became.
  public enum Record: Sendable {
    /// Became a sample: an index into `rows`.
    case sample(Int)
    /// Was refused: an index into `rejections`.
    case rejected(Int)
  }

  /// Content and attributes of all rows, one after the other.
  public var arena: [UInt8] = []
  /// The samples, in the order of the input.
  public var rows: [Row] = []
  /// The refused records, in the order of the input.
  public var rejections: [Rejection] = []
  /// All records in input order, as indices into `rows` and `rejections`.
  public var records: [Record] = []
  /// The labels that `Row.task` points at, each once.
  public var tasks: [String] = []
  /// Which attributes count when duplicates are looked for.
  public var identity = IdentityRule()
  /// Bytes of input that this batch was made from, for progress.
  public var inputBytes: UInt64 = 0

  /// A batch without records.
  public init() {}
}
