extension MapEngine {
  /// The version of everything that decides where samples lie. A change that gives other places, be it in their last bits,
  /// needs another one: maps know by which they were made.
  public static let rulesVersion: UInt32 = 1
}
