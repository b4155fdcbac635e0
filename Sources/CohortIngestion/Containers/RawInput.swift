internal import CohortCore
internal import CohortSystem

/// The bytes of an input as they lie on disk, in a pipe or in memory, or arrive, with a look ahead.
///
/// Used by one thread at a time.
final class RawInput {
  private enum Origin {
    case descriptor(Int32, owned: Bool)
    case held(HeldFile)
    case memory([UInt8])
    case feed(any InputFeed)
  }

  let path: String
  private let origin: Origin
  private let buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  /// Where the next bytes of a held file or of memory come from.
  private var offset = 0
  private(set) var hasEnded = false
  /// Bytes taken out so far.
  private(set) var consumed: UInt64 = 0

  private init(path: String, origin: Origin, bufferSize: Int) {
    self.path = path
    self.origin = origin
    buffer = .allocate(byteCount: bufferSize, alignment: 64)
  }

  /// Takes the descriptor over, and closes it if `owned`.
  convenience init(descriptor: Int32, owned: Bool, path: String) {
    self.init(path: path, origin: .descriptor(descriptor, owned: owned), bufferSize: 256 << 10)
  }

  /// Reads a file from its start, and leaves the offset of its descriptor alone.
  convenience init(held file: HeldFile, path: String) {
    self.init(path: path, origin: .held(file), bufferSize: 256 << 10)
  }

  convenience init(bytes: [UInt8], path: String) {
    self.init(path: path, origin: .memory(bytes), bufferSize: 4 << 10)
  }

  convenience init(feed: any InputFeed, path: String) {
    self.init(path: path, origin: .feed(feed), bufferSize: 256 << 10)
  }

  deinit {
    buffer.deallocate()
    if case .descriptor(let descriptor, owned: true) = origin { SystemCall.close(descriptor) }
  }

  /// The bytes that come next, at least `count` of them unless the input ends before. Valid until the next call.
  func peek(_ count: Int) throws(CohortError) -> UnsafeRawBufferPointer {
    if end - start < count, start > 0 {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      end -= start
      start = 0
    }
    while end - start < count, end < buffer.count, !hasEnded {
      let read = try fetch(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
      if read == 0 { hasEnded = true } else { end += read }
    }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
  }

  /// Takes `count` bytes that were looked at.
  func advance(_ count: Int) {
    start += count
    consumed += UInt64(count)
    if start == end { (start, end) = (0, 0) }
  }

  /// Moves bytes into `target`: 0 only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    if start < end {
      let count = min(end - start, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<(start + count)]))
      advance(count)
      return count
    }
    if hasEnded { return 0 }
    let count = try fetch(into: target)
    if count == 0 { hasEnded = true }
    consumed += UInt64(count)
    return count
  }

  private func fetch(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    switch origin {
    case .descriptor(let descriptor, _):
      return try InputCall.read(descriptor, into: target, path: path)
    case .held(let file):
      let count = try InputCall.read(file.descriptor, into: target, at: offset, path: path)
      offset += count
      return count
    case .memory(let bytes):
      let count = min(bytes.count - offset, target.count)
      bytes.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)]))
      }
      offset += count
      return count
    case .feed(let feed):
      return try feed.read(into: target)
    }
  }
}
