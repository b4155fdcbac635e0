public import CohortCore

/// Where vectors come from and how they are kept: vectors of two spaces never mix.
public struct EmbeddingSpace: Hashable, Sendable, NamedRecord {
  static let kind = NameKind.space
  static let dimensions = 1...65_536
  /// Given by the store when the space is created; never given again.
  public var id: SpaceID
  /// Given by the user; unique among the store's spaces, and free again once the space is dropped.
  public var name: String
  /// Who makes the vectors, for example `npy` for vectors given by the user.
  public var provider: String
  /// What exactly made them: another model is another space.
  public var fingerprint: String
  /// Values in one vector: 1 to 65,536.
  public var dimension: Int
  /// How an element is stored: `float16` or `float32`.
  public var element: ElementType
  /// How the store makes the vectors itself.
  public var recipe = EmbeddingRecipe()
  /// Number of the vector column; that of `states` is the next one.
  var columnNumber: UInt32
  /// The state column has a row for each sample before this one.
  var rows: UInt64 = 0
  /// The chunks of the vector column that were written.
  var chunks: [Range<UInt64>] = []

  var number: UInt32 { id.rawValue }

  /// L2-normalised vectors, one row a sample.
  public var vectors: Column { .vectors(columnNumber, element, dimension: dimension, extent: .chunks(chunks)) }

  /// One byte a sample, see `VectorState`.
  public var states: Column { .scalar(columnNumber + 1, .uint8, extent: .rows(rows)) }
}

extension EmbeddingSpace {
  init(from reader: inout ByteReader) throws {
    id = SpaceID(try reader.fixed())
    name = try reader.string()
    provider = try reader.string()
    fingerprint = try reader.string()
    dimension = Int(try reader.fixed(UInt32.self))
    guard Self.dimensions.contains(dimension) else {
      throw CohortError.invalid("the dimension", at: reader.offset - 4, cause: "\(dimension) is not possible")
    }
    guard let element = ElementType(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the element type", at: reader.offset - 1)
    }
    self.element = element
    columnNumber = try reader.fixed()
    rows = try reader.varint()
    for range in try reader.ranges() { chunks.append(range.first.rawValue..<(range.first.rawValue + range.count)) }
    recipe = try EmbeddingRecipe(from: &reader)
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    writer.string(provider)
    writer.string(fingerprint)
    writer.fixed(UInt32(dimension))
    writer.fixed(element.rawValue)
    writer.fixed(columnNumber)
    writer.varint(rows)
    writer.ranges(chunks.map { IDRange(first: SampleID($0.lowerBound), count: $0.upperBound - $0.lowerBound) })
    recipe.encode(into: &writer)
  }
}

extension WriteTransaction {
  /// Adds an embedding space.
  /// - Throws: `store.name`; `store.embedding-space-exists`; `store.dimension` for dimensions beyond 1 to 65,536.
  public func createSpace(
    name: String, provider: String, fingerprint: String, dimension: Int, element: ElementType = .float16,
    recipe: EmbeddingRecipe = EmbeddingRecipe()
  ) throws -> EmbeddingSpace {
    try NameRule.check(name, of: "space")
    guard try reading.space(named: name) == nil else { throw CohortError.exists("embedding-space", name) }
    guard EmbeddingSpace.dimensions.contains(dimension) else {
      throw CohortError(
        .storeDimension, "An embedding space cannot have \(dimension) dimensions", hint: "1 to 65,536 are possible")
    }
    let space = EmbeddingSpace(
      id: SpaceID(state.counters.nextSpace), name: name, provider: provider, fingerprint: fingerprint,
      dimension: dimension, element: element, recipe: recipe, columnNumber: state.counters.nextColumn)
    if recipe != EmbeddingRecipe() { try require(StoreFormat.recipes) }
    state.counters.nextSpace += 1
    state.counters.nextColumn += 2
    try put(space)
    try log(
      LogEvent.SpaceCreated(
        id: space.id, name: name, provider: provider, fingerprint: fingerprint, dimension: UInt32(dimension),
        element: element, recipe: recipe))
    return space
  }

  /// Stores vectors. Samples that have one in this space already, or are deleted, are left alone.
  /// - Parameters:
  ///   - ids: the samples, in the order in which the groupings shall see them.
  ///   - rows: their vectors in the space's element type, packed, L2-normalised: `ids.count * dimension` elements.
  ///   - without: samples that were looked at and have no usable vector.
  ///   - refused: samples whose text the encoder refuses.
  /// - Returns: what became of them: another job may have been there before.
  public func embed(
    _ ids: [SampleID], rows: UnsafeRawBufferPointer, without: [SampleID] = [], refused: [RefusedSample] = [],
    in space: EmbeddingSpace
  ) throws -> EmbedOutcome {
    guard var record = try reading.space(space.id) else {
      throw CohortError.unknown("embedding-space", space.name, known: try reading.spaces().map(\.name))
    }
    let width = record.vectors.rowWidth
    precondition(rows.count == ids.count * width, "rows of another dimension")
    let known = (ids + without + refused.map(\.id)).filter { $0.rawValue < state.counters.nextSample }
    let end = max(record.rows, known.reduce(0) { max($0, $1.rawValue + 1) })
    try columns.extend(record.states, from: record.rows, to: end)
    record.rows = end
    let (vectors, states) = (record.vectors, record.states)
    var event = LogEvent.Embed(space: space.id, ranges: [], without: [])
    var stored: [SampleID] = []
    for (index, id) in ids.enumerated() where try lacksVector(id, states) {
      let vector = UnsafeRawBufferPointer(rebasing: rows[(index * width)..<((index + 1) * width)])
      try columns.set(vectors, row: id.rawValue, vector)
      try columns.set(states, row: id.rawValue, VectorState.present.rawValue)
      stored.append(id)
    }
    event.ranges = IDRange.runs(stored)
    var missing: [SampleID] = []
    for id in without where try lacksVector(id, states) {
      try columns.set(states, row: id.rawValue, VectorState.none.rawValue)
      missing.append(id)
    }
    event.without = IDRange.runs(missing)
    for sample in refused where try lacksVector(sample.id, states) {
      try columns.set(states, row: sample.id.rawValue, VectorState.refused.rawValue)
      event.refused.append(sample)
    }
    var last: UInt64?
    for id in stored where id.rawValue / UInt64(vectors.rowsPerChunk) != last {
      last = id.rawValue / UInt64(vectors.rowsPerChunk)
      _ = last.map { ColumnExtent.add($0, to: &record.chunks) }
    }
    if record != space { try put(record) }
    if !event.refused.isEmpty { try require(StoreFormat.recipes) }
    if !stored.isEmpty || !missing.isEmpty || !event.refused.isEmpty { try log(event) }
    return EmbedOutcome(stored: stored.count, without: missing.count, refused: event.refused.count)
  }

  /// Whether a sample is there and its vector still to come: pending, or refused before.
  private func lacksVector(_ id: SampleID, _ states: Column) throws -> Bool {
    guard id.rawValue < state.counters.nextSample else { return false }
    let known = try columns.uint8(states, row: id.rawValue)
    return try (known == VectorState.pending.rawValue || known == VectorState.refused.rawValue)
      && columns.uint8(Column.tombstone, row: id.rawValue) == 0
  }
}

/// What became of vectors that were to be stored.
public struct EmbedOutcome: Hashable, Sendable {
  /// Vectors that are stored now.
  public var stored: Int
  /// Samples that are known now to have no usable vector.
  public var without: Int
  /// Samples that are known now to be refused, those that were refused before included.
  public var refused: Int
}

/// The number of an embedding space in its store.
public struct SpaceID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}
