public import ArgumentParser
public import CohortActions

/// What `--by` takes.
struct GroupingCriterionArgument: ExpressibleByArgument, Sendable {
  let criterion: GroupingCreateAction.Criterion

  init?(argument: String) {
    guard let criterion = GroupingCreateAction.Criterion(argument) else { return nil }
    self.criterion = criterion
  }

  static var allValueStrings: [String] { GroupingCreateAction.Criterion.texts }
}

extension LengthPart: ExpressibleByArgument {}
