public import CohortCore
internal import CohortKernels

/// Labelled vectors that samples are compared with: fixed when their grouping is created. Layout in
/// `Schemas/grouping-state.md`.
public struct AnchorSet: Hashable, Sendable {
  /// Values of a vector.
  public let dimension: Int
  /// Each label once, in the order in which they came: their numbers are those of the groups.
  public let labels: [String]
  /// The label of each anchor, as an index into `labels`.
  public let owners: [Int]
  /// `count * dimension` values, row after row, of length 1.
  public let vectors: [Float]

  /// How many anchors there are: at least 1, and at most 2²⁴.
  public var count: Int { owners.count }

  static let layoutVersion: UInt8 = 1
  static let limit = 1 << 24

  /// Takes labelled vectors and normalises them in Float32.
  /// - Parameters:
  ///   - rows: label and vector of each anchor.
  ///   - place: where row i, from 0, came from, for messages.
  /// - Throws: `clustering.anchor`, naming the place: for another dimension, a value that is not
  ///   finite, a vector of zeros, an empty label, or a vector that the same label has already; and when there are none.
  public init(
    dimension: Int, rows: [(label: String, vector: [Float])],
    place: (Int) -> String = { "anchor \($0 + 1)" }
  ) throws {
    guard !rows.isEmpty else { throw CohortError.anchor("There are no anchors") }
    guard rows.count <= Self.limit else { throw CohortError.anchor("There are more than \(Self.limit) anchors") }
    // By bytes, as everywhere in the store: strings are equal that only look the same.
    var numbers: [[UInt8]: Int] = [:]
    var labels: [String] = []
    var owners: [Int] = []
    var vectors: [Float] = []
    vectors.reserveCapacity(rows.count * dimension)
    var seen: [Digest128: Int] = [:]
    for (row, (label, vector)) in rows.enumerated() {
      guard !label.isEmpty else { throw CohortError.anchor("An anchor has no label", place: place(row)) }
      guard vector.count == dimension else {
        throw CohortError.anchor(
          "An anchor has \(vector.count) values, and the space has \(dimension)", place: place(row),
          hint: "Anchors must come from the model that made the space's vectors")
      }
      var scaled = vector
      var present: UInt8 = 1
      cohort_normalize(COHORT_PATH_BEST, COHORT_SUM_IN_LANES, &scaled, 1, dimension, &present)
      guard present == 1 else {
        throw CohortError.anchor(
          present == 2 ? "An anchor holds a value that is not a finite number" : "An anchor is a vector of zeros",
          place: place(row))
      }
      let bytes = Array(label.utf8)
      let owner = numbers[bytes] ?? labels.count
      if owner == labels.count {
        numbers[bytes] = owner
        labels.append(label)
      }
      let digest = scaled.withUnsafeBytes { XXH3.hash128($0) }
      if let before = seen.updateValue(row, forKey: digest) {
        let other = labels[owners[before]]
        let isOwn = owners[before] == owner
        throw CohortError.anchor(
          "An anchor is the same vector as that of \(place(before))"
            + (isOwn ? "" : ", which has the label \"\(other)\""),
          place: place(row), hint: "Give each vector once")
      }
      owners.append(owner)
      vectors += scaled
    }
    self.dimension = dimension
    self.labels = labels
    self.owners = owners
    self.vectors = vectors
  }

  /// XXH3-128 of the encoded set: what a definition names.
  public var digest: Digest128 { XXH3.hash128(encoded) }

  /// The bytes of `Schemas/grouping-state.md`.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: vectors.count * 4 + count * 3 + 64)
    writer.fixed(Self.layoutVersion)
    writer.varint(dimension)
    writer.varint(labels.count)
    for label in labels { writer.string(label) }
    writer.varint(count)
    for owner in owners { writer.varint(owner) }
    writer.fixed(contentsOf: vectors)
    return writer.bytes
  }

  /// Reads a set back.
  /// - Throws: `clustering.damaged-state` when it is not the one with `digest`; `core.truncated`, `core.invalid`.
  public init(decoding bytes: [UInt8], digest: Digest128) throws {
    guard XXH3.hash128(bytes) == digest else {
      throw CohortError.damagedState("The anchors are not those that the grouping was created with")
    }
    self = try ByteReader.decode(bytes) { try AnchorSet(from: &$0) }
  }

  private init(from reader: inout ByteReader) throws {
    let version = try reader.fixed(UInt8.self)
    guard version == Self.layoutVersion else {
      throw CohortError.invalid("a set of anchors", at: 0, cause: "layout version \(version) is not known")
    }
    let dimension = try reader.varint()
    guard (1...1 << 20).contains(dimension) else { throw CohortError.invalid("a vector dimension", at: reader.offset) }
    self.dimension = Int(dimension)
    var labels: [String] = []
    for _ in 0..<(try reader.count()) { labels.append(try reader.string()) }
    var owners: [Int] = []
    for _ in 0..<(try reader.count()) {
      let owner = try reader.varint()
      guard owner < UInt64(labels.count) else { throw CohortError.invalid("an anchor's label", at: reader.offset) }
      owners.append(Int(owner))
    }
    var vectors: [Float] = []
    vectors.reserveCapacity(min(owners.count * self.dimension, reader.remaining / 4))
    for _ in 0..<(owners.count * self.dimension) { vectors.append(try reader.float()) }
    self.labels = labels
    self.owners = owners
    self.vectors = vectors
  }
}

extension CohortError {
  fileprivate static func anchor(_ message: String, place: String? = nil, hint: String? = nil) -> CohortError {
    CohortError(.clusteringAnchor, message, place: place, hint: hint)
  }
}
