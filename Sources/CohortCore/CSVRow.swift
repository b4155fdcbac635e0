/// A row of CSV (RFC 4180): commas between cells, CRLF at the end, quotes doubled.
public enum CSVRow {
  /// Appends one row with its line end; cells are quoted where CSV needs it.
  public static func append(_ cells: [String], to bytes: inout [UInt8]) {
    for (i, cell) in cells.enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      append(cell, to: &bytes)
    }
    bytes.append(contentsOf: "\r\n".utf8)
  }

  private static func append(_ cell: String, to bytes: inout [UInt8]) {
    let special = cell.utf8.contains { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }
    guard special || cell.utf8.first == 0x20 || cell.utf8.last == 0x20 else {
      bytes.append(contentsOf: cell.utf8)
      return
    }
    bytes.append(0x22)
    for byte in cell.utf8 {
      if byte == 0x22 { bytes.append(0x22) }
      bytes.append(byte)
    }
    bytes.append(0x22)
  }
}
