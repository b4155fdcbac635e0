internal import CSQLiteTables

/// Names by their numbers, as SQLite gets them. The memory lives as long as this object.
final class NameList {
  /// One for each number from 0 on; of type NULL where there is no name.
  let values: UnsafeMutableBufferPointer<cohort_sql_value>
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private lazy var numbers = makeNumbers()

  init(_ names: [(number: UInt32, name: String)]) {
    values = .allocate(capacity: (names.map { Int($0.number) }.max() ?? -1) + 1)
    values.initialize(repeating: cohort_sql_value())
    bytes = .allocate(capacity: max(names.reduce(0) { $0 + $1.name.utf8.count }, 1))
    bytes.initialize(repeating: 0)
    var start = 0
    for (number, name) in names {
      let end = bytes[start...].update(fromContentsOf: name.utf8)
      var value = cohort_sql_value()
      value.type = Int32(COHORT_SQL_TEXT.rawValue)
      value.bytes = UnsafeRawPointer(bytes.baseAddress).map { $0 + start }
      value.size = Int64(end - start)
      values[Int(number)] = value
      start = end
    }
  }

  deinit {
    values.deallocate()
    bytes.deallocate()
  }

  /// The numbers of some names, ascending; those that nothing has are left out.
  func numbers(of names: some Sequence<[UInt8]>) -> [UInt32] {
    Array(Set(names.compactMap { numbers[$0] })).sorted()
  }

  /// How many names there are.
  var count: Int { numbers.count }

  private func makeNumbers() -> [[UInt8]: UInt32] {
    var numbers: [[UInt8]: UInt32] = [:]
    for (number, value) in values.enumerated() where value.type == Int32(COHORT_SQL_TEXT.rawValue) {
      numbers[[UInt8](UnsafeRawBufferPointer(start: value.bytes, count: Int(value.size)))] = UInt32(number)
    }
    return numbers
  }
}
