import CohortCore
import CohortEmbedding
import CohortKernels
import Testing

/// Expected values are computed by hand: row i of the table is (i, -i, 1, ...), so means are easy to see.
@Suite struct StaticEncoderTests {
  private static let dimension = 67

  private static func row(_ token: Int) -> [Float] {
    [Float(token), -Float(token)] + [Float](repeating: 1, count: dimension - 2)
  }

  private static let table = ModelFolder.words.indices.flatMap(row)

  private static func halves(_ values: [Float]) -> [UInt16] {
    var halves = [UInt16](repeating: 0, count: values.count)
    cohort_float_to_half(values, &halves, values.count)
    return halves
  }

  private func folder(
    _ tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])]? = nil, configuration: String? = nil
  ) throws -> ModelFolder {
    let folder = try ModelFolder()
    try folder.writeTokenizer()
    try folder.writeConfiguration(configuration ?? #"{"normalize": false}"#)
    try folder.writeTensors(
      tensors ?? [("embeddings", "F32", [ModelFolder.words.count, Self.dimension], ModelFolder.bytes(Self.table))])
    return folder
  }

  private func mean(_ tokens: [Int]) -> [Float] {
    (0..<Self.dimension).map { column in
      tokens.reduce(0) { $0 + Self.row($1)[column] } / Float(tokens.count)
    }
  }

  @Test func aVectorIsTheMeanOfTheKnownTokensRows() throws {
    let folder = try folder()
    let encoder = try StaticEncoder(folder: folder.path)
    #expect(encoder.identity.dimension == Self.dimension)
    #expect(encoder.identity.provider == "builtin")
    let vectors = try encoder.encode(["The CATS sat.", "dogs", "", "the dogs", "[CLS]caf\u{e9}\u{301}"])
    #expect(vectors[0] == .vector(mean([3, 4, 6, 5, 9])))
    #expect(vectors[1] == .none)
    #expect(vectors[2] == .none)
    #expect(vectors[3] == .vector(mean([3])))
    #expect(vectors[4] == .vector(mean([2, 10])))
  }

  @Test func aVectorHasLengthOneIfTheConfigurationSaysSo() throws {
    let folder = try folder(configuration: #"{"normalize": true}"#)
    guard case .vector(let vector) = try StaticEncoder(folder: folder.path).encode(["the cat"])[0] else {
      Issue.record("no vector")
      return
    }
    #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6)
    #expect(vector[0] > 0 && vector[1] == -vector[0])
  }

  @Test func weightsAndMappingApplyToTheTokensID() throws {
    let weights = ModelFolder.words.indices.map { Float($0) / 4 }
    let mapping = ModelFolder.words.indices.map { Int64($0 % 3) }
    let folder = try folder([
      ("weights", "F32", [12], ModelFolder.bytes(weights)), ("mapping", "I64", [12], ModelFolder.bytes(mapping)),
      ("embeddings", "I8", [3, 2], ModelFolder.bytes([Int8(0), 1, 2, 3, -4, 5])),
    ])
    // Tokens 3 and 4 are rows 0 and 1, with weights 0.75 and 1.
    #expect(try StaticEncoder(folder: folder.path).encode(["the cat"]) == [.vector([1, 1.875])])
  }

  @Test func rowsThatAreAllZeroGiveNoVector() throws {
    let folder = try folder([("embeddings", "I8", [12, 2], [UInt8](repeating: 0, count: 24))])
    #expect(try StaticEncoder(folder: folder.path).encode(["the cat"]) == [.none])
  }

  @Test func aTableWithValuesThatAreNotFiniteIsAnError() throws {
    let folder = try folder([
      ("embeddings", "F32", [12, 2], ModelFolder.bytes([Float](repeating: .nan, count: 24)))
    ])
    let encoder = try StaticEncoder(folder: folder.path)
    #expect(throws: CohortError.self) { try encoder.encode(["the cat"]) }
  }

  @Test func theLimitOfTokensCountsKnownOnes() throws {
    let folder = try folder(configuration: #"{"max_length": 2}"#)
    let encoder = try StaticEncoder(folder: folder.path)
    // The median token has 3 scalars, so six of them are read: "x the ", then "cat th".
    #expect(encoder.tokenizer.medianTokenLength == 3)
    #expect(try encoder.encode(["x the cat"]) == [.vector(mean([3]))])
    #expect(try encoder.encode(["cat.the"]) == [.vector(mean([4, 9]))])
  }

  @Test(.enabled(if: cohort_path_available(COHORT_PATH_AVX2) != 0, "this processor has no AVX2"))
  func avx2GivesTheBitsOfPlainCode() throws { try expectTheBitsOfPlainCode(COHORT_PATH_AVX2) }

  @Test(.enabled(if: cohort_path_available(COHORT_PATH_AVX512) != 0, "this processor has no AVX-512"))
  func avx512GivesTheBitsOfPlainCode() throws { try expectTheBitsOfPlainCode(COHORT_PATH_AVX512) }

  private func expectTheBitsOfPlainCode(_ path: cohort_path) throws {
    for type in ["F32", "F64", "F16", "BF16", "I8"] {
      var generator = SplitMix64(seed: 17)
      let count = ModelFolder.words.count * 131
      let values = (0..<count).map { _ in Float.random(in: -100...100, using: &generator) }
      let bytes: [UInt8] =
        switch type {
        case "F32": ModelFolder.bytes(values)
        case "F64": ModelFolder.bytes(values.map(Double.init))
        case "F16": ModelFolder.bytes(Self.halves(values))
        case "BF16": ModelFolder.bytes(values.map { UInt16($0.bitPattern >> 16) })
        default: ModelFolder.bytes(values.map { Int8($0) })
        }
      let weights = ModelFolder.words.indices.map { _ in Float.random(in: 0...1, using: &generator) }
      let folder = try folder([
        ("x", "I8", [1], [0]),  // Puts all that follows at odd addresses.
        ("weights", "F32", [12], ModelFolder.bytes(weights)),
        ("embeddings", type, [ModelFolder.words.count, 131], bytes),
      ])
      let texts = ["the cat sat on the mat.", "cats"]
      let plain = try StaticEncoder(folder: folder.path, name: nil, concurrency: 1, path: COHORT_PATH_PLAIN)
      let other = try StaticEncoder(folder: folder.path, name: nil, concurrency: 1, path: path)
      #expect(try plain.encode(texts) == other.encode(texts), "type \(type)")
    }
  }

  @Test func aVectorDoesNotDependOnItsBatch() throws {
    let folder = try folder()
    let encoder = try StaticEncoder(folder: folder.path)
    let texts = ["the cat", "sat", "on the mat.", "caf\u{e9}", ""]
    let together = try encoder.encode(texts)
    #expect(try together == texts.flatMap { try encoder.encode([$0]) })
    #expect(try StaticEncoder(folder: folder.path).encode(texts) == together)
  }

  @Test func theFingerprintIsOfWhatDecidesAVector() throws {
    let (one, another) = (try folder(), try folder())
    let first = try StaticEncoder(folder: one.path).identity.fingerprint
    #expect(try StaticEncoder(folder: another.path).identity.fingerprint == first)
    let described = try folder(configuration: #"{"normalize": false, "base_model": "x"}"#)
    #expect(try StaticEncoder(folder: described.path).identity.fingerprint == first)
    let normalized = try folder(configuration: #"{"normalize": true}"#)
    #expect(try StaticEncoder(folder: normalized.path).identity.fingerprint != first)
  }

  @Test func damagedModelsAreClearErrors() throws {
    let size = ModelFolder.words.count
    let cases: [[(name: String, type: String, shape: [Int], bytes: [UInt8])]] = [
      [("other", "I8", [size, 1], [UInt8](repeating: 1, count: size))],
      [("embeddings", "I8", [size - 1, 1], [UInt8](repeating: 1, count: size - 1))],
      [("embeddings", "I8", [size, 2], [UInt8](repeating: 1, count: size))],
      [("embeddings", "I8", [size], [UInt8](repeating: 1, count: size))],
      [("embeddings", "I32", [size, 1], [UInt8](repeating: 1, count: size * 4))],
      [("embeddings", "U16", [size, 1], [UInt8](repeating: 1, count: size * 2))],
      [("embeddings", "I8", [Int.max, 3], [1])],
      [
        ("embeddings", "I8", [size, 1], [UInt8](repeating: 1, count: size)),
        ("mapping", "I64", [size], ModelFolder.bytes([Int64](repeating: Int64(size), count: size))),
      ],
      [
        ("embeddings", "I8", [size, 1], [UInt8](repeating: 1, count: size)),
        ("weights", "F32", [1], ModelFolder.bytes([Float(1)])),
      ],
    ]
    for tensors in cases {
      let folder = try folder(tensors)
      #expect(throws: CohortError.self) { try StaticEncoder(folder: folder.path) }
    }
    let empty = try ModelFolder()
    let error = #expect(throws: CohortError.self) { try StaticEncoder(folder: empty.path) }
    #expect(error?.category == .notFound)
  }
}
