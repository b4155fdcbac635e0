import CohortActions
import CohortCore
import CohortSystem

/// Bytes for a file descriptor, collected into large writes. Used by one thread.
final class ByteSink {
  private let descriptor: Int32
  private let name: String
  private var bytes: [UInt8] = []
  private var spool: OutputSpool?
  private static let limit = 1 << 16
  /// Bytes that were given so far.
  private(set) var count = 0
  /// Whether all is kept back until `release`.
  private(set) var isHeld = false
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
    count += text.utf8.count
    if bytes.count >= Self.limit { try flush() }
  }

  func write(_ body: (inout [UInt8]) -> Void) throws {
    let before = bytes.count
    body(&bytes)
    count += bytes.count - before
    if bytes.count >= Self.limit { try flush() }
  }

  /// Hands everything to the system; nothing while the bytes are held.
  /// - Throws: `OutputClosed` when the reader has gone, `cli.output` for any other failure. What could not be written
  ///   is dropped, so that a later flush does not fail again.
  func flush() throws {
    if isHeld || bytes.isEmpty { return }
    defer { bytes.removeAll(keepingCapacity: true) }
    try describing { () throws(Errno) in
      if let spool { return try spool.put(bytes) }
      try Interruption.writing(endsInArray: isArrayOpen) { () throws(Errno) in
        try SystemCall.writeFully(bytes, to: descriptor)
      }
    }
  }

  /// Whether the descriptor is a regular file, which is never slow to take what it gets.
  var isFile: Bool { (try? SystemCall.status(of: descriptor))?.kind == .regular }

  // MARK: Holding

  /// Keeps all back that comes from now on.
  func hold() throws {
    try flush()
    isHeld = true
  }

  /// What is kept back.
  var held: [UInt8] { isHeld ? bytes : [] }

  /// Lets go what was kept back.
  func release() throws {
    isHeld = false
    try flush()
  }

  /// Drops what was kept back, and with it the beginning of an array.
  func discard() {
    if isHeld {
      bytes.removeAll(keepingCapacity: true)
      isArrayOpen = false
    }
    isHeld = false
  }

  // MARK: Readers that are slow

  /// From now on a thread writes, and nobody here waits for a slow reader: what is not read yet lies in memory.
  /// - Parameter other: writes there instead of to the descriptor.
  func beginSpooling(to other: Int32? = nil) throws {
    guard spool == nil else { return }
    spool = try OutputSpool(other ?? descriptor)
    Interruption.spool(true)
  }

  /// Waits until all that was written is read, and writes by itself again.
  /// - Parameter isCancelled: asked now and then; true drops what is not read.
  /// - Throws: as `flush`; `cli.interrupted` when something was dropped.
  func endSpooling(isCancelled: () -> Bool) throws {
    guard let spool else { return }
    defer {
      self.spool = nil
      Interruption.spool(false)
    }
    var failure: (any Error)?
    do { try flush() } catch { failure = error }
    let isWhole = try describing { () throws(Errno) in try spool.finish(isCancelled: isCancelled) }
    if let failure { throw failure }
    if !isWhole { throw CohortError(.cliInterrupted, "Interrupted: the answer was not written to its end") }
  }

  private func describing<R>(_ body: () throws(Errno) -> R) throws -> R {
    do throws(Errno) {
      return try body()
    } catch {
      if error.number == EPIPE { throw OutputClosed() }
      throw CohortError(
        .cliOutput, category: error.number == ENOSPC ? .temporary : .failure, "The output cannot be written",
        place: name, cause: error.text)
    }
  }
}
