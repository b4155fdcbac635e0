internal import CohortCore
internal import CZlib

/// A gzip file: one or more members one after the other (RFC 1952), zero bytes after the last one allowed.
final class GzipStream: ByteStream {
  private let input: RawInput
  private var bounds: UnfoldingGuard
  /// On the heap, because zlib keeps a pointer back to it.
  private let state: UnsafeMutablePointer<z_stream>
  private var isInsideMember = true

  init(_ input: RawInput, limits: IngestionLimits) throws(CohortError) {
    self.input = input
    bounds = UnfoldingGuard(limits: limits, path: input.path)
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    let windowBitsAndGzip: Int32 = 15 + 16
    guard inflateInit2_(state, windowBitsAndGzip, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .noMemory
    }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  var consumed: UInt64 { input.consumed }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    while true {
      let available = try input.peek(1)
      if !isInsideMember {
        guard try startNextMember(available) else { return 0 }
        continue
      }
      guard let from = available.bindMemory(to: UInt8.self).baseAddress, !available.isEmpty else {
        throw .damaged("the gzip file", path: input.path, cause: "it ends too early")
      }
      state.pointee.next_in = UnsafeMutablePointer(mutating: from)
      state.pointee.avail_in = UInt32(available.count)
      state.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
      state.pointee.avail_out = UInt32(min(target.count, 1 << 30))
      let offered = state.pointee.avail_out
      let result = inflate(state, Z_NO_FLUSH)
      input.advance(available.count - Int(state.pointee.avail_in))
      let produced = Int(offered - state.pointee.avail_out)
      switch result {
      case Z_STREAM_END: isInsideMember = false
      case Z_OK, Z_BUF_ERROR: break
      default:
        let cause = state.pointee.msg.map { String(cString: $0) }
        throw .damaged("the gzip file", path: input.path, cause: cause ?? "zlib error \(result)")
      }
      try bounds.count(produced, consumed: input.consumed)
      if produced > 0 { return produced }
    }
  }

  /// Between two members: skips zero padding and starts the next member. False at the end of the file.
  private func startNextMember(_ available: UnsafeRawBufferPointer) throws(CohortError) -> Bool {
    guard let first = available.first else { return false }
    if first == 0 {
      input.advance(available.prefix { $0 == 0 }.count)
      return true
    }
    guard first == 0x1f else {
      throw .damaged("the gzip file", path: input.path, cause: "bytes that are not gzip follow the last member")
    }
    guard inflateReset(state) == Z_OK else { throw .noMemory }
    isInsideMember = true
    return true
  }
}
