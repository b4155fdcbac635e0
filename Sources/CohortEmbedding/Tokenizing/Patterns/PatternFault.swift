/// Why a pattern cannot be used.
struct PatternFault: Error {
  var reason: String

  init(_ reason: String) { self.reason = reason }
}
