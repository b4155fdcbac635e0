internal import CSQLiteTables

/// What SQLite asks a table before it reads it: which conditions the table can look at itself, and what the scan would cost.
struct TablePlan {
  private let plan: UnsafeMutablePointer<cohort_sql_plan>

  init(_ plan: UnsafeMutablePointer<cohort_sql_plan>) { self.plan = plan }

  /// What a table took of the conditions on a column.
  enum Taken {
    /// There are none, or none that is known when the scan begins.
    case nothing
    /// The column is equal to one value.
    case one
    /// It is one of several.
    case several
  }

  /// Takes `column = value`.
  /// - Parameters:
  ///   - list: whether the scan can take the values of an IN all at once.
  ///   - isExact: whether the scan looks at the condition exactly as SQLite would, so that SQLite need not.
  func takeEqual(_ column: Int, list: Bool = false, isExact: Bool = true) -> Taken {
    guard
      let index = (0..<Int(plan.pointee.constraint_count)).first(where: {
        let constraint = plan.pointee.constraints[$0]
        return Int(constraint.column) == column && constraint.operation == Int32(COHORT_SQL_EQUAL.rawValue)
          && constraint.is_usable != 0
      })
    else { return .nothing }
    let isList = list && plan.pointee.constraints[index].may_be_list != 0
    plan.pointee.constraints[index].is_taken = 1
    plan.pointee.constraints[index].is_list = isList ? 1 : 0
    plan.pointee.constraints[index].is_checked = isExact ? 1 : 0
    return isList ? .several : .one
  }

  /// Takes all of `column < value` and its like; SQLite looks at them again.
  /// - Returns: how many.
  func takeRange(_ column: Int) -> Int {
    var count = 0
    for index in 0..<Int(plan.pointee.constraint_count) {
      let constraint = plan.pointee.constraints[index]
      guard Int(constraint.column) == column, constraint.is_usable != 0,
        constraint.operation != Int32(COHORT_SQL_EQUAL.rawValue)
      else { continue }
      plan.pointee.constraints[index].is_taken = 1
      count += 1
    }
    return count
  }

  /// Whether there is a condition `column = value` at all, known or not when the scan begins.
  func hasEqual(_ column: Int) -> Bool {
    (0..<Int(plan.pointee.constraint_count)).contains {
      Int(plan.pointee.constraints[$0].column) == column
        && plan.pointee.constraints[$0].operation == Int32(COHORT_SQL_EQUAL.rawValue)
    }
  }

  /// Plans a scan that says what is missing when it begins: parts of a condition are planned alone, too, so that an error now
  /// would refuse statements that have all that is needed. Nothing else costs as much.
  func setMissing() { set(cost: 1e18, rows: 1e12) }

  /// Says that there is no way with what is known when the scan begins; SQLite looks for another order of its loops.
  func refuse() { plan.pointee.is_impossible = 1 }

  /// Whether one of some columns is read.
  func reads(_ columns: ClosedRange<Int>) -> Bool {
    columns.contains { plan.pointee.used & (1 << UInt64(min($0, 63))) != 0 }
  }

  /// - Parameters:
  ///   - cost: in the time of one row of a table of SQLite's own.
  ///   - rows: that the scan is expected to give.
  ///   - isUnique: whether it gives one at most.
  func set(cost: Double, rows: Double, isUnique: Bool = false) {
    plan.pointee.cost = max(cost, 1)
    plan.pointee.rows = Int64(max(min(rows, 1e15), 1))
    plan.pointee.is_unique = isUnique ? 1 : 0
  }

  /// Tells SQLite that it need not sort, if rows come in the order that is asked for.
  /// - Parameters:
  ///   - columns: the columns that the scan orders its rows by, ascending; the last of them has no two equal values.
  ///   - fixed: columns that have the same value in all rows.
  ///   - descending: those of the columns that the scan orders the other way.
  func setOrdered(by columns: [Int], fixed: Set<Int> = [], descending: Set<Int> = []) {
    var rest = columns[...]
    for index in 0..<Int(plan.pointee.order_count) {
      let term = plan.pointee.order[index]
      if fixed.contains(Int(term.column)) { continue }
      // All columns before it are the same, and no two rows are the same in the last one: nothing is left to be ordered.
      guard let next = rest.first else { break }
      guard Int(term.column) == next, (term.is_descending != 0) == descending.contains(next) else { return }
      rest = rest.dropFirst()
    }
    plan.pointee.is_ordered = 1
  }
}
