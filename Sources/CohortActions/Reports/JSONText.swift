internal import CohortCore

/// Writes values as JSON (RFC 8259), without white space, in the order given.
///
/// Texts are escaped so that they can do nothing to a terminal.
public enum JSONText {
  /// Appends one value. Numbers that are not finite become `null`.
  public static func append(_ value: ReportValue, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .unsigned(let value): bytes.append(contentsOf: String(value).utf8)
    case .number(let value): bytes.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
    case .text(let text): JSONString.append(text, .terminal, to: &bytes)
    case .list(let values):
      bytes.append(UInt8(ascii: "["))
      for (i, value) in values.enumerated() {
        if i > 0 { bytes.append(UInt8(ascii: ",")) }
        append(value, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .record(let record): append(record, to: &bytes)
    case .encoded(let json): json.withUnsafeBufferPointer { JSONString.append(encoded: $0, .terminal, to: &bytes) }
    }
  }

  /// Appends an object with the record's fields in their order; equal names are not merged.
  public static func append(_ record: ReportRecord, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    for (i, field) in record.fields.enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      JSONString.append(field.name, .terminal, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      append(field.value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// One value as a text of its own.
  public static func string(_ value: ReportValue) -> String {
    var bytes: [UInt8] = []
    append(value, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
