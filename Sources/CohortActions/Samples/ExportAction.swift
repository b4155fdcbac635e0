public import CohortPipeline
public import CohortStore
public import Foundation

/// `export`: writes samples as JSON lines.
public struct ExportAction: Action {
  public static let name = "export"
  public var access: ActionAccess { .reads }
  public var request: ExportRequest

  public init(_ request: ExportRequest) { self.request = request }

  /// - Parameter output: takes the bytes when the request's path is `-`.
  public func run(on store: Store, _ control: JobControl, output: FileHandle) throws -> ExportReport {
    try ExportJob.run(store, request, control: control, output: output)
  }
}

extension ExportReport {
  public func record(file: String) -> ReportRecord {
    [
      "file": .text(file), "written": .count(written), "bytes": .count(bytes), "deleted": .count(deleted),
      "skipped": .record(
        ReportRecord(skipped.sorted { $0.key < $1.key }.map { (name: $0.key, value: .count($0.value)) })),
    ]
  }
}
