/// Memory for inner products of one worker, kept from one use to the next.
package final class ScoreBuffer {
  @usableFromInline var floats: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)

  package init() {}

  deinit { floats.deallocate() }

  /// Calls `body` with room for so many products, of any values; valid only inside `body`, which must not ask again.
  @inlinable
  package func withRoom<R>(for count: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
    if floats.count < count {
      floats.deallocate()
      floats = .allocate(capacity: count)
      floats.initialize(repeating: 0)
    }
    guard let start = floats.baseAddress else { preconditionFailure("no memory was asked for") }
    return body(start)
  }
}
