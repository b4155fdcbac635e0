internal import CohortCore
internal import CohortPipeline

/// Conditions on samples, as named values of a request: those of the command line, with the same names.
enum FilterParameters {
  /// Where samples came from and what is said of them.
  static func conditions(_ place: VerbParameter.Place) -> [VerbParameter] {
    [
      VerbParameter("source", place, .text, "Samples of this source."),
      VerbParameter("task", place, .text, "Samples with this task."),
      VerbParameter(
        "where", place, .list(.text),
        "KEY=VALUE: samples whose attribute KEY (a.b reaches into objects) has this text; KEY!=VALUE for all others."),
      VerbParameter(
        "where_source", place, .list(.text),
        "TERM=VALUE: samples whose source has this licence or owner: licence=MIT, owner!=me."),
    ]
  }

  /// The same, and the group that samples are in.
  static func all(_ place: VerbParameter.Place) -> [VerbParameter] {
    conditions(place) + [
      VerbParameter("group", place, .group, "Samples in this group; with grouping."),
      VerbParameter("grouping", place, .text, "The grouping of group."),
    ]
  }

  /// Ids, or else conditions.
  static let selection =
    [VerbParameter("ids", .body, .list(.sample), "The samples' ids. Else all for which every condition holds.")]
    + all(.body)

  /// - Parameter withGroup: whether `group` and `grouping` are among the conditions.
  /// - Throws: `cli.argument` for a group without a grouping; `pipeline.condition`.
  static func filter(_ arguments: VerbArguments, withGroup: Bool = true) throws -> SampleFilter {
    var filter = SampleFilter(
      source: try arguments.text(ifGiven: "source"), task: try arguments.text(ifGiven: "task"),
      attributes: try arguments.texts("where").map { try AttributeCondition(parsing: $0) })
    filter.sourceTerms = try arguments.texts("where_source").map { try SampleFilter.sourceCondition(parsing: $0) }
    guard withGroup else { return filter }
    let grouping = try arguments.text(ifGiven: "grouping")
    switch (try arguments.count(ifGiven: "group", as: UInt32.self), grouping) {
    case (let group?, let grouping?): filter.membership = .init(group: GroupID(group), grouping: grouping)
    case (nil, nil): break
    case (let group, _):
      throw CohortError.argument(group == nil ? "grouping" : "group", "'group' and 'grouping' go together")
    }
    return filter
  }

  /// - Throws: `cli.argument` unless there are either ids or conditions.
  static func selection(_ arguments: VerbArguments) throws -> SampleSelection {
    let filter = try filter(arguments)
    guard let ids = try arguments.counts(ifGiven: "ids") else {
      guard !filter.isEmpty else {
        throw CohortError.argument(
          "ids", "Nothing says which samples", hint: "Give ids, or source, task, where, where_source or group")
      }
      return .filter(filter)
    }
    guard filter.isEmpty else { throw CohortError.argument("ids", "Ids and conditions exclude each other") }
    return .ids(ids.map { $0..<($0 + 1) })
  }
}
