/// What a verification found.
public struct VerificationReport: Hashable, Sendable {
  /// How many values of a table were read and found sound or not.
  public struct Table: Hashable, Sendable {
    /// The table's name in the data file, such as `samples`.
    public var name: String
    /// Values that were read, sound or not.
    public var records: UInt64
  }

  /// One value that is damaged, missing, or contradicts another.
  public struct Problem: Hashable, Sendable {
    /// Table and key, or what the value is: `sample 17`, `chunk 3 of column 64`.
    public var place: String
    /// What is wrong with it.
    public var what: String
    /// Whether `Store.repair` mends it: it can be computed from what is sound.
    public var isRepairable: Bool

    /// A problem as a check found it. The report keeps it while there are fewer than `problemLimit`.
    public init(place: String, what: String, isRepairable: Bool) {
      (self.place, self.what, self.isRepairable) = (place, what, isRepairable)
    }
  }

  /// In the order in which they were read.
  public internal(set) var tables: [Table] = []
  /// The first `problemLimit` of them.
  public internal(set) var problems: [Problem] = []
  /// All of them.
  public internal(set) var problemCount: UInt64 = 0

  /// A damaged page can make a million problems: so many are listed, the rest are counted.
  public static let problemLimit = 1000

  /// Whether no problem was found.
  public var isSound: Bool { problemCount == 0 }
}

/// How far a verification is.
public struct VerificationProgress: Hashable, Sendable {
  /// The table that is being read.
  public var table: String
  /// Values of the table that were read, of how many there are.
  public var done: UInt64
  /// Values that the table has; for progress only.
  public var total: UInt64
}
