internal import CohortCore
internal import CohortPlanning
internal import CohortSystem

/// Reads the steps of a plan ahead of whoever takes them, over ends of epochs, on threads of its own.
///
/// ```swift
/// let reader = StepReader(pinned, epoch: 0, step: 812, share: StepShare(rank: 0, world: 8))
/// while isTraining {
///   let batch = try reader.next()
///   learn(from: batch)
///   reader.giveBack(batch)
/// }
/// ```
///
/// Used by one thread at a time. Its threads begin with the first call of `next`, and end with `close`, or when it goes. It
/// is no good in a child that was forked, which does not have the threads: there it must not even go.
public final class StepReader {
  private let plan: PinnedPlan
  private let share: StepShare
  private let threads: Int
  private let ahead: Int
  private let idle = Locked<[SentBatch]>([])
  /// The step that `next` gives; nil behind the last one.
  private var place: (epoch: UInt64, step: UInt64)?
  private var queue: OrderedQueue<SentBatch>?

  /// A batch on its way from thread to thread. Guard of the unchecked conformance: one of them has it at a time.
  private struct SentBatch: @unchecked Sendable {
    let batch: TextBatch
  }

  /// - Parameters:
  ///   - epoch: of the first step to read.
  ///   - step: the first step; below the steps of an epoch.
  ///   - ahead: how many steps wait or are being read at most; at least 1.
  ///   - threads: how many read at the same time; at least 1.
  /// - Throws: `planning.no-such-step`, `planning.invalid-slice`.
  public init(
    _ plan: PinnedPlan, epoch: UInt64 = 0, step: UInt64 = 0, share: StepShare = StepShare(), ahead: Int = 4,
    threads: Int = 1
  ) throws {
    try share.validate()
    _ = try plan.plan.step(epoch: epoch, step: step)
    self.plan = plan
    self.share = share
    self.ahead = max(ahead, 1)
    self.threads = max(threads, 1)
    place = (epoch, step)
  }

  deinit { close() }

  /// The next step, in a batch that is the caller's until it is given back. Waits for it.
  /// - Throws: as `PinnedPlan.read`; `system.no-thread`; `planning.no-such-step` behind the last epoch that can be counted.
  ///   The next call tries the same step again.
  public func next() throws -> TextBatch {
    do {
      let queue = try self.queue ?? begin()
      self.queue = queue
      guard let place, let sent = try queue.take() else {
        throw CohortError(.planningNoSuchStep, "There are no epochs behind \(Cursor.greatestNumber)")
      }
      self.place = Self.following(place, in: plan.plan)
      return sent.batch
    } catch {
      close()
      throw error
    }
  }

  /// Takes a batch back, to read another step into it. Any batch will do.
  public func giveBack(_ batch: TextBatch) {
    let sent = SentBatch(batch: batch)
    idle.withLock { $0.append(sent) }
  }

  /// Ends the threads after the step they are reading, and waits for that. Another call of `next` starts them again.
  public func close() {
    queue?.close()
    queue = nil
  }

  private func begin() throws -> OrderedQueue<SentBatch> {
    let following = Locked(place)
    let (plan, share, idle) = (plan, share, idle)
    let fetch: @Sendable () -> (epoch: UInt64, step: UInt64)? = {
      following.withLock { next in
        defer { next = next.flatMap { Self.following($0, in: plan.plan) } }
        return next
      }
    }
    return try OrderedQueue(threads: min(threads, ahead), limit: ahead, fetch: fetch) { place in
      let sent = idle.withLock { $0.popLast() } ?? SentBatch(batch: TextBatch())
      do {
        try plan.read(try plan.plan.step(epoch: place.epoch, step: place.step), share: share, into: sent.batch)
      } catch {
        idle.withLock { $0.append(sent) }
        throw error
      }
      return sent
    }
  }

  /// The step behind another one; nil behind the last one that a cursor can name.
  private static func following(_ place: (epoch: UInt64, step: UInt64), in plan: Plan) -> (epoch: UInt64, step: UInt64)?
  {
    if place.step + 1 < plan.stepsPerEpoch { return (place.epoch, place.step + 1) }
    return place.epoch < Cursor.greatestNumber ? (place.epoch + 1, 0) : nil
  }
}
