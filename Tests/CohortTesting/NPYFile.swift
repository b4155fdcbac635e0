import CohortCore

/// Files of NumPy arrays, byte by byte.
package enum NPYFile {
  /// A file with any header, padded as NumPy pads it, and any data.
  package static func bytes(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    var header = header
    let prefix = version == 1 ? 10 : 12
    while (prefix + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(length & 255), UInt8(length >> 8)]
    if version > 1 { bytes += [0, 0] }
    return bytes + Array(header.utf8) + data
  }

  /// The header of an array, say of type `<f4` and shape `(3, 2)`.
  package static func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
  }

  /// Little-endian values.
  package static func data(_ values: [some FixedWidthInteger]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.fixed(value) }
    return writer.bytes
  }

  /// A file of single floats, a row an array.
  package static func floats(_ rows: [[Float]]) -> [UInt8] {
    bytes(
      header("<f4", "(\(rows.count), \(rows.first?.count ?? 0))"), data(rows.joined().map(\.bitPattern)))
  }
}
