public import CohortCore
public import CohortVectors

/// The state of one grouping: which groups there are, what is known of each, and how many change records made them so.
/// A value without disk, clock or randomness: the same records give the same state, bit for bit, however they arrived,
/// on every machine, and after any number of restarts.
///
/// The driver feeds it the grouping's change records in log order, round by round, and commits each outcome in one
/// transaction:
///
/// ```swift
/// var state = try GroupingState(definition: definition, dimension: 384)   // or init(header:groups:) from the store
/// while case let length = state.roundLength(pending: feed.count), length > 0 {
///   let outcome = try state.applyRound(feed.prefix(length), assignments: table, features: columns)
///   try store.write { transaction in
///     for change in outcome.assignments { … }                             // changed rows only, ascending
///     for group in outcome.touched { put(group, state.encodedGroup(group)) }
///     for record in outcome.closed { put(record.id, record.encoded) }
///     putHeader(state.encodedHeader)                                      // holds `applied` and the digest
///     for event in outcome.events { appendToLog(event) }
///   }
///   feed.removeFirst(length)
/// }
/// for assignment in try state.assignProvisionally(feed, features: columns) { … }   // the short tail
/// ```
///
/// Several rounds may share a transaction if `table` shows what the earlier ones wrote. If a round throws, the state is
/// what it was before.
public struct GroupingState: Sendable {
  /// What the groups are made by; fixed when the grouping is created.
  public let definition: GroupingDefinition
  /// Values of a vector; 0 unless the grouping is by embedding.
  public let dimension: Int
  /// How many change records have been applied: the position in the grouping's feed.
  public private(set) var applied: UInt64 = 0
  /// XXH3-64 of the header and of all open groups' records.
  public private(set) var digest: UInt64 = 0

  /// Which variant of the distance kernels rounds use. Not part of the state: it changes speed only.
  public var kernels = KernelPath.best
  /// How many threads a round of an embedding grouping may use at the same time. Not part of the state: it changes speed
  /// only. With more than one, `AssignmentTable` and `SampleFeatures` are called from several threads.
  public var workers = 1
  /// By which rules the rounds of an embedding grouping are made: those of its last round if this program has them, else
  /// the newest. Only replays and tests set it.
  package var rules = Self.rulesVersion

  private var frontier: UInt64 = 0
  private var nextGroup: UInt32 = 0
  private var engine: any GroupingEngine
  /// Open groups, ascending, with the hash of each one's record.
  private var hashes: [(group: GroupID, hash: UInt64)] = []

  /// A grouping to which nothing has been applied.
  /// - Parameters:
  ///   - dimension: values of a vector, for an embedding grouping.
  ///   - options: choices of an embedding grouping; they become part of its state.
  ///   - anchors: those that the definition names, for a grouping by anchors.
  /// - Throws: `clustering.definition` when the definition asks for something impossible.
  public init(
    definition: GroupingDefinition, dimension: Int = 0, options: EmbeddingOptions = EmbeddingOptions(),
    anchors: AnchorSet? = nil
  ) throws {
    self.definition = definition
    self.dimension = dimension
    engine = try Self.kind(of: definition).makeEngine(
      EngineParts(definition: definition, dimension: dimension, anchors: anchors), options)
    digest = Self.digest(header: header, hashes)
  }

  // MARK: Groups

  /// Open groups, ascending.
  public var groups: [GroupID] { hashes.map(\.group) }

  /// How many groups are open.
  public var groupCount: Int { hashes.count }

  /// What is known of an open group; nil for an id that is not open.
  public func record(of group: GroupID) -> GroupRecord? { engine.record(of: group) }

  /// The bytes of an open group's record, as `GroupRecord(decoding:)` and `init(header:groups:)` read them.
  public func encodedGroup(_ group: GroupID) -> [UInt8]? { engine.record(of: group)?.encoded }

  // MARK: Rounds

  /// How many of the `pending` change records the next round takes: exactly that many must be given to `applyRound`. 0
  /// when they are too few for a round; then they are assigned provisionally.
  public func roundLength(pending: Int) -> Int { engine.roundLength(after: applied, pending: pending, rules) }

  /// The most records that the next round can take.
  public var longestRound: Int { roundLength(pending: .max) }

  /// Applies the next round.
  /// - Parameters:
  ///   - records: the next `roundLength(pending:)` records of the feed.
  ///   - assignments: the assignments as the rounds before left them.
  /// - Throws: `clustering.round-length`; `clustering.record`, `clustering.vector`, `clustering.damaged-state` for
  ///   records, vectors or stored state that make no sense; what `assignments` and `features` throw. The state is then
  ///   unchanged.
  public mutating func applyRound(
    _ records: some Collection<ChangeRecord>, assignments: any AssignmentTable, features: any SampleFeatures
  ) throws -> RoundOutcome {
    guard records.count > 0, roundLength(pending: records.count) == records.count else {
      throw CohortError(
        .clusteringRoundLength, "A round of \(records.count) records does not follow record \(applied)",
        hint: "Give applyRound exactly as many records as roundLength(pending:) says")
    }
    return try advance(by: records.count, assignments, features) { try $0.apply(Array(records), &$1) }
  }

  /// Applies what is pending, however little that is, then does one pass of Lloyd's algorithm over everyone and the swaps
  /// of groups that pay. The error does not rise by the pass; an outcome without changed groups and assignments says that
  /// nothing is left to do.
  ///
  /// The pass belongs to the position where it is made, and its first event is `refined`: the states after it are made
  /// again only by a pass at the same position.
  /// - Parameter records: all records of the feed that are not applied, too few for a round.
  /// - Throws: as `applyRound`; `clustering.not-refinable` unless the grouping is by embedding.
  /// - Complexity: samples x groups distances.
  public mutating func refine(
    _ records: some Collection<ChangeRecord> = [], assignments: any AssignmentTable, features: any SampleFeatures
  ) throws -> RoundOutcome {
    guard roundLength(pending: records.count) == 0 else {
      throw CohortError(
        .clusteringRoundLength, "\(records.count) records after record \(applied) are a round and no tail",
        hint: "Apply all complete rounds before a pass")
    }
    return try advance(by: records.count, assignments, features) { try $0.refine(Array(records), &$1) }
  }

  /// Changes a copy, so that what throws leaves the state as it was.
  private mutating func advance(
    by count: Int, _ assignments: any AssignmentTable, _ features: any SampleFeatures,
    _ body: (inout any GroupingEngine, inout RoundContext) throws -> Void
  ) throws -> RoundOutcome {
    var next = self
    var context = RoundContext(
      start: applied, end: applied + UInt64(count), frontier: frontier, nextGroup: nextGroup,
      table: assignments, features: features, path: kernels.code, workers: workers, rules: rules)
    try body(&next.engine, &context)
    try context.finish()
    let outcome = next.finish(context)
    self = next
    return outcome
  }

  private mutating func finish(_ finished: RoundContext) -> RoundOutcome {
    var context = finished
    applied = context.outcome.position
    frontier = context.frontier
    nextGroup = context.nextGroup
    rehash(context.outcome)
    digest = Self.digest(header: header, hashes)
    context.outcome.digest = digest
    return context.outcome
  }

  /// The groups that the inserted samples among `records` would go to now: for the tail that is too short for a round.
  /// Changes nothing. The distances are negated (see `Assignment`). A sample that the tail both inserts and deletes comes
  /// back unassigned; one that was applied before and is deleted by the tail keeps its assignment until its round.
  /// - Parameter assignments: given when `records` are only the end of the tail and its beginning has been assigned by
  ///   this state already: what they delete of that comes back unassigned, too.
  public func assignProvisionally(
    _ records: some Collection<ChangeRecord>, after assignments: (any AssignmentTable)? = nil,
    features: any SampleFeatures
  ) throws -> [Assignment] {
    let found = try engine.assignProvisionally(
      Array(records), features: features, path: kernels.code, workers: workers)
    guard let assignments else { return found }
    let known = Set(found.map(\.sample))
    let gone = try records.filter {
      guard $0.change == .deleted, !known.contains($0.sample), $0.sample.rawValue < assignments.sampleCount else {
        return false
      }
      return try assignments.assignment(of: $0.sample).isProvisional
    }
    return found + gone.map { Assignment(sample: $0.sample, group: .unassigned, distance: -0.0) }
  }

  /// Whether the rounds are made by rules whose version they note.
  public var notesRules: Bool { engine.notesRules }

  /// Mean squared distance of all members to their groups' published centroids, without reading them: the objective of
  /// k-means. Nil unless the grouping is by embedding and has members.
  /// - Complexity: O(groups x dimension).
  public var meanSquaredDistance: Double? { engine.meanError(kernels.code) }

  /// Checks a few assignments against the groups (see `audit`).
  func check(
    _ samples: [(sample: UInt64, group: UInt32, distance: Float)], _ features: any SampleFeatures,
    _ audit: inout GroupingAudit
  ) throws {
    try engine.check(samples, features: features, path: kernels.code, workers: workers, &audit)
  }

  // MARK: Digest and stored form

  private mutating func rehash(_ outcome: RoundOutcome) {
    if !outcome.closed.isEmpty {
      let gone = Set(outcome.closed.map(\.id))
      hashes.removeAll { gone.contains($0.group) }
    }
    for group in outcome.touched {
      guard let record = engine.record(of: group) else { continue }
      let hash = XXH3.hash64(record.encoded)
      var low = 0
      var high = hashes.count
      while low < high {
        let middle = (low + high) / 2
        if hashes[middle].group < group { low = middle + 1 } else { high = middle }
      }
      if low < hashes.count, hashes[low].group == group {
        hashes[low].hash = hash
      } else {
        hashes.insert((group, hash), at: low)
      }
    }
  }

  static let layoutVersion: UInt8 = 1

  private var header: ByteWriter {
    var writer = ByteWriter(capacity: 128)
    writer.fixed(Self.layoutVersion)
    definition.encode(into: &writer)
    writer.varint(dimension)
    writer.fixed(applied)
    writer.fixed(frontier)
    writer.fixed(nextGroup)
    writer.fixed(UInt32(hashes.count))
    var part = ByteWriter()
    engine.encodeHeader(into: &part)
    writer.blob(part.bytes)
    return writer
  }

  private static func digest(header: ByteWriter, _ hashes: [(group: GroupID, hash: UInt64)]) -> UInt64 {
    var writer = header
    for (group, hash) in hashes {
      writer.fixed(group.rawValue)
      writer.fixed(hash)
    }
    return XXH3.hash64(writer.bytes)
  }

  /// Everything of the state that is not in the groups' records. Layout in `Schemas/grouping-state.md`.
  public var encodedHeader: [UInt8] {
    var writer = header
    writer.fixed(digest)
    return writer.bytes
  }

  /// The state that was stored.
  /// - Parameters:
  ///   - groups: the records of all groups, in any order; closed ones are passed over.
  ///   - anchors: those that the grouping was created with, if it is one by anchors.
  /// - Throws: `core.truncated`, `core.invalid`; `clustering.damaged-state` when header and groups do not belong
  ///   together (the digest is computed again and compared).
  public init(
    header bytes: [UInt8], groups records: some Sequence<GroupRecord>, anchors: AnchorSet? = nil
  ) throws {
    var reader = bytes.count >= 8 ? [UInt8](bytes.dropLast(8)) : bytes
    let fields = try ByteReader.decode(reader) { reader in try StoredHeader(from: &reader) }
    reader = bytes.count >= 8 ? [UInt8](bytes.suffix(8)) : []
    let expected = try ByteReader.decode(reader) { try $0.fixed(UInt64.self) }
    let open = records.filter { $0.lineage.closed == nil }.sorted { $0.id < $1.id }
    definition = fields.definition
    dimension = fields.dimension
    applied = fields.applied
    frontier = fields.frontier
    nextGroup = fields.nextGroup
    engine = try ByteReader.decode(fields.part) {
      try Self.kind(of: fields.definition).restoreEngine(
        EngineParts(definition: fields.definition, dimension: fields.dimension, anchors: anchors), header: &$0, open)
    }
    if Self.knownRules.contains(engine.rules) { rules = engine.rules }
    hashes = open.map { ($0.id, XXH3.hash64($0.encoded)) }
    digest = Self.digest(header: header, hashes)
    guard open.count == fields.open, open.allSatisfy({ $0.id.rawValue < nextGroup }), digest == expected else {
      throw CohortError.damagedState("The groups do not belong to the grouping's header")
    }
  }

  private static func kind(of definition: GroupingDefinition) throws -> any ClusteredKind {
    guard let kind = definition.criterion as? any ClusteredKind else {
      throw CohortError.definition("A product has no rounds of its own", hint: "Compute it from its factors")
    }
    return kind
  }
}

/// The fields of an encoded header, before the engine's part is understood.
struct StoredHeader {
  var definition: GroupingDefinition
  var dimension: Int
  var applied: UInt64
  var frontier: UInt64
  var nextGroup: UInt32
  var open: Int
  var part: [UInt8]

  init(from reader: inout ByteReader) throws {
    let version = try reader.fixed(UInt8.self)
    guard version == GroupingState.layoutVersion else {
      throw CohortError.invalid("a grouping's header", at: 0, cause: "layout version \(version) is not known")
    }
    definition = try GroupingDefinition(from: &reader)
    let dimension = try reader.varint()
    guard dimension <= 1 << 20 else { throw CohortError.invalid("a vector dimension", at: reader.offset) }
    self.dimension = Int(dimension)
    applied = try reader.fixed()
    frontier = try reader.fixed()
    nextGroup = try reader.fixed()
    open = Int(try reader.fixed(UInt32.self))
    part = [UInt8](try reader.blob())
  }
}
