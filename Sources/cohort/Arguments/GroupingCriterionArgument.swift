import ArgumentParser

/// What `--by` takes: `task`, `embedding`, `length`, `length:MEASURE`, `anchors`, `attribute:KEY`, or two groupings as
/// `A*B`.
enum GroupingCriterionArgument: ExpressibleByArgument, Sendable {
  case task
  case embedding
  /// By the store's own measure, or by the one named.
  case length(String?)
  case anchors
  case attribute(String)
  /// With the names as they were typed: which star parts them is known when the groupings are.
  case product(String)

  init?(argument: String) {
    switch argument {
    case "task": self = .task
    case "embedding": self = .embedding
    case "length": self = .length(nil)
    case "anchors": self = .anchors
    case _ where argument.dropFirst().dropLast().contains("*") && !argument.hasPrefix("attribute:"):
      self = .product(argument)
    default:
      if let key = Self.rest(of: argument, after: "attribute:") {
        self = .attribute(key)
      } else if let measure = Self.rest(of: argument, after: "length:") {
        self = .length(measure)
      } else {
        return nil
      }
    }
  }

  private static func rest(of argument: String, after prefix: String) -> String? {
    argument.hasPrefix(prefix) && argument.count > prefix.count ? String(argument.dropFirst(prefix.count)) : nil
  }

  static var allValueStrings: [String] {
    ["task", "embedding", "length", "length:MEASURE", "anchors", "attribute:KEY", "A*B"]
  }
}

/// Which part of a sample's messages a length grouping looks at.
enum LengthPartArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case prompt, response, total
}
