internal import CohortCore

/// What bytes unfold to that may be compressed.
public enum Unfolding {
  /// Whether bytes begin as a compressed input does.
  public static func isPacked(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes {
      switch Container(prefix: $0) {
      case .gzip, .zstd: true
      case .plain, .foreign: false
      }
    }
  }

  /// Whether bytes that may be compressed unfold to at most `count` bytes. Bytes that cannot be unfolded do, as far as they
  /// can.
  /// - Complexity: O(`count`), in constant memory.
  public static func fits(_ bytes: [UInt8], within count: Int, limits: IngestionLimits = IngestionLimits()) -> Bool {
    let stream: any ByteStream
    do throws(CohortError) {
      let input = RawInput(bytes: bytes, path: "")
      switch Container(prefix: try input.peek(Container.prefixLength)) {
      case .plain, .foreign: return bytes.count <= count
      case .gzip: stream = try GzipStream(input, limits: limits)
      case .zstd: stream = try ZstdStream(input, limits: limits)
      }
    } catch {
      return true
    }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    defer { piece.deallocate() }
    var found = 0
    while found <= count {
      guard let read = try? stream.read(into: piece), read > 0 else { return true }
      found += read
    }
    return false
  }
}
