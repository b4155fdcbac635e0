package import CohortCore

extension ErrorCode {
  package static let selectionBudget = ErrorCode(.selection, "budget", .usage)
  package static let selectionOption = ErrorCode(.selection, "option", .usage)
  package static let selectionNoVectors = ErrorCode(.selection, "no-vectors", .usage)
}
