import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct NPYReaderTests {
  static let values: [Float] = [1, -2, 0.5, 0, 65504, -0.25]

  @Test(arguments: ["<f2", "<f4", "<f8"], [1, 2, 3] as [UInt8])
  func everyTypeIsRead(type: String, version: UInt8) throws {
    let data: [UInt8]
    switch type {
    case "<f2": data = NPYFile.data([0x3c00, 0xc000, 0x3800, 0x0000, 0x7bff, 0xb400] as [UInt16])
    case "<f4": data = NPYFile.data(Self.values.map(\.bitPattern))
    default: data = NPYFile.data(Self.values.map { Double($0).bitPattern })
    }
    let folder = try TemporaryFolder()
    let path = try folder.write("v.npy", NPYFile.bytes(NPYFile.header(type, "(3, 2)"), data, version: version))
    let reader = try NPYReader(path: path, expectedDimension: 2)
    #expect(reader.count == 3 && reader.dimension == 2)
    try reader.withRows(0..<3) { rows, notFinite in
      #expect(Array(rows) == Self.values)
      #expect(notFinite.isEmpty)
    }
    try reader.withRows(1..<2) { rows, _ in #expect(Array(rows) == [0.5, 0]) }
    try reader.withRows(3..<3) { rows, _ in #expect(rows.isEmpty) }
    let error = try failure { try reader.withRows(2..<4) { _, _ in } }
    #expect(error.code.name == "ingestion.too-few-vectors")
  }

  @Test func rowsThatAreNotFiniteAreFlagged() throws {
    let folder = try TemporaryFolder()
    let rows: [[Float]] = [[1, 2], [.nan, 0], [3, 4], [0, -.infinity], [.greatestFiniteMagnitude, 1]]
    let data = NPYFile.data(rows.flatMap { $0.map(\.bitPattern) })
    let reader = try NPYReader(
      path: folder.write("v.npy", NPYFile.bytes(NPYFile.header("<f4", "(5, 2)"), data)))
    try reader.withRows(0..<5) { _, notFinite in #expect(notFinite == [1, 3]) }
    try reader.withRows(3..<5) { _, notFinite in #expect(notFinite == [0]) }
    // A double beyond the range of single floats.
    let wide = NPYFile.data([1e300, 1].map(\.bitPattern))
    let second = try NPYReader(path: folder.write("w.npy", NPYFile.bytes(NPYFile.header("<f8", "(2,1)"), wide)))
    try second.withRows(0..<2) { _, notFinite in #expect(notFinite == [0]) }
  }

  @Test func whatIsNoArrayOfVectorsIsRefused() throws {
    let folder = try TemporaryFolder()
    let data = NPYFile.data(Self.values.map(\.bitPattern))
    let good = NPYFile.bytes(NPYFile.header("<f4", "(3, 2)"), data)
    let cases: [(String, [UInt8], String)] = [
      ("empty", [], "it is no .npy file"), ("text", Array("hello, world".utf8), "it is no .npy file"),
      ("cut header", Array(good.prefix(40)), "it ends inside its header"),
      ("cut data", Array(good.dropLast()), "it has 151 bytes, but 3 × 2 values of type <f4 need 152"),
      ("more data", good + [0], "it has 153 bytes, but 3 × 2 values of type <f4 need 152"),
      (
        "order", NPYFile.bytes(NPYFile.header("<f4", "(3, 2)", fortran: "True"), data),
        "it is stored by columns"
      ),
      (
        "integers", NPYFile.bytes(NPYFile.header("<i4", "(3, 2)"), data),
        "its elements are of type <i4; read are <f2, <f4 and <f8"
      ),
      (
        "big-endian", NPYFile.bytes(NPYFile.header(">f4", "(3, 2)"), data),
        "its elements are of type >f4; read are <f2, <f4 and <f8"
      ),
      (
        "one dimension", NPYFile.bytes(NPYFile.header("<f4", "(6,)"), data),
        "its shape is (6,); one row of values for each sample is needed, (rows, dimension)"
      ),
      (
        "huge", NPYFile.bytes(NPYFile.header("<f4", "(4611686018427387904, 16)"), data),
        "its shape (4611686018427387904, 16) makes no sense"
      ),
      (
        "most values that fit an integer",
        NPYFile.bytes(NPYFile.header("<f8", "(1152921504606846975, 1)"), data),
        "its shape (1152921504606846975, 1) makes no sense"
      ),
      (
        "most half values that fit an integer",
        NPYFile.bytes(NPYFile.header("<f2", "(4611686018427387903, 1)"), data),
        "its shape (4611686018427387903, 1) makes no sense"
      ),
      (
        "most rows that are looked at", NPYFile.bytes(NPYFile.header("<f8", "(576460752303423487, 1)"), data),
        "it has 152 bytes, but 576460752303423487 × 1 values of type <f8 need 4611686018427388024"
      ),
      ("negative", NPYFile.bytes(NPYFile.header("<f4", "(-3, 2)"), data), "its shape (-3, 2) makes no sense"),
      (
        "version", NPYFile.bytes(NPYFile.header("<f4", "(3, 2)"), data, version: 9),
        "version 9 of the .npy format is not known"
      ),
      ("no keys", NPYFile.bytes("{}", data), "its header does not name the type of the elements"),
    ]
    for (name, bytes, cause) in cases {
      let path = try folder.write(name, bytes)
      let error = try failure { _ = try NPYReader(path: path) }
      #expect(error.code.name == "ingestion.invalid-vectors", "\(name)")
      #expect(error.cause == cause, "\(name)")
      #expect(error.place == path)
    }
    let path = try folder.write("good", good)
    #expect(
      try failure { _ = try NPYReader(path: path, expectedDimension: 3) }.code.name == "ingestion.wrong-dimension")
    #expect(try failure { _ = try NPYReader(path: path + ".absent") }.category == .notFound)
  }

  @Test func changedHeadersNeverTrap() throws {
    let folder = try TemporaryFolder()
    let good = NPYFile.bytes(NPYFile.header("<f4", "(3, 2)"), NPYFile.data(Self.values.map(\.bitPattern)))
    for seed in 0..<300 {
      var random = SplitMix64(seed: UInt64(seed))
      let path = try folder.write("m.npy", MutationTests.mutate(good, using: &random, keepLines: false))
      do {
        let reader = try NPYReader(path: path)
        try reader.withRows(0..<reader.count) { rows, _ in #expect(rows.count == reader.count * reader.dimension) }
      } catch let error as CohortError {
        #expect(error.code.name.hasPrefix("ingestion."), "seed \(seed)")
      }
    }
  }
}
