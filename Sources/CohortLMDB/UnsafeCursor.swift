internal import CLMDB

/// A position in a table with integer keys. Valid only inside the closure of `UnsafeTransaction.withCursor`.
///
/// A search starts at the page where the last one ended: keys in ascending order cost a fraction of single look-ups.
package struct UnsafeCursor {
  let pointer: OpaquePointer
  let table: Table
  let transaction: UnsafeTransaction

  /// The value of a key, in place; nil when there is none.
  package func get(_ key: UInt64) throws -> UnsafeRawBufferPointer? {
    try transaction.withKey(key) { key in
      var key = key
      var value = MDB_val()
      let status = pages { mdb_cursor_get(pointer, &key, &value, MDB_SET) }
      if status == MDB_NOTFOUND { return nil }
      try transaction.check(status, "reading \(table.name)")
      return try transaction.buffer(value, table)
    }
  }

  /// Makes room for a value of `count` bytes and lets `fill` write it straight into the page. With `append`, the key must
  /// be greater than all others of the table.
  package func reserve(
    _ key: UInt64, count: Int, append: Bool = false, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    try transaction.withKey(key) { key in
      var key = key
      var value = MDB_val(mv_size: count, mv_data: nil)
      let flags = UInt32(MDB_RESERVE) | (append ? UInt32(MDB_APPEND) : 0)
      try transaction.check(pages { mdb_cursor_put(pointer, &key, &value, flags) }, "writing \(table.name)")
      try fill(UnsafeMutableRawBufferPointer(start: value.mv_data, count: count))
    }
  }
}
