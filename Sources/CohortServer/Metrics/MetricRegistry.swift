internal import CohortSystem

/// The figures that are counted while things happen. Those that can be looked up are written when somebody asks.
public final class MetricRegistry: Sendable {
  /// What is known of one series.
  struct Series: Sendable {
    var value = 0.0
    /// Of a histogram: how many were in each bucket, and beyond the last.
    var buckets: [UInt64] = []
  }

  /// What has not happened yet, and has no labels that would have to be known, stands at zero from the beginning.
  private let families = Locked<[MetricFamily: [[MetricLabel]: Series]]>([.httpRefused: [[]: Series()]])

  public init() {}

  /// Adds to a counter; makes it when it is not there.
  public func add(_ amount: Double = 1, to family: MetricFamily, _ labels: [MetricLabel] = []) {
    families.withLock { $0[family, default: [:]][labels, default: Series()].value += amount }
  }

  /// Counts a duration in a histogram.
  public func observe(_ seconds: Double, in family: MetricFamily, _ labels: [MetricLabel] = []) {
    let bucket = MetricFamily.bounds.firstIndex { seconds <= $0 } ?? MetricFamily.bounds.count
    families.withLock { families in
      var series = families[family]?[labels] ?? Series()
      if series.buckets.isEmpty { series.buckets = Array(repeating: 0, count: MetricFamily.bounds.count + 1) }
      series.buckets[bucket] += 1
      series.value += seconds
      families[family, default: [:]][labels] = series
    }
  }

  /// What was counted so far.
  func write(to text: inout MetricText) {
    for (family, series) in families.withLock({ $0 }) {
      for (labels, series) in series {
        guard family.kind == .histogram else {
          text.add(series.value, to: family, labels)
          continue
        }
        text.add(series.buckets, sum: series.value, to: family, labels)
      }
    }
  }
}
