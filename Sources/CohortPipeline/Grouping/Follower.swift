/// Keeps one grouping in step with what it follows: the log, or its factors. Holds state between calls, so that a daemon
/// does not read it anew each time.
public protocol Follower: AnyObject {
  /// The grouping's name.
  var name: String { get }
  /// Digest of the grouping's state.
  var digest: UInt64 { get }

  /// Brings the grouping up to date.
  /// - Throws: `pipeline.interrupted` between two commits; all that was committed before is kept.
  func update(_ control: JobControl) throws -> GroupingUpdate
}

extension GroupingFollower: Follower {}
