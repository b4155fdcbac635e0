import Foundation

/// Threads of a test, started at once.
package struct TestThreads {
  private let threads: [Thread]

  /// - Parameter body: gets the number of its thread, from 0.
  package init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    threads = (0..<count).map { number in Thread { body(number) } }
    for thread in threads { thread.start() }
  }

  package var areFinished: Bool { threads.allSatisfy(\.isFinished) }

  package func wait() {
    while !areFinished { usleep(1_000) }
  }

  /// Runs `body` on some threads, and waits for them all.
  package static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    TestThreads(count, body).wait()
  }
}

/// Waits until something holds. - Returns: whether it does within that time.
package func isReached(within seconds: Double = 60, every pause: Double = 0.002, _ condition: () throws -> Bool)
  rethrows -> Bool
{
  let end = Date().addingTimeInterval(seconds)
  while Date() < end {
    if try condition() { return true }
    usleep(UInt32(pause * 1e6))
  }
  return false
}
