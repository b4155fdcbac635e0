internal import CohortCore
internal import CohortIngestion
public import CohortStore
internal import CohortVectors

/// Pours files into a store.
///
/// Parsing, compression and writing overlap; the order of ids is that of the arguments, then of the records. Several
/// batches share a commit, so that the disk's latency is paid seldom. Everything reported as inserted is durable.
public enum IngestJob {
  /// The provider of spaces whose vectors come with the samples.
  static let givenProvider = "npy"
  /// Sources of a dry run whose first records are shown.
  static let previewedSources = 5
  /// Rows without a usable vector that the report names.
  static let shownRows = 5

  /// Ingests what the request names, to its end.
  /// - Throws: what `IngestionReader.check` throws, before anything is stored, when a source's format or layout cannot
  ///   be made out; `pipeline.rows` when the vectors do not fit the records, `pipeline.interrupted`. A source that breaks
  ///   off later does not end the job: see `IngestReport.failures`.
  public static func run(
    _ store: Store, _ request: IngestRequest, control: JobControl = JobControl()
  ) throws -> IngestReport {
    var report = IngestReport()
    try run(store, request, control: control, into: &report)
    return report
  }

  /// The same for callers that want to know how far a job came that ended with an error.
  /// - Parameter report: an empty one; whatever is thrown, it counts what was committed before, and nothing else.
  public static func run(
    _ store: Store, _ request: IngestRequest, control: JobControl = JobControl(), into report: inout IngestReport
  ) throws {
    var found = try InputSource.discover(request.paths, sourceName: request.options.sourceName)
    found.sources = request.sources + found.sources
    let options = try Self.options(request, store)
    let reader = try IngestionReader(sources: found.sources, options: options)
    if !request.isolatesSources { try reader.check() }
    let names = found.sources.lazy.map { request.options.sourceName ?? $0.description.name }
    try store.read { try $0.check(request.terms.fixed, ofSources: names) }
    report.notes = found.notes
    report.unnamedRefusals = request.namedRefusals
    report.isDryRun = request.isDryRun
    if request.updatesLabels {
      guard (request.dedupe ?? store.configuration.dedupe) != .none else { throw CohortError.noLabelUpdates }
      report.updated = 0
    }
    if request.isDryRun { return try read(reader, into: &report, control) }
    let vectors = try request.embeddings.map { path in
      let npy = try NPYReader(path: path)
      if reader.totalInputBytes != nil { try checkRows(npy, path, found.sources, options, control) }
      return GivenVectors(reader: npy, space: try space(store, request.space, npy, path))
    }
    try pour(into: store, reader, request, vectors, &report, control)
    if report.withoutVector > 0, let path = request.embeddings {
      let rows = report.unusableRows.map { "\($0)" }.joined(separator: ", ")
      report.notes.append(
        IngestionNote(
          path: path,
          message: "\(report.withoutVector) rows are zero or not finite (the first: \(rows)): their samples are stored "
            + "without a vector and will have no group"))
    }
    if let vectors, UInt64(vectors.reader.count) != report.records {
      throw rowsError(rows: vectors.reader.count, records: report.records, path: request.embeddings ?? "")
    }
  }

  /// The options of a request with what the store decides. A tokenizer that the options have already is not read again.
  static func options(_ request: IngestRequest, _ store: Store) throws -> IngestionOptions {
    var options = request.options
    options.lengthUnit = store.configuration.lengthUnit
    options.lengthField = store.configuration.lengthField ?? options.lengthField
    if options.countTokens == nil { options.countTokens = try counter(of: store) }
    return options
  }

  /// Counts the tokens of a text as the store's own measure does; nil for a store that does not count tokens. Whoever makes
  /// many requests reads it once, for their options.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public static func counter(
    of store: Store
  ) throws -> (@Sendable (UnsafeRawBufferPointer) -> Int)? {
    guard let tokenizer = try LengthTokenizer(of: store) else { return nil }
    return { tokenizer.count($0) }
  }

  // MARK: Reading only

  private static func read(
    _ reader: IngestionReader, into report: inout IngestReport, _ control: JobControl
  ) throws {
    while true {
      do {
        guard let next = try reader.next() else { return }
        let index = Self.source(next, in: &report)
        report.records += UInt64(next.batch.records.count)
        report.inserted += UInt64(next.batch.rows.count)
        report.quarantined += UInt64(next.batch.rejections.count)
        report.sources[index].inserted += UInt64(next.batch.rows.count)
        report.sources[index].quarantined += UInt64(next.batch.rejections.count)
        report.sources[index].inputBytes += next.batch.inputBytes
        count(next.batch.rejections, in: &report)
        report.inputBytes += next.batch.inputBytes
        progress(report, reader, control)
        try control.checkpoint()
      } catch let error as CohortError where error.code.module == .ingestion {
        report.failures.append(IngestReport.Failure(error: error, source: reader.failed))
      }
    }
  }

  /// Refuses vectors that do not fit the records before anything is stored.
  private static func checkRows(
    _ npy: NPYReader, _ path: String, _ sources: [InputSource], _ options: IngestionOptions, _ control: JobControl
  ) throws {
    var counted = IngestReport()
    try read(
      try IngestionReader(sources: sources, options: options), into: &counted,
      JobControl(shouldStop: control.shouldStop))
    // A source that breaks off would shift the rows of all that come after it.
    if let failure = counted.failures.first { throw failure.error }
    guard UInt64(npy.count) == counted.records else {
      throw rowsError(rows: npy.count, records: counted.records, path: path)
    }
  }

  private static func rowsError(rows: Int, records: UInt64, path: String) -> CohortError {
    CohortError(
      .pipelineRows, "The vectors have \(rows) rows, but the input has \(records) records", place: path,
      hint: "Row i must belong to the i-th record of the files given, in the same order")
  }

  private static func space(
    _ store: Store, _ name: String, _ npy: NPYReader, _ path: String
  ) throws -> EmbeddingSpace {
    if let known = try store.read({ try $0.space(named: name) }) { return try check(known, npy, path) }
    return try store.write { transaction in
      // Another job may have made it meanwhile.
      if let known = try transaction.reading.space(named: name) { return try check(known, npy, path) }
      return try transaction.createSpace(
        name: name, provider: givenProvider, fingerprint: "given:\(npy.dimension)", dimension: npy.dimension)
    }
  }

  /// A space that is there, if these vectors may go there.
  private static func check(_ known: EmbeddingSpace, _ npy: NPYReader, _ path: String) throws -> EmbeddingSpace {
    guard known.provider == givenProvider else {
      throw CohortError(
        .pipelineOtherModel, "Space \"\(known.name)\" gets its vectors from \(known.provider), not from files",
        place: path, hint: "Vectors of two models never mix. Name another space with --space, it will be made")
    }
    guard known.dimension == npy.dimension else {
      throw CohortError(
        .pipelineDimension,
        "The vectors have \(npy.dimension) dimensions, but space \"\(known.name)\" has \(known.dimension)", place: path,
        hint: "Name another space with --space, it will be made")
    }
    return known
  }

  // MARK: Storing

  private static func pour(
    into store: Store, _ reader: IngestionReader, _ request: IngestRequest, _ vectors: GivenVectors?,
    _ report: inout IngestReport, _ control: JobControl
  ) throws {
    var (dictionary, number) = try store.read { (try $0.currentDictionary(), try $0.counters.dictionary) }
    let queue = try PreparationQueue(reader, dictionary: dictionary, threads: request.options.workers)
    defer { queue.cancel() }
    var terms = SourceTermsReader(request.terms)
    defer { report.notes += terms.notes }
    while true {
      let items = try queue.take(upTo: request.commitBytes)
      if items.isEmpty { return }
      var batches: [(SourceBatch, PreparedBatch, SourceTerms)] = []
      for item in items {
        if case .batch(let source, let prepared) = item {
          batches.append((source, prepared, try terms.terms(of: source, store)))
        } else if vectors != nil {
          break
        }
      }
      let first = report.records
      let outcomes = try store.write { transaction in
        try commit(batches, request, vectors, firstRecord: first, transaction)
      }
      for ((source, _, _), outcome) in zip(batches, outcomes) { add(outcome, of: source, to: &report) }
      for case .failure(let failure) in items {
        // The rows of the records behind it would belong to others.
        if vectors != nil { throw failure.error }
        report.failures.append(failure)
      }
      try store.trainDictionaryIfDue()
      // Trained here, or by another job.
      if try store.read({ try $0.counters.dictionary }) != number {
        (dictionary, number) = try store.read { (try $0.currentDictionary(), try $0.counters.dictionary) }
        queue.use(dictionary)
      }
      progress(report, reader, control)
      try control.checkpoint()
    }
  }

  struct Outcome {
    var ingest: IngestOutcome
    var embedded = 0
    /// Rows of the vectors' file that are zero or not finite.
    var unusableRows: [UInt64] = []
  }

  private static func commit(
    _ batches: [(SourceBatch, PreparedBatch, SourceTerms)], _ request: IngestRequest, _ vectors: GivenVectors?,
    firstRecord: UInt64, _ transaction: borrowing WriteTransaction
  ) throws -> [Outcome] {
    var outcomes: [Outcome] = []
    var record = firstRecord
    for (source, prepared, terms) in batches {
      let terms = try request.terms.settled(terms, of: source.source.name, transaction.reading)
      let ingest = try transaction.ingest(
        prepared, source: source.source.name, origin: source.source.path, dedupe: request.dedupe,
        updatesLabels: request.updatesLabels, terms: terms)
      var outcome = Outcome(ingest: ingest)
      if let vectors, !ingest.samples.isEmpty {
        guard record + UInt64(ingest.samples.count) <= UInt64(vectors.reader.count) else {
          throw rowsError(
            rows: vectors.reader.count, records: record + UInt64(ingest.samples.count), path: request.embeddings ?? "")
        }
        let rows = try vectors.rows(from: record, for: ingest.samples)
        outcome.embedded = try rows.rows.bytes.withUnsafeBytes {
          try transaction.embed(rows.rows.ids, rows: $0, without: rows.without, in: vectors.space).stored
        }
        outcome.unusableRows = rows.unusable
      }
      record += UInt64(ingest.samples.count)
      outcomes.append(outcome)
    }
    return outcomes
  }

  // MARK: Counting

  static func add(_ outcome: Outcome, of source: SourceBatch, to report: inout IngestReport) {
    let refused = outcome.ingest.quarantined + outcome.ingest.quarantinedBefore
    let index = Self.source(source, in: &report)
    report.sources[index].inserted += outcome.ingest.inserted
    report.sources[index].duplicates += outcome.ingest.duplicates
    report.sources[index].quarantined += refused
    report.sources[index].inputBytes += source.batch.inputBytes
    report.records += UInt64(outcome.ingest.samples.count)
    report.inserted += outcome.ingest.inserted
    report.duplicates += outcome.ingest.duplicates
    report.duplicatesDiffering += outcome.ingest.duplicatesDiffering
    report.duplicatesRelabelled += outcome.ingest.duplicatesRelabelled
    report.updated = report.updated.map { $0 + outcome.ingest.updated }
    report.quarantined += refused
    report.newlyQuarantined += outcome.ingest.quarantined
    report.embedded += UInt64(outcome.embedded)
    report.withoutVector += UInt64(outcome.unusableRows.count)
    report.unusableRows += outcome.unusableRows.prefix(max(0, shownRows - report.unusableRows.count))
    report.inputBytes += source.batch.inputBytes
    count(source.batch.rejections, in: &report)
  }

  private static func count(_ rejections: [SampleBatch.Rejection], in report: inout IngestReport) {
    for rejection in rejections { report.reasons[rejection.reason, default: 0] += 1 }
    for rejection in rejections.prefix(report.unnamedRefusals) {
      report.unnamedRefusals -= 1
      report.refused.append(
        IngestReport.RefusedRecord(line: rejection.line, reason: rejection.reason, detail: rejection.detail))
    }
  }

  /// The index of a batch's source in the report; batches of a source follow each other.
  private static func source(_ batch: SourceBatch, in report: inout IngestReport) -> Int {
    report.notes += batch.notes
    if !batch.previews.isEmpty, report.sources.count < previewedSources {
      report.previews += batch.previews.map { (batch.source.name, $0) }
    }
    let index = sourceIndex(batch, in: &report)
    report.sources[index].tallies.add(batch.tallies)
    if batch.finishedSource {
      report.notes += report.sources[index].tallies.notes.map { IngestionNote(path: batch.source.path, message: $0) }
    }
    return index
  }

  private static func sourceIndex(_ batch: SourceBatch, in report: inout IngestReport) -> Int {
    if let last = report.sources.last, last.name == batch.source.name, last.path == batch.source.path {
      if batch.layout != nil { report.sources[report.sources.count - 1].layout = batch.layout }
      return report.sources.count - 1
    }
    report.sources.append(
      IngestReport.Source(name: batch.source.name, path: batch.source.path, layout: batch.layout))
    return report.sources.count - 1
  }

  private static func progress(_ report: IngestReport, _ reader: IngestionReader, _ control: JobControl) {
    control.report(
      JobProgress(stage: "ingest", done: report.inputBytes, total: reader.totalInputBytes, unit: "bytes"))
  }
}
