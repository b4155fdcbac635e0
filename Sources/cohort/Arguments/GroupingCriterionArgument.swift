import ArgumentParser
import CohortCore

/// What `--by` takes: `task`, `embedding`, `length`, `length:MEASURE`, `anchors`, `attribute:KEY`, or two groupings as
/// `A*B`.
struct GroupingCriterionArgument: ExpressibleByArgument, Sendable {
  let spelling: GroupingSpelling

  init?(argument: String) {
    guard let spelling = GroupingSpelling(argument) else { return nil }
    self.spelling = spelling
  }

  static var allValueStrings: [String] { GroupingSpelling.all }
}

/// Which part of a sample's messages a length grouping looks at.
struct LengthPartArgument: ExpressibleByArgument, Sendable {
  let part: GroupingDefinition.LengthPart

  init?(argument: String) {
    guard let part = GroupingDefinition.LengthPart.allCases.first(where: { $0.name == argument }) else { return nil }
    self.part = part
  }

  static var allValueStrings: [String] { GroupingDefinition.LengthPart.allCases.map(\.name) }
}
