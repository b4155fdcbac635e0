internal import CohortCore
internal import CohortSelection
internal import CohortStore

/// All that decides how a snapshot is split into two selections.
///
/// ```
/// u8 version (2) | u32 rules | u64 seed | f64 fraction | u32 grouping, space (0xffffffff: none) | u8 whole groups
/// f64 apart (0: none) | varint n, n x u32 strata | u8 validation | varint n, n x varint difference of avoided
/// ids | varint rows | varint blind
/// ```
struct SplitRecipe: Hashable, Sendable {
  private static let none = UInt32.max

  var rules = SelectionRecipe.rulesVersion
  var seed: UInt64
  /// Of the samples that are to be for validation.
  var fraction: Double
  var grouping: GroupingID?
  var space: SpaceID?
  /// Whether all members of a group of the grouping stay on one side.
  var keepsGroups = false
  /// Samples with a cosine above this stay on one side.
  var apart: Double?
  var strata: [GroupingID] = []
  /// Samples that were too near to something outside of the store, ascending.
  var avoided: [UInt64] = []
  /// Which of the two it is.
  var isValidation = false
  var rows: UInt64 = 0
  var blind: UInt64 = 0

  init(seed: UInt64, fraction: Double) { (self.seed, self.fraction) = (seed, fraction) }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 96)
    writer.fixed(UInt8(2))
    writer.fixed(rules)
    writer.fixed(seed)
    writer.fixed(fraction)
    for id in [grouping?.rawValue, space?.rawValue] { writer.fixed(id ?? Self.none) }
    writer.fixed(UInt8(keepsGroups ? 1 : 0))
    writer.fixed(apart ?? 0)
    writer.varint(strata.count)
    for grouping in strata { writer.fixed(grouping.rawValue) }
    writer.fixed(UInt8(isValidation ? 1 : 0))
    writer.ascending(avoided)
    writer.varint(rows)
    writer.varint(blind)
    return writer.bytes
  }

  /// - Throws: `core.truncated`, `core.invalid` for bytes that are no recipe of a split.
  init(_ bytes: [UInt8]) throws {
    self = try ByteReader.decode(bytes) { reader in
      guard try reader.byte() == 2 else { throw CohortError.invalid("the version of a selection's recipe") }
      let rules = try reader.fixed(UInt32.self)
      var recipe = SplitRecipe(seed: try reader.fixed(), fraction: try reader.double())
      recipe.rules = rules
      func id() throws -> UInt32? {
        let value = try reader.fixed(UInt32.self)
        return value == Self.none ? nil : value
      }
      recipe.grouping = try id().map { GroupingID($0) }
      recipe.space = try id().map { SpaceID($0) }
      recipe.keepsGroups = try reader.byte() == 1
      let apart = try reader.double()
      recipe.apart = apart > 0 ? apart : nil
      recipe.strata = try (0..<(try reader.count(unit: 4))).map { _ in GroupingID(try reader.fixed()) }
      recipe.isValidation = try reader.byte() == 1
      recipe.avoided = try reader.ascending()
      (recipe.rows, recipe.blind) = (try reader.varint(), try reader.varint())
      return recipe
    }
  }

  /// The rows of a snapshot with their clusters and strata.
  func inputs(_ snapshot: SnapshotRecord, _ transaction: borrowing ReadTransaction) throws -> SelectionInputs {
    var recipe = SelectionRecipe(options: SelectionOptions(method: .random, seed: seed), budget: .rows(1))
    (recipe.grouping, recipe.space, recipe.strata) = (grouping, space, strata)
    recipe.avoided = avoided
    return try SelectionInputs(recipe, snapshot, keeping: [], transaction)
  }

  /// Divides the rows. Units, which stay together, take turns in the order of a keyed hash of their lowest ids: one is for
  /// validation when its stratum has room for it yet, and all strata together; what is left of the room then goes to any
  /// that fits. Both parts are in the order of the hash of their own ids, so every beginning of one is a random sample of it.
  /// - Complexity: that of `SelectionEngine.units`.
  func parts(
    of inputs: SelectionInputs, _ engine: SelectionEngine
  ) throws -> (training: [UInt64], validation: [UInt64], units: Int) {
    let pool = inputs.pool
    let unitOf = try engine.units(of: pool, above: apart, joinsClusters: keepsGroups)
    var members: [UInt32: [UInt32]] = [:]
    for (row, unit) in unitOf.enumerated() { members[unit, default: []].append(UInt32(row)) }
    let units = KeyedOrder(seed: seed, purpose: 6).first(members.count, of: members.keys, ids: pool.ids)
    var room = Int((fraction * Double(pool.count)).rounded())
    var stratumRoom = [Double](repeating: 0, count: max(pool.stratumCount, 1))
    for row in 0..<pool.count { stratumRoom[Int(pool.stratum(row))] += fraction }
    var isValidation = [Bool](repeating: false, count: pool.count)
    for isStrict in [true, false] {
      for unit in units where !isValidation[Int(unit)] {
        let rows = members[unit] ?? []
        let stratum = Int(pool.stratum(Int(unit)))
        // Half a row more than its share rounds a stratum's number to the nearest.
        guard rows.count <= room, !isStrict || Double(rows.count) <= stratumRoom[stratum] + 0.5 else { continue }
        room -= rows.count
        stratumRoom[stratum] -= Double(rows.count)
        for row in rows { isValidation[Int(row)] = true }
      }
    }
    let order = KeyedOrder(seed: seed, purpose: 7)
      .first(pool.count, of: pool.ids.indices.map(UInt32.init), ids: pool.ids)
    return (
      order.filter { !isValidation[Int($0)] }.map { pool.ids[Int($0)] },
      order.filter { isValidation[Int($0)] }.map { pool.ids[Int($0)] }, members.count
    )
  }
}
