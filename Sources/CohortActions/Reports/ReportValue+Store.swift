public import CohortCore
internal import Foundation

extension ReportValue {
  /// A sample's number.
  public static func id(_ value: SampleID) -> ReportValue { .unsigned(value.rawValue) }

  /// A group's number; null for samples that have none yet.
  public static func id(_ value: GroupID) -> ReportValue {
    value == .unassigned ? .null : .unsigned(UInt64(value.rawValue))
  }

  /// A log entry's number.
  public static func sequence(_ value: LogSequence) -> ReportValue { .unsigned(value.rawValue) }

  /// A digest as 32 hexadecimal digits, the high half first.
  public static func digest(_ value: Digest128) -> ReportValue { .text(value.description) }

  /// Milliseconds since 1970 as an RFC 3339 time in UTC.
  public static func time(_ milliseconds: Int64) -> ReportValue {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return .text(date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z")
  }

  /// JSON of the store; null when there is none.
  public static func json(_ utf8: [UInt8]) -> ReportValue { utf8.isEmpty ? .null : .encoded(utf8) }
}
