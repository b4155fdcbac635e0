internal import Synchronization

/// A value that each process makes for itself: after a fork the child gets one of its own at the first use. Nothing of the
/// parent's is touched then, not even to let go of it: its locks may be held by threads that the child does not have.
///
/// May be used by several threads, also while others fork: there is no lock that a child could inherit.
///
/// Guard of the unchecked conformance: `made` is atomic, and what it points at never changes and lives as long as this.
public final class ProcessLocal<Value: Sendable>: @unchecked Sendable {
  private final class Made: Sendable {
    let value: Value
    let forks: UInt64

    init(_ value: Value, forks: UInt64) {
      self.value = value
      self.forks = forks
    }
  }

  private let made: Atomic<UnsafeRawPointer>
  private let make: @Sendable () throws -> Value

  /// - Parameters:
  ///   - first: the value of the calling process.
  ///   - make: makes the value of another one. May be called by several threads at once; one result is kept.
  public init(_ first: Value, make: @escaping @Sendable () throws -> Value) {
    made = Atomic(Self.retained(first, forks: ForkCount.current))
    self.make = make
  }

  deinit {
    let made = Unmanaged<Made>.fromOpaque(made.load(ordering: .acquiring))
    if made.takeUnretainedValue().forks == ForkCount.current { made.release() }
  }

  /// This process's value.
  /// - Throws: what making it throws; the next call tries again.
  public var value: Value {
    get throws {
      let forks = ForkCount.current
      var known = made.load(ordering: .acquiring)
      if let value = Self.value(at: known, forks: forks) { return value }
      let mine = Self.retained(try make(), forks: forks)
      while true {
        let (isMine, found) = made.compareExchange(expected: known, desired: mine, ordering: .acquiringAndReleasing)
        let kept = isMine ? mine : found
        if let value = Self.value(at: kept, forks: forks) {
          if !isMine { Unmanaged<Made>.fromOpaque(mine).release() }
          return value
        }
        known = found
      }
    }
  }

  private static func retained(_ value: Value, forks: UInt64) -> UnsafeRawPointer {
    UnsafeRawPointer(Unmanaged.passRetained(Made(value, forks: forks)).toOpaque())
  }

  private static func value(at place: UnsafeRawPointer, forks: UInt64) -> Value? {
    let made = Unmanaged<Made>.fromOpaque(place).takeUnretainedValue()
    return made.forks == forks ? made.value : nil
  }
}
