/// The number of a sample: dense, given in ingest order, never reused.
public struct SampleID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The number of a log entry. The first entry has sequence 1; 0 means "nothing applied yet". Sequences are dense.
public struct LogSequence: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// Before the first entry: nothing applied yet.
  public static let none = LogSequence(0)
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var next: LogSequence { LogSequence(rawValue + 1) }
  public var description: String { String(rawValue) }
}

/// The number of a group within its grouping. Never reused; `unassigned` marks a sample that has no group yet.
public struct GroupID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// No group: every sample has this until a round assigns it. The greatest number, so that it sorts last.
  public static let unassigned = GroupID(.max)
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The number of a grouping in its store. Never reused.
public struct GroupingID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The number of a source (a data set's file, a stream) in its store.
public struct SourceID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

/// The number of a task label in its store. `missing` (0) is the label of samples that came without one.
public struct TaskID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// The label of samples that came without one. It has no record and no name.
  public static let missing = TaskID(0)
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}
