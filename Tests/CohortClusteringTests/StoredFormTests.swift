import CohortClustering
import CohortCore
import Testing

/// Holds code and `Schemas/grouping-state.md` together.
struct StoredFormTests {
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The field with the version of the rules.
  static var rules: String {
    "02" + hexadecimal(withUnsafeBytes(of: GroupingState.rulesVersion.littleEndian) { [UInt8]($0) })
  }

  @Test func theBytesOfEventsAreThoseOfTheDocument() throws {
    let event = GroupEvent(
      .split, position: 0x0102, parent: GroupID(3), child: GroupID(4), count: 5, gain: 1.5)
    var writer = ByteWriter()
    event.encode(into: &writer)
    #expect(writer.count == GroupEvent.encodedSize)
    #expect(
      Self.hexadecimal(writer.bytes) == "01010201000000000000030000000400000005000000000000000000000000" + "00f83f")
    #expect(try ByteReader.decode(writer.bytes) { try GroupEvent(from: &$0) } == event)
  }

  @Test func theBytesOfLabelGroupsAreThoseOfTheDocument() throws {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    try driver.insertLabels(["ab", "ab"])
    let bytes = try #require(driver.state.encodedGroup(GroupID(0)))
    #expect(
      Self.hexadecimal(bytes)
        == "0100" + "00000000" + "0100000000000000" + "ffffffff" + "0000000000000000" + "ffffffff"
        + "0200000000000000" + "00" + "026162" + "00")
    #expect(try GroupRecord(decoding: bytes) == driver.state.record(of: GroupID(0)))
  }

  @Test func theBytesOfHeadersAreThoseOfTheDocument() throws {
    var driver = try Driver(GroupingDefinition(criterion: .length(.response, .given([16, 64]))))
    try driver.insertLengths([20, 5])
    #expect(
      Self.hexadecimal(driver.state.encodedHeader.dropLast(8))
        == "01" + "020100021040" + "00" + "00" + "0200000000000000" + "0200000000000000" + "02000000" + "02000000"
        + "19" + "02" + "1000000000000000" + "4000000000000000" + "0000000000000000")
    #expect(driver.state.digest == driver.state.encodedHeader.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  @Test func theBytesOfEmbeddingGroupsAreThoseOfTheDocument() throws {
    var driver = try Driver.embedding(
      .groups(4), dimension: 2, options: EmbeddingOptions(repairRange: 64, isGuarded: false))
    try driver.insertVectors([[3, 4]])
    let bytes = try #require(driver.state.encodedGroup(GroupID(0)))
    #expect(
      Self.hexadecimal(bytes)
        == "0100" + "00000000" + "0100000000000000" + "ffffffff" + "0000000000000000" + "ffffffff"
        + "0100000000000000" + "02" + "02" + "9a99193f" + "cdcc4c3f" + "01" + "ffffffffffffffff" + "0000000000000000"
        + "02" + "009a999900000000" + "00cdcccc00000000")
    #expect(try GroupRecord(decoding: bytes) == driver.state.record(of: GroupID(0)))
    #expect(
      Self.hexadecimal(driver.state.encodedHeader.dropLast(8))
        == "01" + "030474657374" + "0104" + "02" + "0100000000000000" + "0100000000000000" + "01000000" + "01000000"
        + "09" + "40000000" + Self.rules)
    #expect(
      try EmbeddingHeader(in: driver.state.encodedHeader)?.options
        == EmbeddingOptions(repairRange: 64, isGuarded: false))
  }

  @Test func theBytesOfGuardedHeadersAreThoseOfTheDocument() throws {
    var driver = try Driver.embedding(.groups(4), dimension: 2)
    try driver.insertVectors([[3, 4]])
    #expect(
      Self.hexadecimal(driver.state.encodedHeader.dropLast(8))
        == "01" + "030474657374" + "0104" + "02" + "0100000000000000" + "0100000000000000" + "01000000" + "01000000"
        + "1a" + "ffffffff" + "01" + "0000000000000000" + "0000000000000000" + Self.rules)
    let header = try #require(try EmbeddingHeader(in: driver.state.encodedHeader))
    #expect(header.options == EmbeddingOptions() && header.options.isGuarded && header.lastGuard == nil)
    let tasks = try Driver(GroupingDefinition(criterion: .task))
    #expect(try EmbeddingHeader(in: tasks.state.encodedHeader) == nil)
  }

  @Test func everyDamageIsNoticed() throws {
    var driver = try Driver(GroupingDefinition(criterion: .length(.response, .quantiles(3))))
    try driver.insertLengths((0..<40).map { $0 * $0 % 17 })
    #expect(try driver.store.restored().digest == driver.state.digest)
    for at in driver.store.header.indices {
      var damaged = driver.store
      damaged.header[at] ^= 0x10
      #expect(throws: (any Error).self, "header byte \(at)") { try damaged.restored() }
    }
    for (group, bytes) in driver.store.records {
      for at in bytes.indices {
        var damaged = driver.store
        damaged.records[group]?[at] ^= 0x04
        #expect(throws: (any Error).self, "group \(group), byte \(at)") { try damaged.restored() }
      }
    }
    var missing = driver.store
    missing.records[GroupID(0)] = nil
    #expect(throws: CohortError.self) { try missing.restored() }
  }

  @Test func truncatedBytesAreErrors() throws {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    try driver.insertLabels(["ab"])
    let bytes = try #require(driver.state.encodedGroup(GroupID(0)))
    for count in 0..<bytes.count {
      #expect(throws: (any Error).self) { try GroupRecord(decoding: Array(bytes[..<count])) }
    }
    for count in 0..<driver.store.header.count {
      var damaged = driver.store
      damaged.header = Array(damaged.header[..<count])
      #expect(throws: (any Error).self) { try damaged.restored() }
    }
  }
}
