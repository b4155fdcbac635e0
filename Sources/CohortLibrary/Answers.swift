internal import CCohort
internal import CohortCore
internal import CohortSystem

/// Runs what a function of the library does. What it throws is told in `error`, if there is one, and `failed` is returned.
func answer<R>(_ error: UnsafeMutablePointer<cohort_error>?, _ failed: R, _ body: () throws -> R) -> R {
  do {
    return try body()
  } catch let thrown {
    if let error { fill(error, CohortError(describing: thrown, as: .libraryUnexpected)) }
    return failed
  }
}

/// The same for functions that return 0, or -1 for an error.
func answer(_ error: UnsafeMutablePointer<cohort_error>?, _ body: () throws -> Void) -> Int32 {
  answer(error, -1) {
    try body()
    return 0
  }
}

private func fill(_ error: UnsafeMutablePointer<cohort_error>, _ thrown: CohortError) {
  error.pointee.category = thrown.category.exitCode
  copy(thrown.code.name, to: &error.pointee.code)
  copy(thrown.message, to: &error.pointee.message)
  copy(thrown.place ?? "", to: &error.pointee.place)
  copy(thrown.cause ?? "", to: &error.pointee.cause)
  copy(thrown.hint ?? "", to: &error.pointee.hint)
}

/// Writes a text and a 0 behind it, cut between two characters where it is too long.
private func copy<Characters>(_ text: String, to characters: inout Characters) {
  withUnsafeMutableBytes(of: &characters) { target in
    var text = text
    text.withUTF8 { utf8 in
      var count = min(utf8.count, target.count - 1)
      // A byte that continues a character must not be the first that is left out. Nor may a 0 look like the end.
      while count > 0, count < utf8.count, utf8[count] & 0xc0 == 0x80 { count -= 1 }
      target.copyBytes(from: utf8[..<count])
      target[count] = 0
    }
  }
}

// MARK: What callers give

/// A pointer that must be there.
func given<Pointer>(_ pointer: Pointer?, _ name: String) throws -> Pointer {
  guard let pointer else { throw CohortError.argument(name, "it is NULL") }
  return pointer
}

/// A text of the caller.
func text(_ characters: UnsafePointer<CChar>?, _ name: String) throws -> String {
  guard let text = String(validatingCString: try given(characters, name)) else {
    throw CohortError.argument(name, "it is not UTF-8")
  }
  return text
}

/// A text that need not be there.
func optionalText(_ characters: UnsafePointer<CChar>?, _ name: String) throws -> String? {
  try characters.map { try text($0, name) }
}

/// As many values as anybody can have, so that sizes can be computed with them.
private let greatestCount: Int64 = 1 << 40

/// A count of the caller.
func count(_ count: Int64, _ name: String) throws -> Int {
  guard count >= 0 else { throw CohortError.argument(name, "\(count) is negative") }
  guard count <= greatestCount else { throw CohortError.argument(name, "\(count) is more than \(greatestCount)") }
  return Int(count)
}

/// Values of the caller. The pointer may be NULL if there are none.
func values<Value>(_ start: UnsafePointer<Value>?, _ number: Int64, _ name: String) throws -> UnsafeBufferPointer<Value>
{
  let number = try count(number, "count")
  return UnsafeBufferPointer(start: number == 0 ? start : try given(start, name), count: number)
}

/// Room of the caller. The pointer may be NULL if there need not be any.
func room<Value>(
  _ start: UnsafeMutablePointer<Value>?, _ count: Int, _ name: String
) throws -> UnsafeMutableBufferPointer<Value> {
  UnsafeMutableBufferPointer(start: count == 0 ? start : try given(start, name), count: count)
}

/// A text for the caller, who gives it back by `cohort_free`.
func lasting(_ text: String) throws -> UnsafeMutablePointer<CChar> {
  guard let copy = strdup(text) else { throw CohortError(.libraryNoMemory, "There is no memory for an answer") }
  return copy
}
