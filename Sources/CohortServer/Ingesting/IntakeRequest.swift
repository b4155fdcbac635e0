internal import CohortCore
public import CohortPipeline
internal import CohortIngestion
internal import CohortStore
internal import HTTPTypes

/// A request to take in samples, before its body: checked, with defaults.
public struct IntakeRequest: Sendable {
  /// How the body is read and stored; without a source.
  var ingest: IngestRequest
  /// The client's key: a request that comes again under it is carried out once.
  var key: String?
  /// The compression that the client names.
  var encoding: Encoding
  /// Everything that decides about the outcome but the body.
  var canonical: String
  /// Nothing of it may be stored before all of it: nobody would know what is there already when it comes again.
  var storesAtOnce = false
  /// The size of the body as it comes, if the client says it.
  var length: UInt64?

  /// How a body is compressed.
  enum Encoding: String, CaseIterable, Sendable {
    case identity, gzip, zstd
  }

  /// The source's name where the client gives none, and where it came from.
  static let sourceName = "http"

  /// Checks what a client asks for. No parameter leads to a file.
  /// - Parameters:
  ///   - query: names and values in their order, decoded.
  ///   - defaults: how bodies are read unless the request says otherwise.
  /// - Throws: an `IntakeFailure` with the parameter's or the header's name.
  public init(
    query: [(name: String, value: String)], contentType: String? = nil, contentEncoding: String? = nil,
    contentLength: UInt64? = nil, idempotencyKey: String? = nil, defaults: IngestRequest
  ) throws(IntakeFailure) {
    var parameters = IntakeParameters(defaults)
    do throws(CohortError) {
      try parameters.take(query)
    } catch {
      throw IntakeFailure(error, status: .badRequest)
    }
    ingest = parameters.request
    (encoding, length) = (try Self.encoding(contentEncoding), contentLength)
    try Self.apply(contentType, to: &ingest.options)
    if let idempotencyKey, !AnsweredRequest.isKey(idempotencyKey) {
      throw IntakeFailure(
        CohortError(
          .serverIdempotencyKey, "The Idempotency-Key is not 1 to 255 visible ASCII characters",
          hint: "Draw a UUID for each request, and send the same one when you send the request again"))
    }
    key = idempotencyKey
    var words = query.map { "\($0.name)=\($0.value)" }.sorted()
    if let format = ingest.options.format { words.append("format \(format.rawValue)") }
    canonical = words.map { "\($0.utf8.count):\($0)" }.joined()
  }

  /// - Throws: for what is neither gzip nor zstd, or both.
  private static func encoding(_ header: String?) throws(IntakeFailure) -> Encoding {
    let names = (header ?? "").split(separator: ",").map { $0.trimmed.lowercased() }.filter { $0 != "identity" }
    let known = names.map { $0 == "x-gzip" ? .gzip : Encoding(rawValue: $0) }
    if known.isEmpty { return .identity }
    guard known.count == 1, let encoding = known[0] else {
      throw IntakeFailure(
        CohortError(
          .serverContentEncoding, "Bodies of the Content-Encoding \"\(header ?? "")\" are not read",
          hint: "Compress with gzip or zstd, once"))
    }
    return encoding
  }

  /// A type that says what the text is decides, unless the layout does; of all others the bytes decide.
  private static func apply(_ type: String?, to options: inout IngestionOptions) throws(IntakeFailure) {
    let name = type?.split(separator: ";").first?.trimmed.lowercased() ?? ""
    switch name {
    case "text/csv" where options.format == nil: options.format = .csv
    case "text/tab-separated-values" where options.format == nil: options.format = .tsv
    case _ where name.hasPrefix("multipart/") || name.hasPrefix("image/") || name.hasPrefix("video/"):
      throw IntakeFailure(
        CohortError(
          .serverContentType, "Bodies of the type \(name) are not read",
          hint: "Send JSON lines (application/x-ndjson), a JSON array (application/json), text/csv or "
            + "text/tab-separated-values as the body itself: curl --data-binary @FILE"))
    default: break
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs around it.
  var trimmed: SubSequence {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
    let head = drop(while: isBlank)
    guard let last = head.lastIndex(where: { !isBlank($0) }) else { return head }
    return head[...last]
  }
}
