/// Why a pattern cannot be used.
package struct PatternFault: Error {
  package var reason: String

  init(_ reason: String) { self.reason = reason }
}
