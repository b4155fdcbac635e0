internal import CohortSystem
public import CohortCore
internal import CohortKernels

/// Rows of vectors from a `.npy` file, as single floats. Row i belongs to record i of the input.
///
/// The file is read in slices with `pread`, not mapped: a mapped file that somebody truncates raises SIGBUS in the
/// middle of a copy, and ends the process.
///
/// Used by one thread at a time.
public final class NPYReader {
  /// The file, as it was given; opened once and kept open.
  public let path: String
  /// Vectors in the file: one for each record.
  public let count: Int
  /// Values of one vector.
  public let dimension: Int
  private let element: NPYHeader.Element
  private let start: Int
  private let descriptor: Int32
  private var values: [Float] = []
  private var raw: [UInt8] = []

  /// Opens a file and looks at its header and its length.
  /// - Parameters:
  ///   - expectedDimension: the dimension the embedding space has already.
  ///   - isOneVector: whether an array of one dimension is taken as a single vector.
  /// - Throws: `CohortError` for a file that is no two-dimensional float array in row order, is shorter or longer than
  ///   its header says, or has another dimension.
  public init(path: String, expectedDimension: Int? = nil, isOneVector: Bool = false) throws(CohortError) {
    let status = try InputCall.status(of: path)
    guard status.kind == .regular else {
      throw .usage(.ingestionNotAFile, "the vectors are not in a file", place: path)
    }
    let descriptor = try InputCall.openForReading(path)
    var isOpened = false
    defer { if !isOpened { SystemCall.close(descriptor) } }
    let size = Int(status.size)
    let header: NPYHeader
    let range: Range<Int>
    do throws(NPYHeader.Malformed) {
      range = try NPYHeader.range(prefix: try Self.read(descriptor, 0..<min(12, size), path))
      guard range.upperBound <= size else { throw NPYHeader.Malformed(message: "it ends inside its header") }
      guard range.count <= 1 << 20 else { throw NPYHeader.Malformed(message: "its header is longer than 1 MiB") }
      header = try NPYHeader(
        dictionary: try Self.read(descriptor, range, path), isOneVector: isOneVector)
    } catch {
      throw .damagedVectors(path, error.message, hint: error.hint)
    }
    let needed = range.upperBound + header.dataSize
    guard size == needed else {
      throw .damagedVectors(
        path,
        "it has \(size) bytes, but \(header.rows) × \(header.columns) values of type \(header.element.rawValue) need \(needed)",
        hint: "It may have been cut short; write it again")
    }
    if let expectedDimension, header.columns != expectedDimension {
      throw CohortError(
        .ingestionWrongDimension,
        "the vectors have \(header.columns) values, the embedding space has \(expectedDimension)", place: path,
        hint: "Vectors of two models never mix; use a store of that dimension")
    }
    self.path = path
    count = header.rows
    dimension = header.columns
    element = header.element
    start = range.upperBound
    self.descriptor = descriptor
    isOpened = true
  }

  deinit { SystemCall.close(descriptor) }

  /// Gives some rows to `body`: `rows.count * dimension` values, row after row, and the numbers (within `rows`, from 0)
  /// of the rows that hold NaN or an infinity, or a value that a single float cannot hold. The values are valid only
  /// inside `body`.
  /// - Throws: `CohortError` when the rows are not in the file (any more), and what `body` throws.
  /// - Complexity: O(rows × dimension); memory for one slice of rows is kept.
  public func withRows<R>(
    _ rows: Range<Int>, _ body: (_ values: UnsafeBufferPointer<Float>, _ notFinite: [Int]) throws -> R
  ) throws -> R {
    guard rows.lowerBound >= 0, rows.upperBound <= count else {
      throw CohortError(
        .ingestionTooFewVectors,
        "vectors \(rows.lowerBound) to \(rows.upperBound) are needed, but the file has \(count)", place: path,
        hint: "There must be one vector for each record, in the order of the records")
    }
    let total = rows.count * dimension
    let offset = start + rows.lowerBound * dimension * element.size
    if values.count < total { values = [Float](repeating: 0, count: total) }
    if element == .single {
      try values.withUnsafeMutableBytes { target in
        try readAll(UnsafeMutableRawBufferPointer(rebasing: target[..<(total * 4)]), at: offset)
      }
    } else {
      let bytes = total * element.size
      if raw.count < bytes { raw = [UInt8](repeating: 0, count: bytes) }
      try raw.withUnsafeMutableBytes { target in
        try readAll(UnsafeMutableRawBufferPointer(rebasing: target[..<bytes]), at: offset)
      }
      convert(total)
    }
    return try values.withUnsafeBufferPointer { all in
      let slice = UnsafeBufferPointer(rebasing: all[..<total])
      return try body(slice, notFinite(slice))
    }
  }

  private func readAll(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(CohortError) {
    guard try InputCall.readFully(descriptor, into: target, at: offset, path: path) else {
      throw .damagedVectors(path, "it became shorter while it was read", hint: nil)
    }
  }

  private func convert(_ total: Int) {
    raw.withUnsafeBytes { raw in
      values.withUnsafeMutableBufferPointer { values in
        guard let to = values.baseAddress, let from = raw.baseAddress else { return }
        if element == .half {
          cohort_half_to_float(from.assumingMemoryBound(to: UInt16.self), to, total)
        } else {
          for index in 0..<total { to[index] = Float(from.loadUnaligned(fromByteOffset: index * 8, as: Double.self)) }
        }
      }
    }
  }

  private func notFinite(_ values: UnsafeBufferPointer<Float>) -> [Int] {
    var found: [Int] = []
    for row in 0..<(values.count / dimension) {
      // A sum of x * 0 is 0 for finite values, and NaN as soon as one is not.
      var probe: Float = 0
      for value in values[(row * dimension)..<((row + 1) * dimension)] { probe += value * 0 }
      if probe != 0 || probe.isNaN { found.append(row) }
    }
    return found
  }

  private static func read(
    _ descriptor: Int32, _ range: Range<Int>, _ path: String
  ) throws(NPYHeader.Malformed) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let isRead = bytes.withUnsafeMutableBytes {
      (try? InputCall.readFully(descriptor, into: $0, at: range.lowerBound, path: path)) ?? false
    }
    guard isRead else { throw NPYHeader.Malformed(message: "it cannot be read to the end of its header") }
    return bytes
  }
}

extension CohortError {
  fileprivate static func damagedVectors(_ path: String, _ cause: String, hint: String?) -> CohortError {
    CohortError(.ingestionInvalidVectors, "the file of vectors cannot be used", place: path, cause: cause, hint: hint)
  }
}
