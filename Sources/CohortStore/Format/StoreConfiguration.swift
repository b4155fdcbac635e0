public import CohortCore

/// Where two samples with the same content count as duplicates.
public enum DedupeScope: UInt8, CaseIterable, Sendable {
  /// Within the same source (the default): ingesting a file twice adds nothing.
  case source = 0
  /// Within the whole store.
  case store = 1
  /// Never.
  case none = 2

  /// The word used on the command line.
  public var name: String {
    switch self {
    case .source: "source"
    case .store: "store"
    case .none: "none"
    }
  }

  /// The scope of a word of the command line; nil for any other word.
  public init?(name: String) {
    guard let scope = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = scope
  }
}

/// What is fixed when a store is created.
public struct StoreConfiguration: Hashable, Sendable {
  /// What lengths count.
  public var lengthUnit: LengthUnit
  /// The input field that gives the response length, when `lengthUnit` is `field`.
  public var lengthField: String?
  /// Default scope of duplicates; one call may choose another.
  public var dedupe: DedupeScope
  /// Whether the store makes vectors by itself when it needs some; otherwise they are given, or there are none.
  public var makesVectors: Bool
  /// XXH3-128 of the tokenizer's file, when `lengthUnit` is `tokens`.
  public var tokenizer: Digest128?

  public init(
    lengthUnit: LengthUnit = .characters, lengthField: String? = nil, dedupe: DedupeScope = .source,
    makesVectors: Bool = true, tokenizer: Digest128? = nil
  ) {
    self.lengthUnit = lengthUnit
    self.lengthField = lengthField
    self.dedupe = dedupe
    self.makesVectors = makesVectors
    self.tokenizer = tokenizer
  }

  /// Whether it has what format 1 did not have at first.
  var isExtended: Bool { !makesVectors || lengthUnit == .tokens }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(lengthUnit.rawValue)
    writer.optional(lengthField)
    writer.fixed(dedupe.rawValue)
    guard isExtended else { return }
    writer.fixed(UInt8(makesVectors ? 1 : 0))
    if lengthUnit == .tokens { writer.digest(tokenizer ?? Digest128(high: 0, low: 0)) }
  }

  init(from reader: inout ByteReader) throws {
    guard let unit = LengthUnit(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the length unit", at: reader.offset - 1)
    }
    lengthUnit = unit
    lengthField = try reader.optionalString()
    guard let scope = DedupeScope(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the dedupe scope", at: reader.offset - 1)
    }
    dedupe = scope
    makesVectors = true
    guard reader.remaining > 0 else { return }
    let flag: UInt8 = try reader.fixed()
    guard flag < 2 else { throw CohortError.invalid("whether the store makes vectors", at: reader.offset - 1) }
    makesVectors = flag == 1
    if lengthUnit == .tokens { tokenizer = try reader.digest() }
  }
}

/// The value of `meta["store"]`: who the store is.
struct StoreIdentity {
  static let key = [UInt8]("store".utf8)
  private static let place = SealPlace(.meta, key)

  var id: Digest128
  /// Milliseconds since 1970, UTC.
  var created: Int64
  var configuration: StoreConfiguration

  func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.fixed(id.high)
    writer.fixed(id.low)
    writer.fixed(created)
    configuration.encode(into: &writer)
    return Sealed.seal(writer.bytes, Self.place)
  }
}

extension StoreIdentity {
  init(_ bytes: UnsafeRawBufferPointer) throws {
    self = try Sealed.decode(bytes, Self.place, "The store's identity record") { reader in
      let id = Digest128(high: try reader.fixed(), low: try reader.fixed())
      return StoreIdentity(
        id: id, created: try reader.fixed(), configuration: try StoreConfiguration(from: &reader))
    }
  }
}
