internal import CohortCore
internal import CohortStore

/// The memory of a `TextBatch`: one arena with all bytes, and arrays that say what lies where in it. Filled in one go by a
/// transaction, of which nothing stays but copies.
struct UnsafeTextLanes: ~Copyable {
  /// Contents and attributes of all samples, decompressed, one behind the other.
  var arena = UnsafeReusedArray<UInt8>()

  // An element a sample.
  var ids = UnsafeReusedArray<UInt64>()
  var missing = UnsafeReusedArray<UInt8>()
  /// One more than there are samples.
  var firstMessage = UnsafeReusedArray<Int64>()
  var response = UnsafeReusedArray<Int64>()
  var tools = UnsafeReusedArray<TextExtent>()
  var attributes = UnsafeReusedArray<TextExtent>()
  var tasks = UnsafeReusedArray<UInt32>()
  var sources = UnsafeReusedArray<UInt32>()
  var lines = UnsafeReusedArray<UInt64>()

  // An element a message.
  var roles = UnsafeReusedArray<UInt8>()
  var roleNames = UnsafeReusedArray<TextExtent>()
  var texts = UnsafeReusedArray<TextExtent>()
  var extras = UnsafeReusedArray<TextExtent>()

  /// Where micro-batches begin, and behind them the number of samples.
  var parts = UnsafeReusedArray<Int64>()

  /// Makes room for so many samples, and forgets all messages. Nothing has a value yet.
  /// - Throws: `reading.no-memory`.
  mutating func reset(samples count: Int) throws {
    arena.removeAll()
    try ids.resize(to: count)
    try missing.resize(to: count)
    try firstMessage.resize(to: count + 1)
    try response.resize(to: count)
    try tools.resize(to: count)
    try attributes.resize(to: count)
    try tasks.resize(to: count)
    try sources.resize(to: count)
    try lines.resize(to: count)
    roles.removeAll()
    roleNames.removeAll()
    texts.removeAll()
    extras.removeAll()
    firstMessage[0] = 0
    try setParts([0, count])
  }

  mutating func setParts(_ bounds: [Int]) throws {
    try parts.resize(to: bounds.count)
    for (index, bound) in bounds.enumerated() { parts[index] = Int64(bound) }
  }

  /// Reads samples in the order of their ids, which may lie in `ids` itself.
  /// - Parameter unknown: the error for an id that the store never had.
  mutating func fill(
    _ wanted: UnsafeBufferPointer<UInt64>, _ transaction: borrowing ReadTransaction,
    unknown: (UInt64) throws -> CohortError
  ) throws {
    let count = wanted.count
    if let from = wanted.baseAddress, count > 0 {
      try ids.resize(to: count)
      ids.base?.update(from: from, count: count)
    }
    try reset(samples: count)
    try withUnsafeTemporaryAllocation(of: CopiedSample.self, capacity: max(count, 1)) { memory in
      memory.initialize(repeating: CopiedSample())
      let samples = UnsafeMutableBufferPointer(rebasing: memory[..<count])
      try transaction.copySamples(UnsafeBufferPointer(ids.elements), to: samples) { bytes in
        try arena.resize(to: bytes)
        return UnsafeMutableRawBufferPointer(arena.elements)
      }
      for index in 0..<count {
        guard samples[index].state != .unknown else { throw try unknown(ids[index]) }
        try add(samples[index], at: index)
      }
    }
  }

  private mutating func add(_ sample: CopiedSample, at index: Int) throws {
    missing[index] = sample.state == .present ? 0 : 1
    tasks[index] = sample.task.rawValue
    sources[index] = sample.source.rawValue
    lines[index] = sample.line
    attributes[index] = TextExtent(sample.attributes, from: 0)
    tools[index] = .empty
    response[index] = -1
    if sample.state == .present {
      do {
        try addMessages(of: sample, at: index)
      } catch let error as CohortError where error.isFormat {
        throw CohortError(
          .readingUnreadableSample, "A sample cannot be read", place: "sample \(ids[index])", cause: error.description)
      }
    }
    firstMessage[index + 1] = Int64(roles.count)
  }

  private mutating func addMessages(of sample: CopiedSample, at index: Int) throws {
    let bytes = UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(arena.elements))
    let content = UnsafeRawBufferPointer(rebasing: bytes[sample.content])
    let start = sample.content.lowerBound
    let first = roles.count
    let tools = try SampleContent.forEachPlace(in: content) { message in
      try roles.append(message.role.rawValue)
      try roleNames.append(TextExtent(message.roleName, from: start))
      try texts.append(TextExtent(message.text, from: start))
      try extras.append(TextExtent(message.extra, from: start))
    }
    self.tools[index] = TextExtent(tools, from: start)
    let parts = SampleParts(count: roles.count - first) { message in
      guard roles[first + message] == SampleContent.RoleCode.assistant.rawValue else { return .other }
      return SampleContent.isMasked(UnsafeRawBufferPointer(rebasing: bytes[extras[first + message].range]))
        ? .masked : .trained
    }
    response[index] = parts.response.map { Int64(first + $0) } ?? -1
  }
}
