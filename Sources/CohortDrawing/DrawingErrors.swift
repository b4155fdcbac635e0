package import CohortCore

extension ErrorCode {
  /// Positions, columns or labels that make no map.
  package static let drawingInput = ErrorCode(.drawing, "input", .usage)
  /// A file whose name does not tell what to draw.
  package static let drawingForm = ErrorCode(
    .drawing, "form", .usage, hint: "End the name in .html, .png or .svg")
  /// A picture that is too small to hold a map, or too large.
  package static let drawingSize = ErrorCode(
    .drawing, "size", .usage, hint: "Ask for 320 to 16384 pixels a side, and at most 100 million in all")
  /// zlib refused to compress.
  package static let drawingCompression = ErrorCode(.drawing, "compression", .failure)
}
