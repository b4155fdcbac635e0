import CohortKernels
import Foundation

/// A `.npy` matrix of half or single floats, mapped for as long as the process lives.
struct VectorFile: @unchecked Sendable {
  // The map is never written.
  let rows: Int
  let dimension: Int
  let isHalf: Bool
  private let base: UnsafeRawPointer

  init(_ path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) as NSData
    _ = Unmanaged.passRetained(data)
    let start = data.bytes
    let version = data.length > 12 ? start.load(fromByteOffset: 6, as: UInt8.self) : 0
    let length =
      version == 1
      ? Int(start.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
      : Int(start.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    let offset = (version == 1 ? 10 : 12) + length
    guard offset < data.length else { throw BenchError("\(path) is not a .npy file") }
    let header = String(decoding: UnsafeRawBufferPointer(start: start, count: offset), as: UTF8.self)
    let shape = header.split(separator: "(").last?.split(separator: ")").first?.split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    guard let shape, shape.count == 2, header.contains("False"), header.contains("<f2") || header.contains("<f4")
    else { throw BenchError("\(path): wanted a row-major matrix of <f2 or <f4, not \(header)") }
    rows = shape[0]
    dimension = shape[1]
    isHalf = header.contains("<f2")
    base = start + offset
    guard data.length >= offset + rows * dimension * (isHalf ? 2 : 4) else { throw BenchError("\(path) is cut short") }
  }

  /// Where a row of half floats lies.
  func halves(_ row: Int) -> UnsafePointer<UInt16> { base.assumingMemoryBound(to: UInt16.self) + row * dimension }

  /// Writes one row as single floats.
  func read(_ row: Int, into target: UnsafeMutablePointer<Float>) {
    if isHalf {
      cohort_half_to_float(halves(row), target, dimension)
    } else {
      target.update(from: base.assumingMemoryBound(to: Float.self) + row * dimension, count: dimension)
    }
  }

  /// All rows as single floats, in memory of their own, aligned to cache lines.
  func loaded() -> UnsafeMutablePointer<Float> {
    let values = UnsafeMutableRawPointer.allocate(byteCount: rows * dimension * 4 + 64, alignment: 64)
      .bindMemory(to: Float.self, capacity: rows * dimension)
    for row in 0..<rows { read(row, into: values + row * dimension) }
    return values
  }
}

struct BenchError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
