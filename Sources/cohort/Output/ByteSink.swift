import CohortCore
import CohortSystem

/// Bytes for a file descriptor, collected into large writes. Used by one thread.
final class ByteSink {
  private let descriptor: Int32
  private let name: String
  private var bytes: [UInt8] = []
  private static let limit = 1 << 16
  /// Whether what was written so far ends inside a JSON array: an error is put into it, and it is closed, so that standard
  /// output is one document whatever happens.
  var isArrayOpen = false
  /// Whether programs read it; nil before the settings are known.
  var carriesJSON: Bool? { didSet { Interruption.tell(json: carriesJSON ?? false) } }

  /// - Parameter name: how errors call it.
  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  func write(_ text: String) throws {
    bytes.append(contentsOf: text.utf8)
    if bytes.count >= Self.limit { try flush() }
  }

  func write(_ body: (inout [UInt8]) -> Void) throws {
    body(&bytes)
    if bytes.count >= Self.limit { try flush() }
  }

  /// Hands everything to the system.
  /// - Throws: `OutputClosed` when the reader has gone, `cli.output` for any other failure. What could not be written
  ///   is dropped, so that a later flush does not fail again.
  func flush() throws {
    defer { bytes.removeAll(keepingCapacity: true) }
    guard !bytes.isEmpty else { return }
    do throws(Errno) {
      try Interruption.writing(endsInArray: isArrayOpen) { () throws(Errno) in
        try SystemCall.writeFully(bytes, to: descriptor)
      }
    } catch {
      if error.number == EPIPE { throw OutputClosed() }
      throw CohortError(
        .cliOutput, category: error.number == ENOSPC ? .temporary : .failure, "The output cannot be written",
        place: name, cause: error.text)
    }
  }
}
