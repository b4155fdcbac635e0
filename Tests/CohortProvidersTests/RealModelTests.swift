import CohortEmbedding
import CohortProviders
import CohortTesting
import Foundation
import Testing

/// The real data beside the package, and whether the server can be started.
enum RealData {
  static let root = Checkout.root

  static let shared = [root, root.deletingLastPathComponent()]
    .map { $0.deletingLastPathComponent().appendingPathComponent("shared") }
    .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("embeddings/p3.npy").path) }

  static var isPossible: Bool {
    ProcessInfo.processInfo.environment["COHORT_EMBEDDING_PYTHON"] != nil && shared != nil
  }

  /// Prompts of `p3`, and the rows that belong to them.
  static func prompts(every step: Int) throws -> [(text: String, vector: [Float])] {
    let shared = try #require(shared)
    let npy = try Data(contentsOf: shared.appendingPathComponent("embeddings/p3.npy"))
    let start = 10 + Int(npy[8]) + Int(npy[9]) << 8
    let manifest = try JSONSerialization.jsonObject(
      with: Data(contentsOf: shared.appendingPathComponent("embeddings/p3.manifest.json")))
    var chosen: [(String, [Float])] = []
    var row = 0
    for entry in try #require(manifest as? [[Any]]) {
      let name = try #require(entry.first as? String)
      let text = try String(contentsOf: shared.appendingPathComponent("data/p3/\(name)"), encoding: .utf8)
      for line in text.split(separator: "\n") {
        defer { row += 1 }
        guard row % step == 0 else { continue }
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let vector = npy.withUnsafeBytes { bytes in
          (0..<384).map { index in
            let bits = bytes.loadUnaligned(fromByteOffset: start + 2 * (384 * row + index), as: UInt16.self)
            return Float(Float16(bitPattern: UInt16(littleEndian: bits)))
          }
        }
        chosen.append((try #require(object?["prompt"] as? String), vector))
      }
    }
    return chosen
  }
}

/// all-MiniLM-L6-v2 behind `Tools/embedding-server`, against vectors that were made without any server. Runs where
/// `COHORT_EMBEDDING_PYTHON` names a Python with the server's requirements, and the real data is beside the package.
@Suite(.enabled(if: RealData.isPossible)) struct RealModelTests {
  static func cosine(_ a: [Float], _ b: [Float]) -> Float {
    func product(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
  }

  @Test func vectorsAreTheModels() throws {
    let process = Process()
    process.executableURL = RealData.root.appendingPathComponent("Tools/embedding-server/run")
    process.arguments = ["--port", "0", "--threads", "1"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      // The threads of tests block SIGTERM, and their children inherit that.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    var greeting = Data()
    while greeting.last != UInt8(ascii: "\n") {
      let more = try #require(try output.fileHandleForReading.read(upToCount: 1))
      greeting.append(more)
    }
    let url = try #require(String(decoding: greeting, as: UTF8.self).split(separator: " ").first.map(String.init))

    let prompts = try RealData.prompts(every: 701)
    for kind in ProviderKind.allCases {
      let configuration = ProviderConfiguration(kind: kind, url: url, model: "all-MiniLM-L6-v2")
      let encoder = try ServerEncoder(connecting: configuration, key: nil)
      #expect(encoder.identity.dimension == 384)
      // Prompts of 256 word pieces and more are cut by the model, there as here.
      for (outcome, prompt) in zip(try encoder.encode(prompts.map(\.text)), prompts) {
        guard case .vector(let vector) = outcome else {
          Issue.record("\(kind): \(outcome) for \(prompt.text)")
          continue
        }
        let cosine = Self.cosine(vector, prompt.vector)
        #expect(cosine > 0.999, "\(kind): \(prompt.text)")
      }
    }
  }
}
