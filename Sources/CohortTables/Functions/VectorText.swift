internal import CSQLiteTables
internal import CohortCore

/// Vectors as JSON, and back.
enum VectorText {
  /// The floats of a blob; nil where it is none, or no whole number of them.
  static func floats(_ value: cohort_sql_value) -> [Float]? {
    guard value.kind == COHORT_SQL_BLOB, value.size % 4 == 0 else { return nil }
    let bytes = value.buffer
    return (0..<(bytes.count / 4)).map {
      Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
    }
  }

  /// `vector_to_json(vector)`: `[0.25,-1.5]`, each value in the fewest digits that read back as the same float.
  static func json(_ vector: cohort_sql_value, into result: KeptBytes) throws -> cohort_sql_value {
    if vector.kind == COHORT_SQL_NULL { return .null }
    guard let floats = floats(vector) else {
      throw CohortError.argument("vector_to_json", "it takes a vector: a blob of float32")
    }
    result.set(text: "[" + floats.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ",") + "]")
    return result.value
  }

  /// `vector_from_json(text)`: the blob of an array of numbers.
  static func vector(_ json: cohort_sql_value, into result: KeptBytes) throws -> cohort_sql_value {
    if json.kind == COHORT_SQL_NULL { return .null }
    guard json.kind == COHORT_SQL_TEXT, let numbers = numbers(json.buffer) else {
      throw CohortError.argument("vector_from_json", "it takes an array of finite numbers: '[0.25, -1.5]'")
    }
    numbers.withUnsafeBytes { result.set($0, as: COHORT_SQL_BLOB) }
    return result.value
  }

  private static func numbers(_ json: UnsafeRawBufferPointer) -> [Float]? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    guard let first = json.firstIndex(where: { !isSpace($0) }), let last = json.lastIndex(where: { !isSpace($0) }),
      first < last, json[first] == UInt8(ascii: "["), json[last] == UInt8(ascii: "]")
    else { return nil }
    let inside = json[(first + 1)..<last]
    if inside.allSatisfy(isSpace) { return [] }
    var numbers: [Float] = []
    for part in inside.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let start = part.firstIndex(where: { !isSpace($0) }), let end = part.lastIndex(where: { !isSpace($0) }),
        // Words that Swift would read: nan, infinity, hexadecimal floats.
        part[start...end].allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
        let number = Float(String(decoding: part[start...end], as: UTF8.self)), number.isFinite
      else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
