import CohortEmbedding
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// The model that is part of the program, as others see its files.
@Suite struct BundledModelTests {
  private let folder: TemporaryFolder
  private let model: ModelLibrary.Model

  init() throws {
    folder = try TemporaryFolder()
    model = try ModelLibrary(try Store.create(at: folder.file("store"))).addBundled()
  }

  /// Golden values: whoever changes them makes the vectors of new stores others than those of old ones.
  @Test func itsVectorsStayTheSame() throws {
    let expected: [(text: String, bits: [UInt32])] = [
      ("A cat sat on the mat.", [0x3ded_d48b, 0x3ccf_fad0, 0xbbb0_319f, 0x3cd1_f878]),
      ("xylophone", [0xbe4a_effd, 0x3d90_6d60, 0xbdb1_8785, 0xbd8e_bf06]),
    ]
    let encoder = try StaticEncoder(folder: model.path)
    for (text, bits) in expected {
      guard case .vector(let vector)? = try encoder.encode([text]).first else {
        Issue.record("\(text) has no vector")
        continue
      }
      #expect(vector.count == 256 && [0, 1, 127, 255].map { vector[$0].bitPattern } == bits, "\(text)")
    }
  }

  /// Whoever computes in the half floats of its weights, as model2vec 0.9 does, can: the square of a row's length, the
  /// largest that a text's can be, is a half float, and no weight loses digits to being small.
  @Test func halfFloatsHoldItsSums() throws {
    #expect(model.bytes <= 8_000_000)
    let data = try Data(contentsOf: URL(fileURLWithPath: model.path + "/model.safetensors"))
    let size = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(size)) as? [String: [String: Any]])
    func part(_ name: String, _ type: String) throws -> Data {
      let tensor = try #require(header[name])
      #expect(tensor["dtype"] as? String == type)
      let offsets = try #require(tensor["data_offsets"] as? [Int])
      return data.subdata(in: (8 + size + offsets[0])..<(8 + size + offsets[1]))
    }
    let halves = [UInt8](try part("weights", "F16"))
    let weights = stride(from: 0, to: halves.count, by: 2).map {
      Float(Float16(bitPattern: UInt16(halves[$0]) | UInt16(halves[$0 + 1]) << 8))
    }
    let rows = [UInt8](try part("embeddings", "I8"))
    #expect(weights.count == model.tokens && rows.count == weights.count * model.dimension)
    let least = try #require(weights.filter { $0 > 0 }.min())
    #expect(least >= 64 * Float(Float16.leastNormalMagnitude))
    var longest: Float = 0
    for (row, weight) in weights.enumerated() {
      var square: Float = 0
      for byte in rows[(row * model.dimension)..<((row + 1) * model.dimension)] {
        let value = Float(Int8(bitPattern: byte)) * weight
        square += value * value
      }
      longest = max(longest, square)
    }
    #expect(longest < Float(Float16.greatestFiniteMagnitude) / 2)
  }
}
