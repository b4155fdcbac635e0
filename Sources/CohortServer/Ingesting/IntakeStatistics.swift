internal import CohortPipeline

/// What was taken in over HTTP since the process began.
public struct IntakeStatistics: Sendable {
  /// Records by what became of them; those of bodies that broke off later are counted as far as they are durable.
  public var inserted: UInt64 = 0
  public var duplicates: UInt64 = 0
  public var quarantined: UInt64 = 0
  /// Bytes of bodies as they came, compressed or not.
  public var bytes: UInt64 = 0
  /// Requests that were carried out, and those that were answered again.
  public var requests: UInt64 = 0
  public var replays: UInt64 = 0
  /// Requests that failed or broke off.
  public var failures: UInt64 = 0
  /// Transactions that stored bodies together.
  public var groups: UInt64 = 0
  /// Bodies that are read in slices at the moment, and those that wait for it.
  public var streams = 0
  public var waitingStreams = 0
  /// Small bodies that are whole and not stored yet.
  public var waitingBodies = 0
  /// Seconds from a request's last byte to its answer.
  public var commitSeconds = SecondsHistogram()

  public init() {}

  mutating func add(_ report: IngestReport) {
    inserted += report.inserted
    duplicates += report.duplicates
    quarantined += report.quarantined
  }
}

/// How often something took how long.
public struct SecondsHistogram: Sendable {
  /// Upper bounds of the buckets; one more bucket is for all that is longer.
  public static let bounds = MetricFamily.bounds

  /// For each bound, and in the end for everything beyond: how many were not longer, those of the buckets before not
  /// included.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  public private(set) var sum = 0.0

  public init() {}

  /// How many there were.
  public var count: UInt64 { counts.reduce(0, +) }

  public mutating func add(_ seconds: Double) {
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }
}
