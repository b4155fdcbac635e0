package import CohortCore

extension ErrorCode {
  /// A stored vector that cannot be one. Users know it by the name that it had when only clustering read vectors.
  package static let vectorsDamaged = ErrorCode(.clustering, "vector", .corruption, hint: "Embed the sample again")
}
