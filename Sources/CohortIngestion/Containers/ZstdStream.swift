internal import CohortCore
internal import CZstd

/// A zstd file: one or more frames (RFC 8878), with a bound on the window a frame may ask for.
final class ZstdStream: ByteStream {
  private let input: RawInput
  private let limits: IngestionLimits
  private var bounds: UnfoldingGuard
  private let context: OpaquePointer
  /// Nothing of a frame has been read since the last one ended.
  private var isBetweenFrames = true

  init(_ input: RawInput, limits: IngestionLimits) throws(CohortError) {
    self.input = input
    self.limits = limits
    bounds = UnfoldingGuard(limits: limits, path: input.path)
    guard let context = ZSTD_createDCtx() else { throw .noMemory }
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(limits.zstdWindowLog))
  }

  deinit { ZSTD_freeDCtx(context) }

  var consumed: UInt64 { input.consumed }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int {
    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while true {
      let available = try input.peek(1)
      if available.isEmpty && isBetweenFrames { return 0 }
      var from = ZSTD_inBuffer(src: available.baseAddress, size: available.count, pos: 0)
      let result = ZSTD_decompressStream(context, &output, &from)
      input.advance(from.pos)
      if ZSTD_isError(result) != 0 { throw failure(result) }
      isBetweenFrames = result == 0
      try bounds.count(output.pos, consumed: input.consumed)
      if output.pos > 0 { return output.pos }
      if available.isEmpty && !isBetweenFrames {
        throw .damaged("the zstd file", path: input.path, cause: "it ends too early")
      }
    }
  }

  private func failure(_ result: Int) -> CohortError {
    let cause = String(cString: ZSTD_getErrorName(result))
    guard ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge else {
      return .damaged("the zstd file", path: input.path, cause: cause)
    }
    return CohortError(
      .ingestionZstdWindow,
      "the zstd file needs a window of more than \((1 << limits.zstdWindowLog) >> 20) MiB to unpack", place: input.path,
      cause: cause, hint: "Unpack it with: zstd -d --long=31")
  }
}
