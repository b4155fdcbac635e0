extension GroupingState {
  /// The version of the rules by which rounds of an embedding grouping decide.
  ///
  /// Raise it when any rule that decides changes: round lengths, thresholds, the order of steps, bounds, what is drawn,
  /// rounding. A round notes it in its events and in the header when it is not the one before, so that a replay knows
  /// which rounds this program can make again; without that, rounds made by other rules would look like damage.
  /// `RulesVersionTests` makes fixed histories and fails when they come out otherwise under the same version.
  public static let rulesVersion: UInt32 = 6

  /// The versions by whose rules this program can make rounds. A grouping goes on by the rules that its last round was
  /// made by, if they are among these; else by the newest.
  public static let knownRules: ClosedRange<UInt32> = 5...rulesVersion

  /// What rounds count as that note no version: they were made before versions were noted.
  public static let unnotedRulesVersion: UInt32 = 1
}
