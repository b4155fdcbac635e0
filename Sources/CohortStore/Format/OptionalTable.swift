internal import CohortCore
package import CohortLMDB

/// A table that is made when something is first stored in it, and stands for nothing before: so a release can add one to
/// stores that there are already. The feature tells older programs of it.
package struct OptionalTable: Hashable, Sendable {
  package let definition: TableDefinition
  /// The table's number in checksums. Part of the format: never change one.
  package let number: UInt64
  package let feature: StoreFeature

  package init(_ name: String, key: TableDefinition.Key, number: UInt64, feature: StoreFeature) {
    definition = TableDefinition(name, key: key, isOptional: true)
    self.number = number
    self.feature = feature
  }
}

extension ReadTransaction {
  /// A value of an optional table with byte keys; nil when there is none, or no such table yet.
  /// - Throws: `store.corrupted`.
  package func value(_ key: [UInt8], of table: OptionalTable) throws -> [UInt8]? {
    guard let open = unsafe.table(table.definition), let stored = try unsafe.get(open, key) else { return nil }
    let place = SealPlace(number: table.number, XXH3.hash64(key))
    return [UInt8](try Sealed.open(stored, place, "A value of table \(table.definition.name)"))
  }
}

extension WriteTransaction {
  /// Stores a value in an optional table with byte keys; makes the table and notes its feature if need be.
  package func put(_ value: [UInt8], _ key: [UInt8], in table: OptionalTable) throws {
    let open = try unsafe.make(table.definition)
    try require(table.feature)
    try Sealed.seal(value, SealPlace(number: table.number, XXH3.hash64(key))).withUnsafeBytes {
      try unsafe.put(open, key, $0)
    }
  }
}
