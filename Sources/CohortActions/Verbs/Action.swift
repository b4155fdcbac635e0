public import CohortCore
public import CohortPipeline
public import CohortStore

/// A verb of Cohort: a request, which is a plain value, that is run on an open store and gives a report.
///
/// Checks, defaults and notes live here, so that every shell (command line, daemon, Python) says the same things with the
/// same names. A shell parses the request, opens the store as `access` says, runs, and prints the report's fields.
public protocol Action: Sendable {
  /// As people type it: `snapshot create`.
  static var name: String { get }
  /// The same of this request, where a type has more than one verb.
  var name: String { get }
  /// How the store must be opened for this request: a dry run may read where the same verb otherwise writes.
  var access: ActionAccess { get }
}

/// What a verb does to the store.
public enum ActionAccess: Sendable {
  /// Any number of them at the same time.
  case reads
  /// Needs the right to write, for short transactions: others may write between two of them.
  case writes
  /// Needs the right to write, and that nobody else embeds, measures, groups or pins meanwhile.
  case updates
  /// Needs the right to write, and that nobody else writes the catalog's file meanwhile.
  case rebuilds
  /// Needs the right to write, and that nobody else packs samples meanwhile.
  case packs

  /// What others must not do meanwhile.
  public var holds: [Hold] {
    switch self {
    case .reads, .writes: []
    case .updates: Hold.updating
    case .rebuilds: [.catalog]
    case .packs: [.packing]
    }
  }
}

/// A verb that gives one record.
public protocol RecordAction: Action {
  /// What the verb tells when it is done.
  associatedtype Report: RecordReport

  /// - Throws: `CohortError`; what was committed before is kept.
  func run(on store: Store, _ control: JobControl) throws -> Report
}

/// A verb that gives rows.
public protocol ListAction: Action {
  /// In the order of a table.
  static var columns: [ReportColumn] { get }
  /// Whether the rows have no end that is worth waiting for: a program gets an object a line.
  static var isStream: Bool { get }

  /// Gives the rows one after the other. No read transaction is open meanwhile: whoever takes them may be slow.
  func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws
}

extension Action {
  public var name: String { Self.name }
}

extension ListAction {
  public var access: ActionAccess { .reads }
  public static var isStream: Bool { false }
}

/// What a verb did.
public protocol RecordReport: Sendable {
  /// All of it, for programs.
  var record: ReportRecord { get }
  /// What people want to know.
  var summary: ReportRecord { get }
  /// Sentences for people beside it.
  var notes: [String] { get }
  /// Done, but some records were set aside.
  var isPartial: Bool { get }
  /// What ended the work before its end; the report tells of what was done by then.
  var failure: CohortError? { get }
}

extension RecordReport {
  public var summary: ReportRecord { record }
  public var notes: [String] { [] }
  public var isPartial: Bool { false }
  public var failure: CohortError? { nil }
}

/// A report that is its fields.
public struct PlainReport: RecordReport {
  public var record: ReportRecord
  public var notes: [String]

  init(_ record: ReportRecord, notes: [String] = []) {
    self.record = record
    self.notes = notes
  }
}
