public import CohortCore

/// The type of a column's elements.
public enum ElementType: UInt8, Sendable {
  /// One unsigned byte: states and flags.
  case uint8 = 1
  /// Numbers of records and lengths, little-endian.
  case uint32 = 2
  /// IEEE 754 single precision, little-endian.
  case float32 = 3
  /// IEEE 754 half precision, little-endian: vectors at half the size.
  case float16 = 4

  /// Bytes an element takes.
  public var width: Int {
    switch self {
    case .uint8: 1
    case .uint32, .float32: 4
    case .float16: 2
    }
  }
}

/// A packed array with one row a sample, cut into chunks. Row `i` belongs to sample `i`.
///
/// Rows that were never written read as `fill` bytes.
public struct Column: Hashable, Sendable {
  /// Upper half of the chunks' keys.
  public let number: UInt32
  /// How each element is stored; every chunk repeats it in its header.
  public let element: ElementType
  /// Elements a row has: 1 for scalars, the dimension for vectors.
  public let elementsPerRow: Int
  /// Rows of a full chunk, at most 4,096.
  public let rowsPerChunk: Int
  /// The byte that rows never written consist of.
  public let fill: UInt8
  /// Which rows are known to have been written.
  let extent: ColumnExtent

  /// Bytes a row takes.
  public var rowWidth: Int { element.width * elementsPerRow }

  static let scalarRows = 4096
  static let vectorChunkBytes = 128 << 10
  static let firstDynamic: UInt32 = 64

  /// A scalar column: 4,096 rows a chunk.
  static func scalar(
    _ number: UInt32, _ element: ElementType, fill: UInt8 = 0, extent: ColumnExtent = .everySample
  ) -> Column {
    Column(number: number, element: element, elementsPerRow: 1, rowsPerChunk: scalarRows, fill: fill, extent: extent)
  }

  /// A vector column: as many rows a chunk, a power of two, as 128 KiB hold, so that a small append rewrites little.
  static func vectors(_ number: UInt32, _ element: ElementType, dimension: Int, extent: ColumnExtent) -> Column {
    var rows = 1
    while rows * 2 * dimension * element.width <= vectorChunkBytes && rows < scalarRows { rows *= 2 }
    return Column(
      number: number, element: element, elementsPerRow: dimension, rowsPerChunk: rows, fill: 0, extent: extent)
  }

  /// The columns that every store has.
  public static let source = scalar(1, .uint32)
  /// The number of each sample's task label; 0 (`TaskID.missing`) for samples that came without one.
  public static let task = scalar(2, .uint32)
  /// Length of the messages before the response, in the store's unit.
  public static let promptLength = scalar(3, .uint32)
  /// Length of the last assistant message, in the store's unit.
  public static let responseLength = scalar(4, .uint32)
  /// Length of all messages, in the store's unit.
  public static let totalLength = scalar(5, .uint32)
  /// 1 = deleted.
  public static let tombstone = scalar(6, .uint8)

  /// The lengths of a part of each sample, in the store's unit.
  public static func length(of part: GroupingDefinition.LengthPart) -> Column {
    switch part {
    case .prompt: promptLength
    case .response: responseLength
    case .total: totalLength
    }
  }

  static let fixed = [source, task, promptLength, responseLength, totalLength, tombstone]

  func key(ofChunk chunk: UInt64) -> UInt64 { UInt64(number) << 32 | chunk }
}

/// A chunk of a column, in place in the map. Valid only inside the closure that got it.
public struct ColumnChunk {
  /// ```
  /// u64 checksum | u8 layout version (1) | u8 element type | u16 0 | u32 rows | u32 elements a row | u32[3] 0 | data
  /// ```
  static let headerSize = 32
  static let layoutVersion: UInt8 = 1

  /// The column that the chunk was read as: its element type and row width are checked against the chunk's header.
  public let column: Column
  /// The sample id of the first row.
  public let firstRow: UInt64
  /// Rows in this chunk; the last chunk of a column may be short.
  public let count: Int
  /// `count` rows, packed, little-endian. Aligned to 2 bytes only.
  public let data: UnsafeRawBufferPointer

  /// Row `index` of a `uint32` column.
  public func uint32(_ index: Int) -> UInt32 {
    UInt32(littleEndian: data.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
  }

  /// Row `index` of a `uint8` column.
  public func uint8(_ index: Int) -> UInt8 { data[index] }

  /// Row `index` of a `float32` scalar column.
  public func float32(_ index: Int) -> Float { Float(bitPattern: uint32(index)) }

  /// The bytes of row `index`.
  public func row(_ index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: data[(index * column.rowWidth)..<((index + 1) * column.rowWidth)])
  }

  /// - Parameters:
  ///   - settledRows: how many samples have a row in the columns that every store has.
  ///   - isChecked: whether the checksum is known to be right.
  init(
    _ bytes: UnsafeRawBufferPointer, of column: Column, chunk: UInt64, settledRows: UInt64, isChecked: Bool = false
  ) throws {
    func place() -> String { "Chunk \(chunk) of column \(column.number)" }
    let body =
      isChecked
      ? UnsafeRawBufferPointer(rebasing: bytes[Sealed.headerSize...])
      : try Sealed.open(bytes, SealPlace(.columns, column.key(ofChunk: chunk)), place())
    guard bytes.count >= Self.headerSize, body[0] == Self.layoutVersion, body[1] == column.element.rawValue else {
      throw CohortError.corrupted(place(), cause: "its header is not valid")
    }
    let rows = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
    let elements = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)))
    guard elements == column.elementsPerRow, rows <= column.rowsPerChunk,
      bytes.count == Self.headerSize + rows * column.rowWidth
    else { throw CohortError.corrupted(place(), cause: "its sizes do not fit") }
    let least = column.rowsRequired(inChunk: chunk, settledRows: settledRows)
    guard rows >= least else {
      throw CohortError.corrupted(place(), cause: "it has \(rows) rows of at least \(least)")
    }
    self.column = column
    firstRow = chunk * UInt64(column.rowsPerChunk)
    count = rows
    data = UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize...])
  }
}
