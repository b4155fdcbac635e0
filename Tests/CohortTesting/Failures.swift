package import CohortCore

/// The name of the code of the error that a call throws: nil if it throws none, a description of any other error.
package func codeName(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as CohortError {
    return error.code.name
  } catch {
    return "\(error)"
  }
}

/// The error of a call that must fail.
package func failure(_ body: () throws -> Void) throws -> CohortError {
  do {
    try body()
  } catch let error as CohortError {
    return error
  }
  throw Unexpected("no error came")
}

/// What a test cannot go on with.
package struct Unexpected: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
