public import CohortCore

/// The layout that samples are written in.
public enum ExportLayout: String, CaseIterable, Sendable {
  /// `{"messages": [{"role": …, "content": …}]}`, as chat templates take it.
  case messages
  /// `{"conversations": [{"from": …, "value": …}]}`.
  case sharegpt
  /// `{"instruction": …, "input": …, "output": …}`: one turn.
  case alpaca
  /// `{"prompt": …, "completion": …}`: two texts for one turn, else two lists of messages.
  case promptCompletion = "prompt-completion"
}

/// What to write, and how.
public struct ExportRequest: Sendable {
  /// Which samples.
  public enum Scope: Hashable, Sendable {
    /// All that are not deleted, in the order of their ids.
    case everything
    /// A snapshot's, in the order of their ids.
    case snapshot(String)
    /// The present members of one group.
    case group(GroupID, grouping: String)
  }

  /// Which samples are written.
  public var scope: Scope
  /// The keys of each written line.
  public var layout: ExportLayout
  /// Only samples with this task label, spelled exactly so; nil for all.
  public var task: String?
  /// Where to write; `-` for standard output.
  public var path: String

  public init(scope: Scope, layout: ExportLayout, task: String? = nil, path: String) {
    self.scope = scope
    self.layout = layout
    self.task = task
    self.path = path
  }
}

/// What an export wrote.
public struct ExportReport: Hashable, Sendable {
  /// Lines written, one a sample.
  public var written: UInt64 = 0
  /// Samples of the scope that were deleted since.
  public var deleted: UInt64 = 0
  /// Samples that the layout cannot hold (several turns in a layout with one), by reason.
  public var skipped: [String: UInt64] = [:]
  /// Size of what was written.
  public var bytes: UInt64 = 0
}
