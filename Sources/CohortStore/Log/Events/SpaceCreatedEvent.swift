internal import CohortCore

extension LogEvent {
  /// An embedding space was added; its vectors come with `Embed`.
  public struct SpaceCreated: LogEventKind {
    public static let kind = LogKind(14, "space-created")
    /// Never given to another space.
    public var id: SpaceID
    /// Unique among the spaces at that time.
    public var name: String
    /// Who makes the vectors, for example `npy` for vectors given by the user.
    public var provider: String
    /// What exactly makes them: another model is another space.
    public var fingerprint: String
    /// Values in one vector: 1 to 65,536.
    public var dimension: UInt32
    /// How the space stores an element.
    public var element: ElementType
    /// How the store makes the vectors itself; the default recipe for vectors that are given.
    public var recipe = EmbeddingRecipe()

    public var fields: [LogField] {
      [
        .id("space", id.rawValue, in: .summary), .text("name", name), .text("provider", provider, in: .listing),
        .count("dimension", dimension), .text("fingerprint", fingerprint, in: .listing),
        .text("text", recipe.text.name, in: .listing),
      ]
    }
  }
}

extension LogEvent.SpaceCreated {
  init(from reader: inout ByteReader) throws {
    id = SpaceID(try reader.fixed())
    (name, provider, fingerprint) = (try reader.string(), try reader.string(), try reader.string())
    dimension = try reader.fixed()
    guard let element = ElementType(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the element type", at: reader.offset - 1)
    }
    self.element = element
    recipe = try EmbeddingRecipe(from: &reader)
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(id.rawValue)
    writer.string(name)
    writer.string(provider)
    writer.string(fingerprint)
    writer.fixed(dimension)
    writer.fixed(element.rawValue)
    recipe.encode(into: &writer)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) { history.spaces.insert(id) }
}
