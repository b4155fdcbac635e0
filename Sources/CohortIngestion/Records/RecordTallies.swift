/// What was seen in some records that concerns the source as a whole: the report tells it once.
public struct RecordTallies: Hashable, Sendable {
  /// Names of roles that nobody knows, with how many turns had them. They are kept as they are.
  public var unknownRoles: [String: UInt64] = [:]
  /// Names that are told apart; turns of all further names are counted together.
  static let nameLimit = 200
  /// Turns with roles beyond those.
  public var furtherRoles: UInt64 = 0
  /// Samples of which no turn of the assistant is trained on; the last one is the response all the same.
  public var untrained: UInt64 = 0
  /// Samples whose label calls their response undesired.
  public var undesired: UInt64 = 0

  /// Nothing seen.
  public init() {}

  /// Adds what was seen elsewhere.
  public mutating func add(_ other: Self) {
    furtherRoles += other.furtherRoles
    for (name, count) in other.unknownRoles { note(role: name, count) }
    untrained += other.untrained
    undesired += other.undesired
  }

  /// Counts turns of a role that nobody knows.
  mutating func note(role: String, _ count: UInt64 = 1) {
    if unknownRoles[role] != nil || unknownRoles.count < Self.nameLimit {
      unknownRoles[role, default: 0] += count
    } else {
      furtherRoles += count
    }
  }

  /// What the user should know, a sentence each.
  public var notes: [String] {
    var notes = unknownRoles.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10).map { name, count in
      "the role '\(name)' of \(count) turns is not known and kept as it is "
        + "(--role '\(name)=user', or assistant, system, tool, says what it is)"
    }
    if unknownRoles.count > 10 || furtherRoles > 0 { notes.append("further roles are not known and kept as they are") }
    if untrained > undesired {
      notes.append(
        "\(untrained - undesired) samples have no turn that is trained on by its weight; their last answer is the response"
      )
    }
    return notes
  }
}
