import CohortCore
import CohortStore
import Foundation

extension OutputValue {
  static func id(_ value: SampleID) -> OutputValue { .unsigned(value.rawValue) }

  /// A group's number; null for samples that have none yet.
  static func id(_ value: GroupID) -> OutputValue { value == .unassigned ? .null : .unsigned(UInt64(value.rawValue)) }

  static func sequence(_ value: LogSequence) -> OutputValue { .unsigned(value.rawValue) }

  static func digest(_ value: Digest128) -> OutputValue { .text(value.description) }

  /// Milliseconds since 1970 as an RFC 3339 time in UTC.
  static func time(_ milliseconds: Int64) -> OutputValue {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return .text(date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z")
  }

  /// JSON of the store; null when there is none.
  static func json(_ utf8: [UInt8]) -> OutputValue { utf8.isEmpty ? .null : .encoded(utf8) }
}

extension GroupGeometry {
  /// What people call the group: its label or interval. A centroid has no name.
  var text: String? {
    switch self {
    case .label(let text): text
    case .interval(let lower, let upper): upper == .max ? "\(lower)..." : "\(lower)..<\(upper)"
    case .centroid: nil
    }
  }
}
