import ArgumentParser
import CohortCore
import CohortPipeline

/// Conditions on where samples came from and what is said of them, as options of a command.
struct ConditionArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Samples of this source.", valueName: "name"), completion: StoreNames.sources)
  var source: String?
  @Option(help: ArgumentHelp("Samples with this task.", valueName: "name"), completion: StoreNames.tasks)
  var task: String?
  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp(
      "Samples whose attribute KEY (a.b reaches into objects) has this text; KEY!=VALUE for all others. May be repeated.",
      valueName: "key=value"))
  var conditions: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Samples whose source has this licence or owner: licence=MIT, owner!=me. May be repeated.",
      valueName: "term=value"))
  var whereSource: [String] = []

  func validate() throws {
    for condition in conditions { try validating { _ = try AttributeCondition(parsing: condition) } }
    for condition in whereSource { try validating { _ = try SampleFilter.sourceCondition(parsing: condition) } }
  }

  /// Whether a condition was given.
  var isGiven: Bool { source != nil || task != nil || !conditions.isEmpty || !whereSource.isEmpty }

  /// The conditions, all of which must hold.
  func filter() throws -> SampleFilter {
    var filter = SampleFilter(source: source, task: task)
    filter.attributes = try conditions.map { try AttributeCondition(parsing: $0) }
    filter.sourceTerms = try whereSource.map { try SampleFilter.sourceCondition(parsing: $0) }
    return filter
  }
}

/// The same, and the group that samples are in.
struct FilterArguments: ParsableArguments {
  @OptionGroup var conditions: ConditionArguments
  @Option(help: ArgumentHelp("Samples in this group; with --grouping.", valueName: "id")) var group: UInt32?
  @Option(
    help: ArgumentHelp("The grouping of --group. Not needed where the store has only one.", valueName: "name"),
    completion: StoreNames.groupings)
  var grouping: String?

  func validate() throws {
    if group == nil, grouping != nil { throw ValidationError("--grouping is that of a --group: say which one.") }
  }

  /// Whether a condition was given.
  var isGiven: Bool { conditions.isGiven || group != nil }

  /// The conditions, all of which must hold.
  func filter(_ session: Session) throws -> SampleFilter {
    var filter = try conditions.filter()
    if let group { filter.membership = .init(group: GroupID(group), grouping: try session.grouping(grouping)) }
    return filter
  }
}
