public import ArgumentParser
public import CohortCore

/// What `--by` takes.
struct GroupingCriterionArgument: ExpressibleByArgument, Sendable {
  let spelling: GroupingSpelling

  init?(argument: String) {
    guard let spelling = GroupingSpelling(argument) else { return nil }
    self.spelling = spelling
  }

  static var allValueStrings: [String] { GroupingSpelling.all }
}

extension GroupingDefinition.LengthPart: ExpressibleByArgument {
  /// The part of a word after `--measure`; nil for any other word.
  public init?(argument: String) {
    guard let part = Self.allCases.first(where: { $0.name == argument }) else { return nil }
    self = part
  }

  /// The words that can be given, for help and completion.
  public static var allValueStrings: [String] { allCases.map(\.name) }
}
