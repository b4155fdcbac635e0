internal import CLMDB
internal import CohortCore

/// A handle to a running LMDB transaction. Copyable so that the store can wrap it in types that cannot be copied; it is
/// valid only inside the closure of `Environment.read` or `Environment.write`, and so are all buffers it hands out.
package struct UnsafeTransaction {
  let pointer: OpaquePointer
  let place: String
  /// Where values may lie; nil in a write transaction, whose changed pages are outside the map.
  let layout: PageLayout?
  let optional: TransactionTables

  /// The transaction number: readers see the state after it.
  package var number: UInt64 { UInt64(mdb_txn_id(pointer)) }

  /// An optional table; nil while nobody has made it.
  package func table(_ definition: TableDefinition) -> Table? { optional.open[definition.name] }

  /// An optional table, which is made where it is not there: in a write transaction only. It is there for others once the
  /// transaction has committed, and for nobody if that fails.
  package func make(_ definition: TableDefinition) throws -> Table {
    let (status, table) = optional.make(definition, pointer)
    try check(status, "making table \(definition.name)")
    guard let table else { throw CohortError.lmdb(MDB_PANIC, doing: "making table \(definition.name)", place: place) }
    return table
  }

  /// The value of an integer key, in place. Aligned to 2 bytes only, unless the value is larger than half a page.
  package func get(_ table: Table, _ key: UInt64) throws -> UnsafeRawBufferPointer? {
    try withKey(key) { try get(table, $0) }
  }

  package func get(_ table: Table, _ key: [UInt8]) throws -> UnsafeRawBufferPointer? {
    try withKey(key) { try get(table, $0) }
  }

  private func get(_ table: Table, _ key: MDB_val) throws -> UnsafeRawBufferPointer? {
    var key = key
    var value = MDB_val()
    let status = pages { mdb_get(pointer, table.handle, &key, &value) }
    if status == MDB_NOTFOUND { return nil }
    try check(status, "reading \(table.name)")
    return try buffer(value, table)
  }

  /// Stores a value. With `append`, the key must be greater than all others of the table, which saves the search.
  package func put(_ table: Table, _ key: UInt64, _ value: UnsafeRawBufferPointer, append: Bool = false) throws {
    try withKey(key) { try put(table, $0, value, flags: append ? UInt32(MDB_APPEND) : 0) }
  }

  package func put(_ table: Table, _ key: [UInt8], _ value: UnsafeRawBufferPointer) throws {
    try withKey(key) { try put(table, $0, value, flags: 0) }
  }

  private func put(_ table: Table, _ key: MDB_val, _ value: UnsafeRawBufferPointer, flags: UInt32) throws {
    var key = key
    var value = MDB_val(mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
    try check(pages { mdb_put(pointer, table.handle, &key, &value, flags) }, "writing \(table.name)")
  }

  /// Makes room for a value of `count` bytes and lets `fill` write it straight into the page.
  package func reserve(
    _ table: Table, _ key: UInt64, count: Int, append: Bool = false,
    _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    try withKey(key) { key in
      var key = key
      var value = MDB_val(mv_size: count, mv_data: nil)
      let flags = UInt32(MDB_RESERVE) | (append ? UInt32(MDB_APPEND) : 0)
      try check(pages { mdb_put(pointer, table.handle, &key, &value, flags) }, "writing \(table.name)")
      try fill(UnsafeMutableRawBufferPointer(start: value.mv_data, count: count))
    }
  }

  /// - Returns: whether there was such a key.
  @discardableResult
  package func delete(_ table: Table, _ key: UInt64) throws -> Bool { try withKey(key) { try delete(table, $0) } }

  @discardableResult
  package func delete(_ table: Table, _ key: [UInt8]) throws -> Bool { try withKey(key) { try delete(table, $0) } }

  private func delete(_ table: Table, _ key: MDB_val) throws -> Bool {
    var key = key
    let status = pages { mdb_del(pointer, table.handle, &key, nil) }
    if status == MDB_NOTFOUND { return false }
    try check(status, "deleting from \(table.name)")
    return true
  }

  /// Number of entries of a table. O(1).
  package func count(_ table: Table) throws -> Int {
    var stat = MDB_stat()
    try check(pages { mdb_stat(pointer, table.handle, &stat) }, "counting \(table.name)")
    return Int(stat.ms_entries)
  }

  /// Walks a table in key order from the first key that is not less than `start`, until `body` returns false.
  package func walk(
    _ table: Table, from start: UInt64 = 0, _ body: (_ key: UInt64, _ value: UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    try withKey(start) { start in
      try walk(table, start) { key, value in
        guard key.mv_size == 8, let data = key.mv_data else {
          throw CohortError.lmdb(MDB_CORRUPTED, doing: "reading a key of \(table.name)", place: place)
        }
        return try body(data.loadUnaligned(as: UInt64.self), value)
      }
    }
  }

  /// The same for byte keys. The key buffer is valid only inside `body`.
  package func walk(
    _ table: Table, from start: [UInt8],
    _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    try withKey(start) { start in
      try walk(table, start) { key, value in
        guard key.mv_size <= TableDefinition.maximumKeySize else {
          throw CohortError.lmdb(MDB_CORRUPTED, doing: "reading a key of \(table.name)", place: place)
        }
        return try body(UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size), value)
      }
    }
  }

  private func walk(
    _ table: Table, _ start: MDB_val, _ body: (MDB_val, UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    var cursor: OpaquePointer?
    try check(pages { mdb_cursor_open(pointer, table.handle, &cursor) }, "walking \(table.name)")
    defer { mdb_cursor_close(cursor) }
    var key = start
    var value = MDB_val()
    // An empty byte key is not allowed to search for: it stands for the first one.
    var status = pages { mdb_cursor_get(cursor, &key, &value, start.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE) }
    while status == 0 {
      guard try body(key, try buffer(value, table)) else { return }
      status = pages { mdb_cursor_get(cursor, &key, &value, MDB_NEXT) }
    }
    if status != MDB_NOTFOUND { try check(status, "walking \(table.name)") }
  }

  /// Lends a cursor of a table to `body`: quicker than single calls when the keys come in order.
  package func withCursor<R>(_ table: Table, _ body: (UnsafeCursor) throws -> R) throws -> R {
    var cursor: OpaquePointer?
    try check(pages { mdb_cursor_open(pointer, table.handle, &cursor) }, "opening a cursor of \(table.name)")
    defer { mdb_cursor_close(cursor) }
    guard let cursor else {
      throw CohortError.lmdb(MDB_PANIC, doing: "opening a cursor of \(table.name)", place: place)
    }
    return try body(UnsafeCursor(pointer: cursor, table: table, transaction: self))
  }

  /// The bytes of a value, unless its size is more than its page can hold: reading beyond the file is a signal.
  func buffer(_ value: MDB_val, _ table: Table) throws -> UnsafeRawBufferPointer {
    let bytes = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
    guard layout?.holds(bytes) != false else {
      throw CohortError.lmdb(MDB_CORRUPTED, doing: "reading \(table.name)", place: place)
    }
    return bytes
  }

  func check(_ status: Int32, _ action: String) throws {
    guard status != 0 else { return }
    throw CohortError.lmdb(status, doing: action, place: place)
  }

  func withKey<R>(_ key: UInt64, _ body: (MDB_val) throws -> R) throws -> R {
    var key = key
    return try withUnsafeMutableBytes(of: &key) { try body(MDB_val(mv_size: $0.count, mv_data: $0.baseAddress)) }
  }

  private func withKey<R>(_ key: [UInt8], _ body: (MDB_val) throws -> R) throws -> R {
    try key.withUnsafeBytes {
      try body(MDB_val(mv_size: $0.count, mv_data: UnsafeMutableRawPointer(mutating: $0.baseAddress)))
    }
  }
}
