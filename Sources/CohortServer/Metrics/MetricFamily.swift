/// Figures of one kind under one name, as Prometheus takes them.
public struct MetricFamily: Hashable, Sendable {
  /// How the figures behave.
  public enum Kind: String, Sendable {
    /// Never falls while the process lives.
    case counter
    case gauge
    /// How many of some durations were at most so long.
    case histogram
  }

  /// `cohort_http_requests_total`
  public let name: String
  public let kind: Kind
  /// One sentence.
  public let help: String

  public init(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }

  /// Upper bounds of histograms, in seconds.
  static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
}

/// A label of a figure.
public struct MetricLabel: Hashable, Sendable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}
