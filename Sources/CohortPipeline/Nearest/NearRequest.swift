public import CohortCore
internal import CohortIngestion

/// What a nearest query is about.
public struct NearRequest: Sendable {
  /// What samples are to be near to.
  public enum Query: Hashable, Sendable {
    /// The vector of a sample, which is never among what is found.
    case sample(SampleID)
    /// A text, for the space's encoder.
    case text(String)
    /// A vector of the space's dimension and of any length.
    case vector([Float])
  }

  /// What samples are to be near to.
  public var query: Query
  /// How many samples are wanted.
  public var count: Int
  /// The embedding space; nil for the store's default.
  public var space: String?
  /// Read all vectors, however many there are.
  public var isExact: Bool
  /// Look only at the nearest groups of this grouping by embedding. Nil to leave the choice to `NearJob`.
  public var grouping: String?
  /// Which samples are meant; then all of them are read.
  public var filter: SampleFilter
  /// Also look at all, and tell how much of what is nearest was found by groups.
  public var isChecked: Bool

  public init(
    _ query: Query, count: Int = 10, space: String? = nil, isExact: Bool = false, grouping: String? = nil,
    filter: SampleFilter = SampleFilter(), isChecked: Bool = false
  ) {
    self.query = query
    self.count = count
    self.space = space
    self.isExact = isExact
    self.grouping = grouping
    self.filter = filter
    self.isChecked = isChecked
  }

  /// The one vector of a `.npy` file, of shape `(dimension,)` or `(1, dimension)`.
  /// - Throws: `ingestion.…` for a file that cannot be read or is no such array; `pipeline.rows` for one of several vectors.
  public static func vector(inFile path: String) throws -> Query {
    let reader = try NPYReader(path: path, isOneVector: true)
    guard reader.count == 1 else {
      throw CohortError(
        .pipelineRows, "The file holds \(reader.count) vectors, and one is asked about", place: path,
        hint: "Write one: numpy.save(path, array[i])")
    }
    return try reader.withRows(0..<1) { values, _ in .vector(Array(values)) }
  }
}

/// What is nearest, and how it was found.
public struct NearAnswer: Sendable {
  /// A sample, and 1 - cosine of its vector and the one that was asked about.
  public struct Neighbour: Hashable, Sendable {
    public var id: SampleID
    public var distance: Double
  }

  /// Nearest first, equally near ones by their ids.
  public var nearest: [Neighbour]
  /// The name of the embedding space.
  public var space: String
  /// Whether all vectors of the samples that were meant were looked at.
  public var isExact: Bool
  /// The grouping whose groups told where to look; nil if all were read.
  public var grouping: String?
  /// How many of its groups were looked at.
  public var groups: Int?
  /// Vectors that were read.
  public var read: Int
  /// Of samples that are in a group, or all where no grouping was asked.
  public var vectors: Int
  /// The share of what is nearest that was found; nil unless asked for.
  public var recall: Double?
}
