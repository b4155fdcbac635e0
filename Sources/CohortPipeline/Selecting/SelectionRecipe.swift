internal import CohortCore
internal import CohortSelection
internal import CohortStore

/// All that decides what a selection of a snapshot holds, by numbers that names do not change: stored with it, so that it
/// can be made again.
///
/// ```
/// u8 version (1, 3) | u32 rules | string method | u64 seed | u32 grouping, space, measure (0xffffffff: none)
/// u8 1 rows, 2 tokens | u64 budget | f64 asked share (0: none) | varint n, n x u32 strata | string shares | u64 minimum
/// f64 duplicates (0: none) | f64 isolated | u8 whitened | varint n, n x (u32 selection, digest) excluded | varint kept
/// varint n, n x varint difference of avoided ids | varint rows | varint blind
/// in version 3: f64 cosine to given items (0: none were given) | u64 samples of an example (0: all) | string its attribute
/// ```
struct SelectionRecipe: Hashable, Sendable {
  /// Version of the rules by which rows are chosen. Raise it when any of them changes: a replay knows then which selections
  /// it can make again.
  static let rulesVersion: UInt32 = 2
  private static let none = UInt32.max

  /// A selection whose samples were left out.
  struct Excluded: Hashable, Sendable {
    var id: UInt32
    var digest: Digest128
  }

  var rules = Self.rulesVersion
  var options: SelectionOptions
  var grouping: GroupingID?
  var space: SpaceID?
  var measure: MeasureID?
  var budget: SelectionBudget
  /// The share of the snapshot that was asked for, if it was a share.
  var share: Double?
  var strata: [GroupingID] = []
  var duplicates: Double?
  /// The share of the samples that is left out because it lies farthest from its centroids.
  var isolated = 0.0
  /// Whether rows are compared in whitened coordinates.
  var isWhitened = false
  var excluded: [Excluded] = []
  /// So many of the selection's first samples were given, not chosen.
  var kept: UInt64 = 0
  /// Samples that were too near to something outside of the store, ascending.
  var avoided: [UInt64] = []
  /// Samples of the snapshot that were not deleted, and how many of them had no vector: if they are others now, the
  /// selection cannot be made again.
  var rows: UInt64 = 0
  var blind: UInt64 = 0
  /// The cosine to items of a file from which on samples were left out; nil where no file was given.
  var near: Double?
  /// So many samples of an example may be chosen (0: all), and the attribute that names examples.
  var templates: UInt64 = 0
  var example = ""

  init(options: SelectionOptions, budget: SelectionBudget) { (self.options, self.budget) = (options, budget) }

  /// Whether some bytes begin as recipes do: those of splits begin otherwise.
  static func isOne(_ bytes: [UInt8]) -> Bool { bytes.first == 1 || bytes.first == 3 }

  /// The first version has no room for the last three.
  private var version: UInt8 { near == nil && templates == 0 ? 1 : 3 }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 128)
    writer.fixed(version)
    writer.fixed(rules)
    writer.string(options.method.rawValue)
    writer.fixed(options.seed)
    for id in [grouping?.rawValue, space?.rawValue, measure?.rawValue] { writer.fixed(id ?? Self.none) }
    switch budget {
    case .rows(let count):
      writer.fixed(UInt8(1))
      writer.fixed(count)
    case .tokens(let count):
      writer.fixed(UInt8(2))
      writer.fixed(count)
    }
    writer.fixed(share ?? 0)
    writer.varint(strata.count)
    for grouping in strata { writer.fixed(grouping.rawValue) }
    writer.string(options.shares.rawValue)
    writer.fixed(options.minimum)
    writer.fixed(duplicates ?? 0)
    writer.fixed(isolated)
    writer.fixed(UInt8(isWhitened ? 1 : 0))
    writer.varint(excluded.count)
    for selection in excluded {
      writer.fixed(selection.id)
      writer.fixed(selection.digest.high)
      writer.fixed(selection.digest.low)
    }
    writer.varint(kept)
    writer.ascending(avoided)
    writer.varint(rows)
    writer.varint(blind)
    if version == 3 {
      writer.fixed(near ?? 0)
      writer.fixed(templates)
      writer.string(example)
    }
    return writer.bytes
  }

  /// - Throws: `core.truncated`, `core.invalid` for bytes that are no recipe.
  init(_ bytes: [UInt8]) throws {
    self = try ByteReader.decode(bytes) { reader in
      let version = try reader.byte()
      guard version == 1 || version == 3 else { throw CohortError.invalid("the version of a selection's recipe") }
      let rules = try reader.fixed(UInt32.self)
      guard let method = SelectionMethod(rawValue: try reader.string()) else {
        throw CohortError.invalid("the method of a selection", at: reader.offset)
      }
      let seed = try reader.fixed(UInt64.self)
      func id() throws -> UInt32? {
        let value = try reader.fixed(UInt32.self)
        return value == Self.none ? nil : value
      }
      let (grouping, space, measure) = (try id(), try id(), try id())
      let tag = try reader.byte()
      let count = try reader.fixed(UInt64.self)
      guard tag == 1 || tag == 2 else { throw CohortError.invalid("the budget of a selection", at: reader.offset) }
      var recipe = SelectionRecipe(
        options: SelectionOptions(method: method, seed: seed), budget: tag == 1 ? .rows(count) : .tokens(count))
      recipe.rules = rules
      (recipe.grouping, recipe.space) = (grouping.map { GroupingID($0) }, space.map { SpaceID($0) })
      recipe.measure = measure.map { MeasureID($0) }
      let share = try reader.double()
      recipe.share = share > 0 ? share : nil
      recipe.strata = try (0..<(try reader.count(unit: 4))).map { _ in GroupingID(try reader.fixed()) }
      guard let shares = StratumShares(rawValue: try reader.string()) else {
        throw CohortError.invalid("the shares of strata", at: reader.offset)
      }
      recipe.options.shares = shares
      recipe.options.minimum = try reader.fixed()
      let duplicates = try reader.double()
      recipe.duplicates = duplicates > 0 ? duplicates : nil
      recipe.isolated = try reader.double()
      recipe.isWhitened = try reader.byte() == 1
      recipe.excluded = try (0..<(try reader.count(unit: 20))).map { _ in
        Excluded(id: try reader.fixed(), digest: Digest128(high: try reader.fixed(), low: try reader.fixed()))
      }
      recipe.kept = try reader.varint()
      recipe.avoided = try reader.ascending()
      (recipe.rows, recipe.blind) = (try reader.varint(), try reader.varint())
      if version == 3 {
        let near = try reader.double()
        recipe.near = near > 0 ? near : nil
        (recipe.templates, recipe.example) = (try reader.fixed(), try reader.string())
      }
      return recipe
    }
  }
}

extension ByteWriter {
  /// A varint count, then the difference of each number to the one before.
  mutating func ascending(_ numbers: [UInt64]) {
    varint(numbers.count)
    var last: UInt64 = 0
    for number in numbers {
      varint(number - last)
      last = number
    }
  }
}

extension ByteReader {
  /// What `ascending` wrote.
  mutating func ascending() throws -> [UInt64] {
    var last: UInt64 = 0
    return try (0..<(try count())).map { _ in
      let (next, overflow) = last.addingReportingOverflow(try varint())
      guard !overflow else { throw CohortError.invalid("a list of ids", at: offset) }
      last = next
      return next
    }
  }
}
