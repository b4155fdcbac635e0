internal import CohortCore
internal import CohortSystem

/// An array of plain values whose memory is kept when it is emptied: read into again and again, it soon allocates nothing.
/// Where it lies changes only when it grows.
///
/// Memory that the system refuses is an error here, not the end of the process.
struct UnsafeReusedArray<Element: BitwiseCopyable>: ~Copyable {
  /// Nil before anything was in it.
  private(set) var base: UnsafeMutablePointer<Element>?
  private(set) var count = 0
  private var capacity = 0

  init() {}

  deinit { free(base) }

  var elements: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: base, count: count) }

  subscript(index: Int) -> Element {
    get { elements[index] }
    nonmutating set { elements[index] = newValue }
  }

  mutating func removeAll() { count = 0 }

  /// Makes it so long; elements that are new have no value yet.
  /// - Throws: `reading.no-memory`.
  mutating func resize(to count: Int) throws {
    if count > capacity { try grow(to: count) }
    self.count = count
  }

  /// - Throws: `reading.no-memory`.
  mutating func append(_ element: Element) throws {
    if count == capacity { try grow(to: count + 1) }
    base?[count] = element
    count += 1
  }

  private mutating func grow(to least: Int) throws {
    let wanted = max(least, capacity + capacity / 2, 16)
    let (bytes, overflow) = wanted.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let grown = realloc(base, bytes) else {
      throw CohortError(.readingNoMemory, "There is no memory for \(wanted) values of a batch")
    }
    base = grown.bindMemory(to: Element.self, capacity: wanted)
    capacity = wanted
  }
}
