public import CohortCore

/// The layout that samples are written in. Each but `csv` is one that ingestion reads: what comes back is the same sample, or
/// the sample is left out and counted (`ExportSkip`).
public enum ExportLayout: String, CaseIterable, Sendable {
  /// `{"messages": [{"role": …, "content": …}]}`, as chat templates take it.
  case messages
  /// `{"conversations": [{"from": …, "value": …}]}`.
  case sharegpt
  /// `{"instruction": …, "input": …, "output": …}`, earlier turns in `history`.
  case alpaca
  /// `{"prompt": …, "completion": …}`: texts if two of them hold every sample of the file, else lists of messages.
  case promptCompletion = "prompt-completion"
  /// `{"prompt": …, "chosen": …, "rejected": …}` of samples that have the attribute `rejected`.
  case preference
  /// All that is known of a sample: the keys of `messages`, the texts of prompt and response, and every `ExportColumn`.
  case jsonl
  /// The same as a table with a header, for spreadsheets and data frames: lists and objects are JSON in one cell.
  case csv

  /// Whether a line has every `ExportColumn` unasked.
  public var hasAllColumns: Bool { self == .jsonl || self == .csv }

  /// The name of the layout that ingestion reads it by; nil where none gives the same samples.
  package var readAs: String? {
    switch self {
    case .jsonl: Self.messages.rawValue
    case .csv: nil
    default: rawValue
    }
  }
}

/// What a line has on request, beside the sample.
public enum ExportColumn: String, CaseIterable, Sendable {
  /// The sample's number in the store, as `id`.
  case ids
  /// The name of its source, as `source`.
  case source
  /// `prompt_length`, `response_length` and `total_length`, by the store's own measure.
  case lengths
  /// Its line, row or element in the source, as `line`.
  case line
}

/// What to write, and how.
public struct ExportRequest: Sendable {
  /// Which samples.
  public enum Scope: Hashable, Sendable {
    /// All that are not deleted, in the order of their ids.
    case everything
    /// A snapshot's, in the order of their ids.
    case snapshot(String)
    /// A selection's, in its order.
    case selection(String)
    /// These, in this order; one that is named twice is written once.
    case samples([SampleID])
    /// The present members of one group.
    case group(GroupID, grouping: String)
  }

  /// Which samples are written.
  public var scope: Scope
  /// The keys of each written line.
  public var layout: ExportLayout
  /// Only samples with this task label, spelled exactly so; nil for all.
  public var task: String?
  /// What each line has besides.
  public var columns: Set<ExportColumn>
  /// Where to write; `-` for standard output.
  public var path: String

  public init(
    scope: Scope, layout: ExportLayout, task: String? = nil, columns: Set<ExportColumn> = [], path: String
  ) {
    self.scope = scope
    self.layout = layout
    self.task = task
    self.columns = columns
    self.path = path
  }
}

/// What an export wrote.
public struct ExportReport: Hashable, Sendable {
  /// Lines written, one a sample.
  public var written: UInt64 = 0
  /// Samples of the scope that were deleted since.
  public var deleted: UInt64 = 0
  /// Samples that the layout cannot hold, by reason (`ExportSkip`).
  public var skipped: [String: UInt64] = [:]
  /// Attributes that stand under another key, because a line has their own for something else: how many, by their own key.
  public var renamed: [String: UInt64] = [:]
  /// Size of what was written.
  public var bytes: UInt64 = 0

  /// What people should know of samples and attributes that are not as they would expect; nil when there is nothing.
  public var note: String? {
    var parts: [String] = []
    if !skipped.isEmpty { parts.append("left out \(Self.total(skipped, "sample")): \(Self.list(skipped))") }
    if !renamed.isEmpty {
      parts.append(
        "\(Self.total(renamed, "attribute")) under \(ExportedLine.prefix)KEY, because a line has the key already: "
          + Self.list(renamed))
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private static func total(_ counts: [String: UInt64], _ what: String) -> String {
    let total = counts.values.reduce(0, +)
    return "\(total) \(what)\(total == 1 ? "" : "s")"
  }

  private static func list(_ counts: [String: UInt64]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }
}
