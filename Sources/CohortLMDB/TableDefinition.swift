/// One named table of an environment.
package struct TableDefinition: Hashable, Sendable {
  /// How keys compare.
  package enum Key: Hashable, Sendable {
    /// 8-byte integers in native order (`MDB_INTEGERKEY`).
    case integer
    /// Byte strings, compared as unsigned bytes; at most 511 of them.
    case bytes
  }

  package var name: String
  package var key: Key
  /// Made when it is first needed (`UnsafeTransaction.make`); until then it is not there, which is no damage.
  package var isOptional: Bool

  /// `MDB_MAXKEYSIZE` of a default build.
  package static let maximumKeySize = 511

  package init(_ name: String, key: Key, isOptional: Bool = false) {
    self.name = name
    self.key = key
    self.isOptional = isOptional
  }
}

/// A table that is open in an environment; valid as long as the environment.
package struct Table: Hashable, Sendable {
  package let name: String
  package let key: TableDefinition.Key
  let handle: UInt32
}
