internal import CohortCore
internal import CohortLMDB

extension Store {
  /// A dictionary for packing anew may take its time, so it is larger than the one that ingestion trains. (Of P3 and GSM8K,
  /// level 3: 64 KB gave a ratio of 2.58, 112 KB 2.68, 256 KB 2.51.)
  static let renewedCapacity = 112 << 10
  /// Samples that are looked at, spread over the whole store: one in 16 is kept for the comparison.
  static let renewalSamples: UInt64 = 8192
  private static let keptApart = 16
  /// Payloads longer than that count with their beginning.
  private static let longestPart = 64 << 10
  /// A new dictionary has to make payloads smaller by that part: each is there for good.
  private static let leastGain = 0.02

  /// Trains a dictionary from all of the store, and adds it if it is better than the current one. That is looked at once for
  /// a store that has twice the samples of the last time, so that the dictionaries stay few.
  ///
  /// The choice of samples is a function of the store's content.
  /// - Returns: whether one was added.
  /// - Throws: `store.corrupted`, `store.read-only`.
  public func renewDictionary(for packing: PayloadPacking) throws -> Bool {
    guard case .zstd(let level) = packing else { return false }
    let (trainedAt, counters) = try read { ($0.state.packing.trainedAt, try $0.counters) }
    guard counters.live >= Self.samplesForDictionary, counters.nextSample / 2 >= trainedAt,
      counters.dictionary < .max
    else { return false }
    let material = try read { try Self.material($0) }
    let trained = CompressionDictionary.train(
      payloads: material.payloads, sizes: material.sizes, capacity: Self.renewedCapacity)
    let before = try read { try $0.packer(packing) }
    let isBetter = trained.map { bytes in
      bytes.withUnsafeBytes { bytes in
        let new = CompressionDictionary(number: .max, bytes: bytes, level: level)
        let gained = material.packedBytes(PayloadCompressor(dictionary: new, level: level))
        let known = material.packedBytes(PayloadCompressor(dictionary: before.dictionary, level: level))
        return Double(gained) < Double(known) * (1 - Self.leastGain)
      }
    }
    return try write { transaction in
      // Somebody else has done the same meanwhile.
      guard transaction.counters.dictionary == counters.dictionary else { return false }
      transaction.state.packing.trainedAt = counters.nextSample
      try transaction.putPacking()
      guard isBetter == true, let trained else { return false }
      try transaction.addDictionary(trained)
      return true
    }
  }

  /// What a dictionary is trained with, and what it is tried on.
  private struct Material {
    var payloads: [UInt8] = []
    var sizes: [Int] = []
    var apart: [[UInt8]] = []

    func packedBytes(_ compressor: PayloadCompressor) -> Int {
      var scratch: [UInt8] = []
      return apart.reduce(0) { sum, payload in
        let bound = PayloadCompressor.bound(payload.count)
        if scratch.count < bound { scratch = [UInt8](repeating: 0, count: bound) }
        return payload.withUnsafeBytes { payload in
          scratch.withUnsafeMutableBytes { sum + compressor.compress(payload, into: $0).size }
        }
      }
    }
  }

  private static func material(_ transaction: borrowing ReadTransaction) throws -> Material {
    var material = Material()
    let samples = try transaction.counters.nextSample
    for index in 0..<renewalSamples where material.payloads.count < trainingBytes {
      // The product may be beyond 64 bits; the samples are never more than 2^48.
      let id = samples / renewalSamples * index + samples % renewalSamples * index / renewalSamples
      try transaction.withSample(SampleID(id)) { view in
        guard let view else { return }
        let part = view.content.prefix(longestPart)
        if index % UInt64(keptApart) == 0 {
          material.apart.append([UInt8](part))
        } else {
          material.payloads.append(contentsOf: part)
          material.sizes.append(part.count)
        }
      }
    }
    return material
  }
}
