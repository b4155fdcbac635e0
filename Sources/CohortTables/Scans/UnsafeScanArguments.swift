internal import CSQLiteTables
internal import CohortCore

/// The values that a scan was given for the conditions that it took. Valid until the scan begins anew.
struct ScanArguments {
  private let arguments: UnsafeBufferPointer<cohort_sql_argument>

  init(_ arguments: UnsafeBufferPointer<cohort_sql_argument>) { self.arguments = arguments }

  private func all(_ column: Int) -> [cohort_sql_argument] { arguments.filter { Int($0.column) == column } }

  /// The value that a column must be equal to; nil where none was given.
  func value(_ column: Int) -> cohort_sql_value? {
    all(column).first { $0.operation == Int32(COHORT_SQL_EQUAL.rawValue) && $0.is_list == 0 }?.values?.pointee
  }

  /// Texts that a column must be one of; nil where it may be any.
  func texts(_ column: Int) -> Set<[UInt8]>? {
    var texts: Set<[UInt8]>?
    for argument in all(column) {
      let values = UnsafeBufferPointer(start: argument.values, count: Int(argument.count))
      let given = Set(values.filter { $0.kind == COHORT_SQL_TEXT }.map { [UInt8]($0.buffer) })
      texts = texts?.intersection(given) ?? given
    }
    return texts
  }

  /// Numbers that a column must be one of.
  func integers(_ column: Int) -> IntegerFilter {
    var filter = IntegerFilter()
    for argument in all(column) {
      if argument.is_list != 0 {
        filter.list = UnsafeBufferPointer(start: argument.integers, count: Int(argument.count))
      } else if let value = argument.values?.pointee {
        filter.narrow(cohort_sql_operator(UInt32(argument.operation)), value)
      }
    }
    return filter
  }
}

/// Which integers a condition leaves: a range, and perhaps a list.
struct IntegerFilter {
  /// The least one, and the greatest.
  var low: Int64 = .min
  var high: Int64 = .max
  /// Ascending, each once.
  var list: UnsafeBufferPointer<Int64>?

  /// Whether nothing is left.
  var isEmpty: Bool { low > high || list?.isEmpty == true }

  /// Whether nothing is taken away.
  var isAnything: Bool { low == .min && high == .max && list == nil }

  func contains(_ value: some BinaryInteger) -> Bool {
    guard let value = Int64(exactly: value), low <= value, value <= high else { return false }
    guard let list else { return true }
    let index = Self.first(in: list, notBelow: value)
    return index < list.count && list[index] == value
  }

  /// What is left as numbers of 32 bits, ascending; nil where all are left, or so many that listing them is no use.
  var words: [UInt32]? {
    if let list { return list.filter { low <= $0 && $0 <= high }.compactMap { UInt32(exactly: $0) } }
    guard low == high else { return isEmpty ? [] : nil }
    return UInt32(exactly: low).map { [$0] } ?? []
  }

  /// Whether it is a single number, which rows then have.
  var single: Int64? { low == high ? low : nil }

  static func first(in list: UnsafeBufferPointer<Int64>, notBelow value: Int64) -> Int {
    var (start, end) = (0, list.count)
    while start < end {
      let middle = (start + end) / 2
      if list[middle] < value { start = middle + 1 } else { end = middle }
    }
    return start
  }

  /// Takes away what does not compare so with a value. Numbers come before texts and blobs; nothing compares with NULL.
  mutating func narrow(_ operation: cohort_sql_operator, _ value: cohort_sql_value) {
    let isUpper = operation == COHORT_SQL_LESS || operation == COHORT_SQL_AT_MOST
    switch value.kind {
    case COHORT_SQL_INTEGER: narrow(operation, to: value.integer)
    case COHORT_SQL_REAL:
      // No integer is equal to it: whole ones came as integers, unless they are beyond all of them.
      if operation == COHORT_SQL_EQUAL || value.real.isNaN { return clear() }
      if value.real >= 0x1p63 { return isUpper ? () : clear() }
      if value.real < -0x1p63 { return isUpper ? clear() : () }
      let below = Int64(value.real.rounded(.down))
      narrow(isUpper ? COHORT_SQL_AT_MOST : COHORT_SQL_GREATER, to: below)
    case COHORT_SQL_TEXT, COHORT_SQL_BLOB: if !isUpper { clear() }
    default: clear()
    }
  }

  private mutating func narrow(_ operation: cohort_sql_operator, to value: Int64) {
    switch operation {
    case COHORT_SQL_EQUAL: (low, high) = (max(low, value), min(high, value))
    case COHORT_SQL_AT_LEAST: low = max(low, value)
    case COHORT_SQL_AT_MOST: high = min(high, value)
    case COHORT_SQL_GREATER: if value == .max { clear() } else { low = max(low, value + 1) }
    case COHORT_SQL_LESS: if value == .min { clear() } else { high = min(high, value - 1) }
    default: break
    }
  }

  private mutating func clear() { (low, high) = (.max, .min) }
}
