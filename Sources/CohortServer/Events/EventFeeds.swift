internal import CohortCore
internal import CohortStore
internal import CohortSystem
internal import NIOCore

/// Wakes those who wait for a store's log to grow: one thread a store, however many wait.
final class EventFeeds: Sendable {
  private struct Waiter {
    let sequence: LogSequence
    let resume: @Sendable () -> Void
  }

  private struct State {
    var feeds: [String: Feed] = [:]
    var isStopped = false
  }

  /// What is known of one store's log.
  private struct Feed {
    var last = LogSequence.none
    var waiters: [Int: Waiter] = [:]
  }

  private let state = Locked(State())
  private let counter = Locked(0)
  private static let waitSeconds = 1.0

  /// Waits until the log of a store is longer than `sequence`, the connection's client closes its side, or some seconds
  /// are over.
  func wait(for host: any HostedStore, after sequence: LogSequence, seconds: Double, _ connection: Connection) async {
    let number = counter.withLock { number in
      number += 1
      return number
    }
    let once = Locked((isOver: false, continuation: CheckedContinuation<Void, Never>?.none))
    let resume: @Sendable () -> Void = {
      once.withLock { state in
        defer { state = (true, nil) }
        return state.continuation
      }?.resume()
    }
    let timer = connection.channel.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9)), resume)
    var watch: Int?
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      // Whoever came before there was something to resume is heard all the same.
      let isOver = once.withLock { state in
        if !state.isOver { state.continuation = continuation }
        return state.isOver
      }
      if isOver { return continuation.resume() }
      add(number, Waiter(sequence: sequence, resume: resume), host)
      watch = connection.watch(resume)
    }
    timer.cancel()
    if let watch { connection.unwatch(watch) }
    state.withLock { _ = $0.feeds[host.name]?.waiters.removeValue(forKey: number) }
  }

  private func add(_ number: Int, _ waiter: Waiter, _ host: any HostedStore) {
    let (isReady, startsThread) = state.withLock { state -> (Bool, Bool) in
      if state.isStopped { return (true, false) }
      let isNew = state.feeds[host.name] == nil
      var feed = state.feeds[host.name] ?? Feed()
      let isReady = feed.last > waiter.sequence
      if !isReady { feed.waiters[number] = waiter }
      state.feeds[host.name] = feed
      return (isReady, isNew)
    }
    if isReady { waiter.resume() }
    guard startsThread else { return }
    do throws(CohortError) {
      _ = try WorkThread(stackBytes: 1 << 20) { [self] in follow(host) }
    } catch {
      // Nobody follows the log: those who wait look for themselves when their time is over.
      state.withLock { $0.feeds[host.name] = nil }
    }
  }

  /// What the thread of a store does, until the server stops.
  private func follow(_ host: any HostedStore) {
    var last = LogSequence.none
    while !state.withLock({ $0.isStopped }) {
      last = max(last, host.waitForLog(after: last, seconds: Self.waitSeconds))
      let ready = state.withLock { state -> [Waiter] in
        state.feeds[host.name]?.last = last
        return state.feeds[host.name]?.waiters.values.filter { $0.sequence < last } ?? []
      }
      for waiter in ready { waiter.resume() }
    }
  }

  /// Wakes all who wait; nobody waits any more.
  func stop() {
    let waiters = state.withLock { state in
      state.isStopped = true
      return state.feeds.values.flatMap { Array($0.waiters.values) }
    }
    for waiter in waiters { waiter.resume() }
  }
}
