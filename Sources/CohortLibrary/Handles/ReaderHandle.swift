internal import CohortCore
internal import CohortPlanning
internal import CohortReading
internal import CohortSystem

/// A reader as C holds it: the steps to come, and the one that is lent.
final class ReaderHandle: Handle {
  private let lent = BatchHandle()
  /// The process that opened it: its threads are of that one, or will be.
  private let forks = ForkCount.current
  private let reader: StepReader

  /// - Parameters:
  ///   - ahead: 0 for 4 steps.
  ///   - threads: 0 for one: it reads a step faster than any model learns from it.
  init(_ plan: PlanHandle, epoch: UInt64, step: UInt64, share: StepShare, ahead: Int32, threads: Int32) throws {
    guard (0...1024).contains(ahead) else { throw CohortError.argument("ahead", "\(ahead) is not within 0 to 1024") }
    guard (0...64).contains(threads) else { throw CohortError.argument("threads", "\(threads) is not within 0 to 64") }
    try PlanHandle.check(epoch)
    reader = try StepReader(
      try plan.pinned, epoch: epoch, step: step, share: share, ahead: ahead == 0 ? 4 : Int(ahead),
      threads: threads == 0 ? 1 : Int(threads))
  }

  deinit {
    // In a child the threads to wait for are not there, and the store to let go of is the parent's: both stay.
    if forks != ForkCount.current { _ = Unmanaged.passRetained(reader) }
  }

  /// Reads the next step, and lends it.
  func next() throws -> BatchHandle {
    try take(into: lent)
    return lent
  }

  /// Reads the next step into a batch of the caller, whose memory is used for another step.
  func take(into handle: BatchHandle) throws {
    guard forks == ForkCount.current else {
      throw CohortError(.libraryForkedReader, "The reader was opened before the process was forked")
    }
    do {
      reader.giveBack(handle.exchange(for: try reader.next()))
    } catch {
      try handle.read { $0.clear() }
      throw error
    }
  }
}
