internal import CohortLMDB

/// The tables of a store and the layout of their keys; `Schemas/store.md` has the bytes of their values.
struct StoreTables {
  let meta: Table
  let log: Table
  let samples: Table
  let identity: Table
  let columns: Table
  let names: Table
  let groups: Table
  let membership: Table
  let quarantine: Table
  let dictionaries: Table
  let runs: Table

  static let definitions: [TableDefinition] = [
    TableDefinition("meta", key: .bytes),
    TableDefinition("log", key: .integer),
    TableDefinition("samples", key: .integer),
    TableDefinition("identity", key: .integer),
    TableDefinition("columns", key: .integer),
    TableDefinition("names", key: .bytes),
    TableDefinition("groups", key: .integer),
    TableDefinition("membership", key: .bytes),
    TableDefinition("quarantine", key: .integer),
    TableDefinition("dictionaries", key: .integer),
    TableDefinition("runs", key: .bytes),
  ]

  /// Tables that came after the first stores: they need not be there.
  static let optional: [OptionalTable] =
    [
      FormerLabels.table, SourceTerms.table, AnsweredRequest.table, SelectionRecord.table, SelectedPieces.table,
      SavedQuery.table, MapRecord.table, MapPieces.table,
    ] + PackedTables.all

  init(_ environment: Environment) throws {
    meta = try environment.table("meta")
    log = try environment.table("log")
    samples = try environment.table("samples")
    identity = try environment.table("identity")
    columns = try environment.table("columns")
    names = try environment.table("names")
    groups = try environment.table("groups")
    membership = try environment.table("membership")
    quarantine = try environment.table("quarantine")
    dictionaries = try environment.table("dictionaries")
    runs = try environment.table("runs")
  }

  var all: [Table] {
    [
      meta, log, samples, identity, columns, names, groups, membership, quarantine, dictionaries, runs,
    ]
  }

  /// Whether no table holds anything.
  func areEmpty(in transaction: UnsafeTransaction) throws -> Bool {
    try all.allSatisfy { try transaction.count($0) == 0 }
  }
}
