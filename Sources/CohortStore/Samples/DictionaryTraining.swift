internal import CohortCore
internal import CohortLMDB

extension Store {
  /// Samples a store must have before a dictionary is trained for it.
  public static let samplesForDictionary: UInt64 = 8192
  static let dictionaryCapacity = 64 << 10
  /// More of them make the training longer and the dictionary hardly better.
  static let trainingSamples: UInt64 = 2048
  static let trainingBytes = 16 << 20

  /// Trains the store's compression dictionary once it has enough samples; later samples are compressed with it. The
  /// choice of samples is a function of the store's content. Call it between commits of an ingestion.
  /// - Returns: whether a dictionary was added now.
  @discardableResult
  public func trainDictionaryIfDue() throws -> Bool {
    let due = try read { transaction in
      let counters = try transaction.counters
      return counters.dictionary == 0 && counters.nextSample >= Self.samplesForDictionary
    }
    // The same samples would fail again.
    guard due, !codecs.isUntrainable else { return false }
    let (payloads, sizes) = try read { try Self.trainingSet($0) }
    guard
      let bytes = CompressionDictionary.train(payloads: payloads, sizes: sizes, capacity: Self.dictionaryCapacity)
    else {
      codecs.setUntrainable()
      return false
    }
    return try write { transaction in
      // Another job may have trained one meanwhile.
      guard transaction.counters.dictionary == 0 else { return false }
      try transaction.addDictionary(bytes)
      return true
    }
  }

  private static func trainingSet(_ transaction: borrowing ReadTransaction) throws -> ([UInt8], [Int]) {
    var payloads: [UInt8] = []
    var sizes: [Int] = []
    let stride = samplesForDictionary / trainingSamples
    for index in 0..<trainingSamples where payloads.count < trainingBytes {
      try transaction.withSample(SampleID(index * stride)) { view in
        guard let view else { return }
        payloads.append(contentsOf: view.content.prefix(64 << 10))
        sizes.append(min(view.content.count, 64 << 10))
      }
    }
    return (payloads, sizes)
  }
}

extension WriteTransaction {
  /// Adds a dictionary, with which new samples are compressed from now on.
  func addDictionary(_ bytes: [UInt8]) throws {
    let number = state.counters.dictionary + 1
    let place = SealPlace(.dictionaries, UInt64(number))
    try Sealed.seal(bytes, place).withUnsafeBytes { try unsafe.put(tables.dictionaries, UInt64(number), $0) }
    state.counters.dictionary = number
    try require(StoreFormat.trainedDictionaries)
    try log(LogEvent.DictionaryTrained(number: number, bytes: UInt64(bytes.count)))
  }
}
