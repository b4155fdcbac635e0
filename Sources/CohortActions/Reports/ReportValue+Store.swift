public import CohortCore
internal import Foundation

extension ReportValue {
  public static func id(_ value: SampleID) -> ReportValue { .unsigned(value.rawValue) }

  /// A group's number; null for samples that have none yet.
  public static func id(_ value: GroupID) -> ReportValue { value == .unassigned ? .null : .unsigned(UInt64(value.rawValue)) }

  public static func sequence(_ value: LogSequence) -> ReportValue { .unsigned(value.rawValue) }

  public static func digest(_ value: Digest128) -> ReportValue { .text(value.description) }

  /// Milliseconds since 1970 as an RFC 3339 time in UTC.
  public static func time(_ milliseconds: Int64) -> ReportValue {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return .text(date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z")
  }

  /// JSON of the store; null when there is none.
  public static func json(_ utf8: [UInt8]) -> ReportValue { utf8.isEmpty ? .null : .encoded(utf8) }
}

extension GroupingDefinition {
  /// In the words of the command line: `length response, 8 quantiles`.
  public var text: String {
    switch criterion {
    case .task: return "task"
    case .attribute(let key): return "attribute:\(key)"
    case .length(let part, let edges, let measure):
      var divided =
        switch edges {
        case .given(let values) where values.isEmpty: "no edges"
        case .given(let values): "edges \(values.map(String.init).joined(separator: ","))"
        case .equalWidth(let count): "\(count) intervals"
        case .quantiles(let count): "\(count) quantiles"
        }
      if case .groupSize(let size) = granularity { divided += ", \(size) samples a group" }
      return "\(part.name) length\(measure.map { " by \($0)" } ?? ""), \(divided)"
    case .embedding(let space):
      let kind = isBalanced ? "balanced embedding" : "embedding"
      switch granularity {
      case .groups(let count): return "\(kind) \(space), \(count) groups"
      case .groupSize(let size): return "\(kind) \(space), \(size) samples a group"
      case .automatic: return "\(kind) \(space)"
      }
    case .anchors(let anchors):
      return anchors.votes == 1
        ? "nearest anchor in \(anchors.space)" : "\(anchors.votes) nearest anchors in \(anchors.space)"
    case .product(let first, let second, let minimum): return "\(first)*\(second), at least \(minimum) samples a cell"
    }
  }
}

extension GroupingDefinition.LengthPart {
  public var name: String {
    switch self {
    case .prompt: "prompt"
    case .response: "response"
    case .total: "total"
    }
  }
}

extension GroupGeometry {
  /// What people call the group: its label or interval. A centroid has no name.
  public var text: String? {
    switch self {
    case .label(let text): text
    case .interval(let lower, let upper): upper == .max ? "\(lower)..." : "\(lower)..<\(upper)"
    case .centroid: nil
    }
  }
}
