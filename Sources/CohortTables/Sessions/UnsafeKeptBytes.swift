internal import CSQLiteTables

/// A value with its bytes, for as long as SQLite may look at them: until it is set again, or goes.
final class KeptBytes {
  private(set) var value = cohort_sql_value()
  private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)

  init() {}

  init(text: String) { set(text: text) }

  deinit { room.deallocate() }

  func set(text: String) {
    var text = text
    text.withUTF8 { set(UnsafeRawBufferPointer($0), as: COHORT_SQL_TEXT) }
  }

  /// Copies bytes.
  func set(_ bytes: UnsafeRawBufferPointer, as type: cohort_sql_type) {
    let target = reserve(bytes.count, as: type)
    if !bytes.isEmpty { target.copyMemory(from: bytes) }
  }

  /// Makes room for bytes that the caller writes.
  func reserve(_ count: Int, as type: cohort_sql_type) -> UnsafeMutableRawBufferPointer {
    if room.count < count {
      room.deallocate()
      room = .allocate(byteCount: count + count / 2, alignment: 16)
    }
    value = cohort_sql_value()
    value.type = Int32(type.rawValue)
    value.bytes = UnsafeRawPointer(room.baseAddress)
    value.size = Int64(count)
    return UnsafeMutableRawBufferPointer(rebasing: room[..<count])
  }
}

extension cohort_sql_value {
  static func integer(_ number: some BinaryInteger) -> cohort_sql_value {
    var value = cohort_sql_value()
    value.type = Int32(COHORT_SQL_INTEGER.rawValue)
    value.integer = Int64(clamping: number)
    return value
  }

  static func real(_ number: Double) -> cohort_sql_value {
    var value = cohort_sql_value()
    value.type = Int32(COHORT_SQL_REAL.rawValue)
    value.real = number
    return value
  }

  static var null: cohort_sql_value { cohort_sql_value() }

  var kind: cohort_sql_type { cohort_sql_type(UInt32(type)) }

  /// The bytes of a text or a blob.
  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: Int(size)) }

  /// A text that is sound UTF-8.
  var text: String? {
    guard kind == COHORT_SQL_TEXT else { return nil }
    return String(validating: buffer.bindMemory(to: UInt8.self), as: UTF8.self)
  }
}
