/// Memory that grows as it is written and is used again for the next text, so that a text costs no allocation.
///
/// Indices are not checked: who writes an index has made it.
struct UnsafeGrowingBuffer<Element: BitwiseCopyable>: ~Copyable {
  private(set) var start: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private(set) var capacity: Int

  init(capacity: Int = 256) {
    start = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { start.deallocate() }

  var isEmpty: Bool { count == 0 }

  var view: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: start, count: count) }

  func view(_ range: Range<Int>) -> UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(start: start + range.lowerBound, count: range.count)
  }

  subscript(index: Int) -> Element {
    @inline(__always) get { start[index] }
    @inline(__always) set { start[index] = newValue }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == capacity { grow(by: 1) }
    start[count] = element
    count += 1
  }

  mutating func append(contentsOf other: UnsafeBufferPointer<Element>) {
    guard let from = other.baseAddress else { return }
    reserve(other.count)
    (start + count).update(from: from, count: other.count)
    count += other.count
  }

  /// Makes room for `more` elements behind the last; `advance(by:)` counts those that were written there.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if capacity - count < more { grow(by: more) }
  }

  @inline(__always)
  mutating func advance(by more: Int) { count += more }

  @inline(__always)
  mutating func removeAll() { count = 0 }

  mutating func truncate(to count: Int) { self.count = min(self.count, count) }

  @inline(never)
  private mutating func grow(by more: Int) {
    let larger = max(capacity * 2, count + more)
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    memory.update(from: start, count: count)
    start.deallocate()
    start = memory
    capacity = larger
  }
}

extension UnsafeGrowingBuffer<UInt8> {
  /// Appends a scalar's UTF-8.
  @inline(__always)
  mutating func append(scalar: UInt32) {
    if scalar < 0x80 {
      append(UInt8(truncatingIfNeeded: scalar))
      return
    }
    reserve(4)
    let to = start + count
    if scalar < 0x800 {
      to[0] = UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6)
      to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
      advance(by: 2)
    } else if scalar < 0x10000 {
      to[0] = UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12)
      to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f)
      to[2] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
      advance(by: 3)
    } else {
      to[0] = UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18)
      to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3f)
      to[2] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f)
      to[3] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
      advance(by: 4)
    }
  }
}
