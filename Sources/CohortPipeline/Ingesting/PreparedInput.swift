internal import CohortCore
internal import CohortIngestion
public import CohortStore

/// An input that was read to its end and waits to be stored, in one transaction with others.
///
/// It gives what `IngestJob.run` makes of the same input, but for two things: an input that cannot be read to its end is
/// not stored in part, and all of it becomes durable at once.
public struct PreparedInput: Sendable {
  typealias Part = (source: SourceBatch, prepared: PreparedBatch, terms: SourceTerms)

  let request: IngestRequest
  private(set) var parts: [Part] = []
  private(set) var notes: [IngestionNote] = []
  /// What its samples take in memory.
  public private(set) var memoryBytes = 0

  /// Reads and compresses the first source of a request on the calling thread. Nothing is stored.
  /// - Parameter memoryLimit: what its samples may take.
  /// - Returns: nil when they would take more: such an input is one for `IngestJob.run`.
  /// - Throws: what keeps the input from being read to its end; what the request's options are refused for.
  public init?(_ request: IngestRequest, for store: Store, memoryLimit: Int = .max) throws {
    self.request = request
    if request.updatesLabels, (request.dedupe ?? store.configuration.dedupe) == .none {
      throw CohortError.noLabelUpdates
    }
    var options = try IngestJob.options(request, store)
    options.workers = 0
    let reader = try IngestionReader(sources: Array(request.sources.prefix(1)), options: options)
    let names = request.sources.prefix(1).map { request.options.sourceName ?? $0.description.name }
    let dictionary = try store.read { transaction in
      try transaction.check(request.terms.fixed, ofSources: names)
      return try transaction.currentDictionary()
    }
    var terms = SourceTermsReader(request.terms)
    while let source = try reader.next() {
      memoryBytes += 2 * source.batch.arena.count
      if memoryBytes > memoryLimit { return nil }
      let given = try terms.terms(of: source, store)
      parts.append((source, PreparedBatch(source.batch, dictionary: dictionary), given))
    }
    notes = terms.notes
  }
}

extension IngestJob {
  /// Stores inputs in their order, in one transaction: all of them, or none.
  ///
  /// Their numbers, ids and log entries are those of one `run` after the other.
  /// - Parameter completing: called in the transaction with each input's number and report, for what shall be stored with
  ///   it. May be called again for all of them (the map grew); reports of a transaction that does not commit are void.
  /// - Returns: a report for each.
  public static func store(
    _ inputs: [PreparedInput], in store: Store,
    completing: (Int, IngestReport, borrowing WriteTransaction) throws -> Void = { _, _, _ in }
  ) throws -> [IngestReport] {
    try store.write { transaction in
      var reports: [IngestReport] = []
      for (number, input) in inputs.enumerated() {
        let request = input.request
        var report = IngestReport()
        report.unnamedRefusals = request.namedRefusals
        if request.updatesLabels { report.updated = 0 }
        for part in input.parts {
          let description = part.source.source
          let outcome = try transaction.ingest(
            part.prepared, source: description.name, origin: description.path, dedupe: request.dedupe,
            updatesLabels: request.updatesLabels, terms: part.terms)
          add(Outcome(ingest: outcome), of: part.source, to: &report)
        }
        report.notes += input.notes
        try completing(number, report, transaction)
        reports.append(report)
      }
      return reports
    }
  }
}
