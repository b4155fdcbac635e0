import CohortCore

/// Bytes that end with a checksum, changed, with a checksum that fits.
func resealed(_ bytes: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
  var body = Array(bytes.dropLast(8))
  change(&body)
  var writer = ByteWriter()
  writer.raw(body)
  writer.fixed(XXH3.hash64(body))
  return writer.bytes
}
