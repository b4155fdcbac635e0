internal import CZlib
internal import CohortCore

/// A picture as PNG (ISO/IEC 15948): 8 bits a channel, RGB, one block of data.
enum PNGFile {
  /// The pixels are the same everywhere; the bytes are the same for one release of zlib.
  /// - Throws: `drawing.compression`.
  /// - Complexity: O(pixels).
  static func bytes(_ image: PixelImage) throws(CohortError) -> [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    let (rgb, noInterlace): (UInt8, UInt8) = (2, 0)
    append("IHDR", bigEndian(image.width) + bigEndian(image.height) + [8, rgb, 0, 0, noInterlace], to: &file)
    append("IDAT", try compressed(filtered(image)), to: &file)
    append("IEND", [], to: &file)
    return file
  }

  /// Each row as its difference from the row above, which is nothing where the picture is empty.
  private static func filtered(_ image: PixelImage) -> [UInt8] {
    let stride = image.width * 3
    let up: UInt8 = 2
    var rows = [UInt8](repeating: 0, count: image.height * (stride + 1))
    image.bytes.withUnsafeBufferPointer { bytes in
      rows.withUnsafeMutableBufferPointer { rows in
        for row in 0..<image.height {
          let to = row * (stride + 1)
          let from = row * stride
          rows[to] = up
          for at in 0..<stride {
            rows[to + 1 + at] = bytes[from + at] &- (row > 0 ? bytes[from - stride + at] : 0)
          }
        }
      }
    }
    return rows
  }

  private static func compressed(_ bytes: [UInt8]) throws(CohortError) -> [UInt8] {
    var length = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(length))
    let status = compress2(&result, &length, bytes, uLong(bytes.count), 6)
    guard status == Z_OK else {
      throw CohortError(
        .drawingCompression, "The picture could not be compressed", cause: "zlib error \(status)",
        hint: "There may be too little memory: ask for a smaller picture")
    }
    result.removeSubrange(Int(length)...)
    return result
  }

  private static func append(_ type: String, _ data: [UInt8], to file: inout [UInt8]) {
    let named = Array(type.utf8) + data
    file += bigEndian(data.count)
    file += named
    file += bigEndian(Int(crc32(0, named, uInt(named.count))))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
