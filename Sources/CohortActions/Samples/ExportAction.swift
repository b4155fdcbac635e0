public import CohortPipeline
public import CohortStore
public import Foundation

/// `export`: writes samples as JSON lines.
public struct ExportAction: Action {
  public static let name = "export"
  public var access: ActionAccess { .reads }
  /// Which samples, in which form, and where to.
  public var request: ExportRequest

  public init(_ request: ExportRequest) { self.request = request }

  /// Writes the samples that are in the scope now; those that are deleted before their turn are only counted.
  /// - Parameter output: takes the bytes when the request's path is `-`.
  public func run(on store: Store, _ control: JobControl, output: FileHandle) throws -> ExportReport {
    try ExportJob.run(store, request, control: control, output: output)
  }
}

extension ExportReport {
  /// The counts of the export, with where it went.
  public func record(file: String) -> ReportRecord {
    [
      "file": .text(file), "written": .count(written), "bytes": .count(bytes), "deleted": .count(deleted),
      "skipped": Self.record(skipped), "renamed": Self.record(renamed),
    ]
  }

  private static func record(_ counts: [String: UInt64]) -> ReportValue {
    .record(ReportRecord(counts.sorted { $0.key < $1.key }.map { (name: $0.key, value: .count($0.value)) }))
  }
}
