internal import CSQLiteTables
internal import CohortCore

/// What SQLite's side calls, as C functions: finds the object that is meant, and turns errors into codes and texts.
final class TableHost {
  let session: TableSession
  let table: any StoreTable.Type

  init(_ session: TableSession, _ table: any StoreTable.Type) {
    self.session = session
    self.table = table
  }

  /// A cursor of a table.
  private final class Cursor {
    let session: TableSession
    let scan: Scan

    init(_ host: TableHost) {
      session = host.session
      scan = host.table.scan(host.session)
      session.cursorOpened()
    }

    deinit { session.cursorClosed() }
  }

  /// At one address as long as the program runs. Guard: written once, then only read.
  nonisolated(unsafe) static let functions: UnsafePointer<cohort_sql_host> = {
    let functions = UnsafeMutablePointer<cohort_sql_host>.allocate(capacity: 1)
    var host = cohort_sql_host()
    host.plan = { table, plan, error in
      guard let table, let plan else { return 1 }
      let host = Unmanaged<TableHost>.fromOpaque(table).takeUnretainedValue()
      return TableHost.answer(host.session, error) {
        try host.table.plan(TablePlan(plan), try StoreStatistics(host.session))
      }
    }
    host.open = { table in
      guard let table else { return nil }
      let host = Unmanaged<TableHost>.fromOpaque(table).takeUnretainedValue()
      return Unmanaged.passRetained(Cursor(host)).toOpaque()
    }
    host.close = { scan in
      if let scan { Unmanaged<Cursor>.fromOpaque(scan).release() }
    }
    host.begin = { scan, arguments, count, batch, error in
      guard let scan, let batch else { return 1 }
      return TableHost.with(scan, error) { cursor in
        try cursor.scan.begin(ScanArguments(UnsafeBufferPointer(start: arguments, count: Int(count))))
        try cursor.scan.advance(UnsafeBatch(batch))
      }
    }
    host.advance = { scan, batch, error in
      guard let scan, let batch else { return 1 }
      return TableHost.with(scan, error) { try $0.scan.advance(UnsafeBatch(batch)) }
    }
    host.load = { scan, column, batch, error in
      guard let scan, let batch else { return 1 }
      return TableHost.with(scan, error) { try $0.scan.load(Int(column), UnsafeBatch(batch)) }
    }
    host.value = { scan, column, row, value, error in
      guard let scan, let value else { return 1 }
      return TableHost.with(scan, error) { value.pointee = try $0.scan.value(Int(column), row: Int(row)) }
    }
    host.must_stop = { scan, error in
      guard let scan else { return 1 }
      return TableHost.with(scan, error) { try $0.session.checkStop() }
    }
    host.release = { table in
      if let table { Unmanaged<TableHost>.fromOpaque(table).release() }
    }
    functions.initialize(to: host)
    return UnsafePointer(functions)
  }()

  private static func with(
    _ scan: UnsafeMutableRawPointer, _ error: UnsafeMutablePointer<cohort_sql_error>?,
    _ body: (Cursor) throws -> Void
  ) -> Int32 {
    let cursor = Unmanaged<Cursor>.fromOpaque(scan).takeUnretainedValue()
    return TableHost.answer(cursor.session, error) { try body(cursor) }
  }

  // SQLite's result codes.
  private static let (failed, interrupted, damaged): (Int32, Int32, Int32) = (1, 9, 11 | 1 << 8)

  /// Runs `body`; what it throws is told in `error`, and kept.
  /// - Returns: 0, or 1 for an error.
  static func answer(
    _ session: TableSession?, _ error: UnsafeMutablePointer<cohort_sql_error>?, _ body: () throws -> Void
  ) -> Int32 {
    do {
      try body()
      return 0
    } catch is Stopped {
      tell("interrupted", interrupted, error)
    } catch let thrown {
      let thrown = CohortError(describing: thrown, as: .tablesUnexpected)
      session?.failure = thrown
      tell("\(thrown)", thrown.category == .corruption ? damaged : failed, error)
    }
    return 1
  }

  private static func tell(_ text: String, _ code: Int32, _ error: UnsafeMutablePointer<cohort_sql_error>?) {
    guard let error else { return }
    error.pointee.code = code
    withUnsafeMutableBytes(of: &error.pointee.text) { target in
      var text = text
      text.withUTF8 { utf8 in
        var count = min(utf8.count, target.count - 1)
        // Not within a character.
        while count > 0, count < utf8.count, utf8[count] & 0xc0 == 0x80 { count -= 1 }
        target.copyBytes(from: utf8[..<count])
        target[count] = 0
      }
    }
  }
}
