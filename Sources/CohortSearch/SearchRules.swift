/// What an index of words was made by.
package enum SearchRules {
  /// Goes up when a text would give other words than before: an index of another version is made anew.
  package static let version: Int64 = 1
  /// Samples whose sizes lie together in an index.
  package static let chunk: UInt64 = 4096
  /// Samples that no index shows yet and that are read for an answer all the same.
  package static let mostUnindexed: UInt64 = 20_000
}
