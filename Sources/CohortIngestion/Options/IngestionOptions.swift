public import CohortCore

/// How files become samples. Everything that decides about the result is here; the result does not depend on `workers`.
public struct IngestionOptions: Sendable {
  /// How the text of an input is divided into records.
  public enum TextFormat: String, CaseIterable, Sendable {
    /// One JSON value a line.
    case lines = "jsonl"
    /// One JSON array; its elements are the records.
    case array = "json-array"
    /// JSON values one after the other, each on as many lines as it likes.
    case documents = "json"
    /// RFC 4180 with commas, or with the separator that the header shows; the first row names the columns.
    case csv
    /// The same with tabs.
    case tsv
  }

  /// Whether quotation marks around the fields of a table mean anything.
  public enum Quoting: String, CaseIterable, Sendable {
    /// Between commas, semicolons and bars always; between tabs if each one that opens a field closes it in front of a
    /// tab or a line end.
    case auto
    /// As RFC 4180 says.
    case always
    /// They are characters like others; a field cannot hold a separator or a line end.
    case never
  }

  /// Where a sample's task label comes from.
  public enum TaskRule: Hashable, Sendable {
    /// What the layout itself says: `category` of dolly, `_task_name` of flan, otherwise none.
    case layout
    /// The same label for all.
    case fixed(String)
    /// The value of a field (dotted path). A row without the field has no label.
    case field(String)
    /// The name of the file without its data and compression extensions.
    case fileName
  }

  /// nil: found out from the first rows.
  public var layout: Layout?
  /// Which fields hold what. Takes the place of a layout, or corrects single fields of the one in `layout`.
  public var map: FieldMap?
  /// The user's layouts: detection tries them, too.
  public var ownLayouts: [Layout] = []
  /// Names of roles in the data beyond the known ones.
  var roles: [String: TurnRole] = [:]
  /// In trees of messages: the highest rank of a reply that is taken, 0 for the best one only. Replies without a rank are
  /// taken where no reply beside them has one.
  public var highestRank = 0
  /// How many of a source's first records are shown field by field (`SourceBatch.previews`).
  public var previewedRecords = 0
  /// nil: found out from the bytes.
  public var format: TextFormat?
  /// What quotation marks mean in tables.
  public var quoting = Quoting.auto
  /// The key of the list to read from a document that holds splits; nil: `train`, or the only one there is.
  public var split: String?
  /// Where each sample's task label comes from.
  public var task: TaskRule = .layout
  /// What lengths count; the store's own unit when the samples go into a store.
  public var lengthUnit: LengthUnit = .characters
  /// The numeric field (dotted path) that gives the response's length, when `lengthUnit` is `.field`.
  public var lengthField: String?
  /// Counts the tokens of a text, when `lengthUnit` is `.tokens`. Called from several threads at once.
  public var countTokens: (@Sendable (UnsafeRawBufferPointer) -> Int)?
  /// The name that every source gets in place of its own: it decides where duplicates are looked for.
  public var sourceName: String?
  /// Which attributes count when duplicates are looked for; each source's layout adds its keys.
  public var identity = IdentityRule()
  /// What an input may cost before it is refused.
  public var limits = IngestionLimits()
  /// Threads that parse. 0 parses in the thread that calls `next()`.
  public var workers: Int = 1
  /// A batch is closed when it holds this many records, or `batchBytes` of input.
  public var batchRecords: Int = 4096
  /// Bytes of input after which a batch is closed; at least 1,024.
  public var batchBytes: Int = 4 << 20

  /// Everything found out from the input, one thread that parses.
  public init() {}

  func validate() throws(CohortError) {
    if lengthUnit == .field, lengthField == nil {
      throw .usage(
        .ingestionNoLengthField, "lengths shall come from a field, but no field is named",
        hint: "Use --length-field KEY")
    }
    if lengthUnit == .tokens, countTokens == nil {
      throw .usage(.ingestionNoTokenizer, "lengths shall count tokens, but there is no tokenizer")
    }
    if lengthUnit != .field, let lengthField {
      throw .usage(
        .ingestionLengthFieldUnused,
        "the length field \(lengthField) is named, but lengths are counted in \(lengthUnit.name)",
        hint: "Create the store with the length unit 'field', or leave the length field out")
    }
    if let map, !map.standsAlone, map[.prompt] != nil, layout == nil {
      throw .usage(
        .ingestionNoResponseField, "the map names neither a response nor a list of messages",
        hint: "Write it as --map prompt=KEY,response=KEY or --map messages=KEY")
    }
    if case .fixed(let name) = task, name.isEmpty { throw .usage(.ingestionEmptyTask, "the task's name is empty") }
    if let key = identity.contradiction {
      throw .usage(
        .ingestionInvalidOptions, "the key '\(key)' is named as one that counts for identity, and as one that does not")
    }
    if sourceName == "" { throw .usage(.ingestionEmptySource, "the source's name is empty") }
    guard workers >= 0, batchRecords > 0, batchBytes >= 1 << 10, limits.recordBytes > 0, limits.depth > 0,
      highestRank >= 0, previewedRecords >= 0
    else {
      throw .usage(.ingestionInvalidOptions, "a worker count, batch size or limit is too small")
    }
  }
}

/// What an input may cost.
public struct IngestionLimits: Sendable {
  /// The longest record (line, element, CSV row) in bytes. A longer one is quarantined.
  public var recordBytes: Int = 16 << 20
  /// What the samples of one record may have together, in bytes: a record can hold many samples with the same text.
  public var unfoldedBytes: Int = 256 << 20
  /// The longest name of a task in bytes: a label is to be read in a table. A record with a longer one is quarantined.
  public static let labelBytes = 1024
  /// Nested arrays and objects of one record.
  public var depth: Int = 64
  /// Bytes one compressed input may unfold to.
  public var decompressedBytes: UInt64 = 1 << 40
  /// Unfolded bytes for each compressed byte, looked at once `ratioGrace` bytes have come.
  public var decompressionRatio: UInt64 = 200
  /// In unfolded bytes: small inputs of one repeated record are no bombs.
  public var ratioGrace: UInt64 = 64 << 20
  /// Binary logarithm of the largest zstd window: 27 is 128 MiB.
  public var zstdWindowLog: Int = 27

  /// The usual limits.
  public init() {}
}
