internal import CZstd

/// Compresses payloads, one worker's worth: holds zstd's working memory. Not shared between threads.
final class PayloadCompressor {
  /// The level of samples that come in: the writer waits for them. (Lower ones save little: with a dictionary, -1 took as long
  /// and left a quarter more, -5 was half as fast again and left two thirds more.)
  static let level: Int32 = 1
  private let context: OpaquePointer?
  private let dictionary: CompressionDictionary?
  private let level: Int32

  /// The dictionary's number; 0 without one.
  var dictionaryNumber: UInt16 { dictionary?.number ?? 0 }

  /// - Parameter level: counts without a dictionary only, which has been digested for a level of its own.
  init(dictionary: CompressionDictionary?, level: Int32 = PayloadCompressor.level) {
    context = ZSTD_createCCtx()
    self.dictionary = dictionary
    self.level = level
  }

  deinit { ZSTD_freeCCtx(context) }

  static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

  /// Compresses into `target`. - Returns: codec and size; `plain` (and nothing written) when it would not get smaller.
  func compress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> (codec: PayloadCodec, size: Int) {
    let size: Int
    if let dictionary {
      size = ZSTD_compress_usingCDict(
        context, target.baseAddress, target.count, source.baseAddress, source.count, dictionary.compressor)
    } else {
      size = ZSTD_compressCCtx(
        context, target.baseAddress, target.count, source.baseAddress, source.count, level)
    }
    guard ZSTD_isError(size) == 0, size < source.count else { return (.plain, source.count) }
    return (dictionary == nil ? .zstd : .zstdWithDictionary, size)
  }
}

/// A trained dictionary, digested for both directions.
///
/// Guard of the unchecked conformance: zstd's digested dictionaries never change after they are made.
public final class CompressionDictionary: @unchecked Sendable {
  let number: UInt16
  let compressor: OpaquePointer?
  let decompressor: OpaquePointer?

  /// - Parameter level: what `compressor` compresses with. Any of them gives back what another one packed.
  init(number: UInt16, bytes: UnsafeRawBufferPointer, level: Int32 = PayloadCompressor.level) {
    self.number = number
    compressor = ZSTD_createCDict(bytes.baseAddress, bytes.count, level)
    decompressor = ZSTD_createDDict(bytes.baseAddress, bytes.count)
  }

  deinit {
    ZSTD_freeCDict(compressor)
    ZSTD_freeDDict(decompressor)
  }

  /// Trains a dictionary from payloads; nil when they do not suffice. Same payloads, same bytes.
  static func train(payloads: [UInt8], sizes: [Int], capacity: Int) -> [UInt8]? {
    let trained = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      let size = ZDICT_trainFromBuffer(buffer.baseAddress, capacity, payloads, sizes, UInt32(sizes.count))
      count = ZDICT_isError(size) == 0 ? size : 0
    }
    return trained.isEmpty ? nil : trained
  }
}

/// Gives compressed payloads back. Holds zstd's working memory; not shared between threads.
final class PayloadDecompressor {
  private let context: OpaquePointer?

  init() { context = ZSTD_createDCtx() }

  deinit { ZSTD_freeDCtx(context) }

  /// Fills `target`, which must have the payload's full size.
  func decompress(
    _ payload: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, dictionary: CompressionDictionary?
  ) -> Bool {
    let size: Int
    if let dictionary {
      size = ZSTD_decompress_usingDDict(
        context, target.baseAddress, target.count, payload.baseAddress, payload.count, dictionary.decompressor)
    } else {
      size = ZSTD_decompressDCtx(context, target.baseAddress, target.count, payload.baseAddress, payload.count)
    }
    return ZSTD_isError(size) == 0 && size == target.count
  }
}
