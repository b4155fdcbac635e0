import ArgumentParser

/// What `--by` takes: `task`, `embedding`, `length`, `anchors`, `attribute:KEY`, or two groupings as `A*B`.
enum GroupingCriterionArgument: ExpressibleByArgument, Sendable {
  case task
  case embedding
  case length
  case anchors
  case attribute(String)
  /// With the names as they were typed: which star parts them is known when the groupings are.
  case product(String)

  init?(argument: String) {
    switch argument {
    case "task": self = .task
    case "embedding": self = .embedding
    case "length": self = .length
    case "anchors": self = .anchors
    case _ where argument.dropFirst().dropLast().contains("*") && !argument.hasPrefix("attribute:"):
      self = .product(argument)
    default:
      guard argument.hasPrefix("attribute:"), argument.count > "attribute:".count else { return nil }
      self = .attribute(String(argument.dropFirst("attribute:".count)))
    }
  }

  static var allValueStrings: [String] { ["task", "embedding", "length", "anchors", "attribute:KEY", "A*B"] }
}

/// Which length a length grouping looks at.
enum LengthMeasureArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case prompt, response, total
}
