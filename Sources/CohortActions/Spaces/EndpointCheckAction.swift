public import CohortCore
internal import CohortEmbedding
public import CohortPipeline
public import CohortProviders

/// `embed check`: tries an embedding server. Needs no store, and stores nothing.
public struct EndpointCheckAction: Sendable {
  /// As people type it.
  public static let name = "embed check"
  /// The address, interface, model and key's place of the server to try.
  public var server: ProviderConfiguration
  /// The largest batch to try.
  public var mostTexts: Int

  public init(server: ProviderConfiguration, mostTexts: Int = 256) {
    self.server = server
    self.mostTexts = mostTexts
  }

  /// Sends a few dozen requests to the server, and measures what comes back.
  /// - Throws: what the server's answers, or their absence, mean.
  public func run(_ control: JobControl) throws -> EndpointCheckReport {
    var options = ServerOptions()
    options.shouldStop = control.shouldStop
    let report = try EndpointCheck.run(
      server, key: try APIKey.read(server.key), mostTexts: mostTexts, options: options
    ) { control.report(JobProgress(stage: $0, done: 0, total: nil, unit: "texts")) }
    return EndpointCheckReport(record: report.record, failure: report.failure)
  }
}

/// What was found out about a server, and why it cannot be used, if so.
public struct EndpointCheckReport: RecordReport {
  public var record: ReportRecord
  public var failure: CohortError?
}

extension EndpointReport {
  fileprivate var failure: CohortError? {
    let faults = faults
    guard !faults.isEmpty else { return nil }
    return CohortError(
      .embeddingServerUnsound, "Vectors of this server would be wrong", place: address,
      cause: faults.joined(separator: "; "),
      hint: cutsTextsOfWords != nil && !isAskedToCut
        ? "Make the server refuse what is too long for its model, or cut texts yourself with --text-limit"
        : "Look after the server: do not embed with it before this check is passed")
  }

  fileprivate var record: ReportRecord {
    [
      "address": .text(address), "provider": .text(identity.provider), "model": .text(identity.model),
      "revision": .optional(information.revision), "fingerprint": .text(identity.fingerprint),
      "dimension": .count(identity.dimension), "needs_key": needsKey.map { .boolean($0) } ?? .null,
      "normalised": .boolean(isNormalised), "keeps_order": .boolean(keepsOrder),
      "base64": writesBase64.map { .boolean($0) } ?? .null, "deterministic": .boolean(isDeterministic),
      "least_cosine": .number(leastCosine), "largest_batch": .count(largestBatch),
      "batch_refusal": .optional(batchRefusal), "long_text_refusal": .optional(longTextRefusal),
      "cuts_texts_of_words": cutsTextsOfWords.map { .count($0) } ?? .null,
      "greatest_cosine": .number(greatestCosine),
      "longest_text_tokens": information.textTokens.map { .count($0) } ?? .null,
      "latency_ms": .number(latency * 1000), "texts_per_second": .number(textsPerSecond.rounded()),
    ]
  }
}
