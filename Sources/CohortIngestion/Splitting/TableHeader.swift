internal import CohortCore

/// The columns of a CSV or TSV text, and how a row becomes a JSON object: every value a string.
final class TableHeader: Sendable {
  struct Malformed: Error {
    var reason: RejectionReason
    var detail: String
  }

  let form: TableForm
  let columns: [String]
  /// `"name":` of each column.
  private let keys: [[UInt8]]

  /// Reads the first row.
  init(row: UnsafeBufferPointer<UInt8>, form: TableForm, path: String) throws(CohortError) {
    self.form = form
    var columns: [String] = []
    var keys: [[UInt8]] = []
    var field: [UInt8] = []
    var position = 0
    do throws(Malformed) {
      repeat {
        try Self.readField(row, from: &position, form, into: &field)
        guard let name = String(validating: field, as: UTF8.self) else {
          throw Malformed(reason: .invalidUTF8, detail: "a column's name is not UTF-8")
        }
        if columns.contains(name) {
          throw Malformed(reason: .duplicateKey, detail: "there are two columns '\(name)'")
        }
        columns.append(name)
        var key: [UInt8] = []
        field.withUnsafeBufferPointer { CanonicalJSON.append($0, to: &key) }
        key.append(UInt8(ascii: ":"))
        keys.append(key)
      } while position <= row.count
    } catch {
      throw CohortError(
        .ingestionInvalidHeader, "the header of the table cannot be read", place: "\(path), line 1",
        cause: error.detail, hint: "The first row must name each column once")
    }
    self.columns = columns
    self.keys = keys
  }

  /// Writes a row as JSON into `json`.
  func write(_ row: UnsafeBufferPointer<UInt8>, to json: inout [UInt8], field: inout [UInt8]) throws(Malformed) {
    json.append(UInt8(ascii: "{"))
    var position = 0
    var column = 0
    repeat {
      try Self.readField(row, from: &position, form, into: &field)
      if column < keys.count {
        if column > 0 { json.append(UInt8(ascii: ",")) }
        json.append(contentsOf: keys[column])
        field.withUnsafeBufferPointer { CanonicalJSON.append($0, to: &json) }
      }
      column += 1
    } while position <= row.count
    guard column == keys.count else {
      throw Malformed(reason: .columnCount, detail: "the row has \(column) columns, the header \(keys.count)")
    }
    json.append(UInt8(ascii: "}"))
  }

  /// Reads the field at `position` and moves behind its separator; beyond the end of the row after the last field.
  private static func readField(
    _ row: UnsafeBufferPointer<UInt8>, from position: inout Int, _ form: TableForm, into field: inout [UInt8]
  ) throws(Malformed) {
    field.removeAll(keepingCapacity: true)
    guard form.isQuoted, position < row.count, row[position] == 0x22 else {
      let end = row[min(position, row.count)...].firstIndex(of: form.separator) ?? row.count
      field.append(contentsOf: row[min(position, row.count)..<end])
      position = end + 1
      return
    }
    position += 1
    while position < row.count {
      let byte = row[position]
      position += 1
      if byte != 0x22 {
        field.append(byte)
      } else if position < row.count, row[position] == 0x22 {
        field.append(byte)
        position += 1
      } else if position == row.count || row[position] == form.separator {
        position += 1
        return
      } else {
        throw Malformed(reason: .invalidCSV, detail: "a quoted field goes on behind its closing quotation mark")
      }
    }
    throw Malformed(reason: .invalidCSV, detail: "a quoted field is not closed")
  }
}
