import CohortCore
import Testing

@Suite struct GroupCodingTests {
  static let geometries: [(GroupGeometry, [UInt8])] = [
    (.label("é"), [0, 2, 0xc3, 0xa9]), (.label(""), [0, 0]),
    (.interval(lower: 1, upper: .max), [1, 1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 8)),
    (.centroid([]), [2, 0]), (.centroid([1, -2]), [2, 2, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]),
  ]

  static let definitions: [(GroupingDefinition, [UInt8])] = [
    (GroupingDefinition(criterion: .task), [0, 0]),
    (
      GroupingDefinition(criterion: .attribute("key"), granularity: .groups(300)), [1, 3, 0x6b, 0x65, 0x79, 1, 0xac, 2]
    ),
    (
      GroupingDefinition(criterion: .length(.prompt, .given([16, 64])), granularity: .automatic),
      [2, 0, 0, 2, 16, 64, 0]
    ),
    (GroupingDefinition(criterion: .length(.response, .equalWidth(8))), [2, 1, 1, 8, 0]),
    (GroupingDefinition(criterion: .length(.total, .quantiles(9))), [2, 2, 2, 9, 0]),
    (
      GroupingDefinition(criterion: .length(.prompt, .quantiles(9), measure: "llama"), granularity: .groupSize(5)),
      [6, 5, 0x6c, 0x6c, 0x61, 0x6d, 0x61, 0, 2, 9, 2, 5]
    ),
    (GroupingDefinition(criterion: .embedding(space: "e"), granularity: .groupSize(1)), [3, 1, 0x65, 2, 1]),
    (
      GroupingDefinition(criterion: .embedding(space: "e"), granularity: .groups(7), isBalanced: true),
      [3, 1, 0x65, 3, 1, 7]
    ),
    (
      GroupingDefinition(
        criterion: .anchors(.init(space: "e", votes: 200, leakage: 0.5, set: Digest128(high: 1, low: 2)))),
      [4, 1, 0x65, 0xc8, 1, 0, 0, 0, 0x3f, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    ),
    (GroupingDefinition(criterion: .product("a", "bc", minimum: 32)), [5, 1, 0x61, 2, 0x62, 0x63, 32, 0]),
  ]

  @Test(arguments: geometries)
  func bytesOfGeometriesNeverChange(geometry: GroupGeometry, bytes: [UInt8]) throws {
    var writer = ByteWriter()
    geometry.encode(into: &writer)
    #expect(writer.bytes == bytes)
    #expect(try ByteReader.decode(bytes) { try GroupGeometry(from: &$0) } == geometry)
    for length in 0..<bytes.count {
      #expect(throws: CohortError.self, "\(length) bytes") {
        try ByteReader.decode(Array(bytes.prefix(length))) { try GroupGeometry(from: &$0) }
      }
    }
  }

  @Test(arguments: definitions)
  func bytesOfDefinitionsNeverChange(definition: GroupingDefinition, bytes: [UInt8]) throws {
    var writer = ByteWriter()
    definition.encode(into: &writer)
    #expect(writer.bytes == bytes)
    #expect(try ByteReader.decode(bytes) { try GroupingDefinition(from: &$0) } == definition)
    for length in 0..<bytes.count {
      #expect(throws: CohortError.self, "\(length) bytes") {
        try ByteReader.decode(Array(bytes.prefix(length))) { try GroupingDefinition(from: &$0) }
      }
    }
  }

  /// Bits of a centroid survive, also those of values that are not finite.
  @Test func centroidsKeepTheirBits() throws {
    for seed in 0..<50 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let values = (0..<Int.random(in: 0...100, using: &random)).map { _ in
        Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      }
      var writer = ByteWriter()
      GroupGeometry.centroid(values).encode(into: &writer)
      guard case .centroid(let read) = try ByteReader.decode(writer.bytes, { try GroupGeometry(from: &$0) }) else {
        Issue.record("seed \(seed): no centroid")
        continue
      }
      #expect(read.map(\.bitPattern) == values.map(\.bitPattern), "seed \(seed)")
    }
  }

  @Test func unknownTagsAreRefused() {
    for tag in 3...255 as ClosedRange<UInt8> {
      let error = #expect(throws: CohortError.self) {
        try ByteReader.decode([tag, 0]) { try GroupGeometry(from: &$0) }
      }
      #expect(error?.code.name == "core.invalid" && error?.cause == "tag \(tag)")
    }
    // Criterion, part that is measured, edges, granularity.
    let wrong: [[UInt8]] = [
      [7, 0], [255, 0], [2, 3, 0, 0, 0], [6, 0, 3, 0, 0], [2, 0, 3, 0, 0], [0, 4], [0, 255], [0, 3, 3],
    ]
    for bytes in wrong {
      let error = #expect(throws: CohortError.self) {
        try ByteReader.decode(bytes) { try GroupingDefinition(from: &$0) }
      }
      #expect(error?.code.name == "core.invalid", "\(bytes)")
    }
  }

  /// Sizes are kept below 2³¹, so that no arithmetic on them can overflow.
  @Test func sizesBeyond31BitsAreRefused() throws {
    let most: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x07]
    let definition = try ByteReader.decode([0, 1] + most) { try GroupingDefinition(from: &$0) }
    #expect(definition.granularity == .groups(Int(Int32.max)))
    let more: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x08]
    for bytes in [[0, 1] + more, [0, 2] + more, [2, 0, 1] + more + [0], [2, 0, 2] + more + [0]] as [[UInt8]] {
      let error = #expect(throws: CohortError.self) {
        try ByteReader.decode(bytes) { try GroupingDefinition(from: &$0) }
      }
      #expect(error?.code.name == "core.invalid", "\(bytes)")
    }
    // Lists that promise more than is there.
    #expect(throws: CohortError.self) { try ByteReader.decode([2] + most) { try GroupGeometry(from: &$0) } }
    #expect(throws: CohortError.self) {
      try ByteReader.decode([2, 0, 0] + most) { try GroupingDefinition(from: &$0) }
    }
  }

  @Test func damageNeverTraps() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let all = Self.geometries.map(\.1) + Self.definitions.map(\.1)
      var bytes = all[Int.random(in: 0..<all.count, using: &random)]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(truncatingIfNeeded: random.next())
      }
      for attempt in [
        { _ = try ByteReader.decode(bytes) { try GroupGeometry(from: &$0) } },
        { _ = try ByteReader.decode(bytes) { try GroupingDefinition(from: &$0) } },
      ] as [() throws -> Void] {
        do { try attempt() } catch { #expect((error as? CohortError)?.isFormat == true, "seed \(seed)") }
      }
    }
  }
}
