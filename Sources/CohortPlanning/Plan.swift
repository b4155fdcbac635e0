public import CohortCore

/// A plan: a pure function from (epoch, step) to the positions of one batch. See `Docs/planning.md`.
///
/// Made from a population and a configuration, or from the bytes of a plan made before, which are all it needs. It holds
/// O(groups) memory, whatever the number of rows, steps and epochs, and any step can be computed by itself, in any
/// order, by any process.
///
/// ```swift
/// let plan = try Plan(population: population, configuration: PlanConfiguration(batchSize: 32, seed: 7))
/// let step = try plan.step(epoch: 0, step: 0)
/// let mine = step.positions[try step.slice(rank: 0, world: 8)]
/// ```
public struct Plan: Sendable {
  let resolution: PlanResolution
  let layout: PlanLayout
  let sequence: BatchSequence
  /// With `longestFirst`: the unit with the most expensive batches, and its first batch.
  let longest: (unit: Int, firstBatch: UInt64)?
  /// XXH3-128 of the plan's bytes, which contain the digest of the population: equal hashes mean equal batches.
  public let hash: Digest128
  private let bytes: [UInt8]

  /// Decides everything that the configuration leaves to the population: folding, quotas, pooling.
  ///
  /// Complexity: O(groups log groups) time and O(groups) memory; folding and pooling by centroids take more, see
  /// `GroupFolding` and `PoolOrder`.
  /// - Throws: `planning.invalid-configuration`, `planning.invalid-population`, `planning.empty-population`;
  ///   `planning.no-steps` when no group gives a batch.
  public init(population: Population, configuration: PlanConfiguration) throws {
    let resolution = try PlanResolution(population: population, configuration: configuration)
    try self.init(resolution, bytes: resolution.encode())
  }

  /// Reads a plan's bytes. Complexity: O(groups).
  /// - Throws: `planning.newer-format`, `planning.unknown-format`; `planning.damaged-plan` for values out of range;
  ///   `core.truncated`, `core.invalid` for bytes that do not follow the layout.
  public init(decoding bytes: [UInt8]) throws {
    try self.init(PlanResolution(decoding: bytes), bytes: bytes)
  }

  private init(_ resolution: PlanResolution, bytes: [UInt8]) throws {
    self.resolution = resolution
    self.bytes = bytes
    hash = XXH3.hash128(bytes)
    layout = try PlanLayout(resolution)
    let configuration = resolution.configuration
    sequence = BatchSequence(layout, order: configuration.order, seed: configuration.seed)
    longest = configuration.longestFirst ? Self.longest(layout) : nil
  }

  private static func longest(_ layout: PlanLayout) -> (unit: Int, firstBatch: UInt64)? {
    var best: (cost: UInt64, entry: Int)?
    for (entry, block) in layout.blocks.enumerated() where block < layout.units.count {
      let unit = layout.units[block]
      let cost = UInt64(unit.longest) * unit.batchSize
      // The lowest group of equally expensive ones, whatever the order of the blocks.
      if let best, (best.cost, -layout.blocks[best.entry]) >= (cost, -block) {
        continue
      }
      best = (cost, entry)
    }
    return best.map { (layout.blocks[$0.entry], layout.batchSums[$0.entry]) }
  }

  /// The plan's bytes, self-contained and the same on every platform: layout in `Schemas/plan.md`.
  public func encode() -> [UInt8] { bytes }

  /// The settings that it was made with, as they are in its bytes.
  public var configuration: PlanConfiguration { resolution.configuration }
  /// The store that the population was read from; another store's readers refuse the plan.
  public var storeID: Digest128 { resolution.storeID }
  /// The name that the snapshot had when the plan was made.
  public var snapshotName: String { resolution.snapshotName }
  /// Content hash of the membership the plan was made for. The store compares it before it turns positions into ids.
  public var populationDigest: Digest128 { resolution.populationDigest }
  /// The population's groups, in ascending id.
  public var groups: [PlanGroup] { resolution.groups }
  /// Rows of the population; positions are below it.
  public var rows: UInt64 { resolution.groups.last.map { $0.offset + $0.size } ?? 0 }
  /// Steps of every epoch, grouped or random.
  public var stepsPerEpoch: UInt64 { layout.batches }
  /// Samples that every epoch gives, repeats included.
  public var samplesPerEpoch: UInt64 { layout.samples }

  /// What an epoch is made of.
  public func kind(ofEpoch epoch: UInt64) -> PlanConfiguration.EpochKind { configuration.kind(ofEpoch: epoch) }

  /// The group that a position belongs to. Complexity: O(log groups).
  public func group(ofPosition position: UInt64) throws -> GroupID { groups[try groupIndex(ofPosition: position)].id }

  /// The index in `groups` of the group that a position belongs to.
  func groupIndex(ofPosition position: UInt64) throws -> Int {
    guard position < rows else {
      throw CohortError(.planningNoSuchPosition, "there is no position \(position) in a snapshot of \(rows) rows")
    }
    var low = 0
    var high = groups.count
    while high - low > 1 {
      let middle = (low + high) / 2
      // Of groups that begin at the same position all but the last are empty.
      if groups[middle].offset <= position { low = middle } else { high = middle }
    }
    return low
  }

  /// The groups that were folded, with the group each was folded into.
  public var folds: [(group: GroupID, into: GroupID)] {
    resolution.leads.enumerated().filter { $0.offset != $0.element }.map {
      (groups[$0.offset].id, groups[$0.element].id)
    }
  }
}

extension Plan: Hashable {
  /// Plans are equal when they are encoded as the same bytes.
  /// - Complexity: O(n) over the bytes.
  public static func == (a: Plan, b: Plan) -> Bool { a.bytes == b.bytes }
  /// Feeds the digest that was taken when the plan was made: O(1).
  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
