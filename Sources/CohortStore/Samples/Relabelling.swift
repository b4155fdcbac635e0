public import CohortCore
internal import CohortLMDB

/// What the labels of a sample are to be.
public struct LabelChange: Hashable, Sendable {
  /// What becomes of the task.
  public enum TaskLabel: Hashable, Sendable {
    /// As it is.
    case kept
    /// The sample has no task.
    case missing
    /// This one; it is made where it is new.
    case named(String)
  }

  /// The sample whose labels change.
  public var id: SampleID
  /// Its task from now on.
  public var task = TaskLabel.kept
  /// All its attributes from now on: one object in canonical JSON, empty for none. Nil leaves them.
  public var attributes: [UInt8]?

  /// No change yet.
  public init(_ id: SampleID) { self.id = id }
}

extension WriteTransaction {
  /// Corrects tasks and attributes of samples: ids and texts stay, and with them vectors and lengths. Groupings by task and by
  /// attribute follow the log entry; what the labels were stays in table `relabels`, so that what followed from them
  /// can be made again, until the sample is deleted.
  ///
  /// Samples that are deleted, and changes that change nothing, are left alone. Of several changes of one sample the last
  /// counts.
  /// - Parameter reason: kept in the log, for people.
  /// - Returns: the ids whose labels changed, ascending.
  /// - Throws: `store.sample-too-large` for attributes of 2 GiB or more; nothing is changed then.
  /// - Complexity: each sample is compressed anew; pass at most some ten thousand in a transaction.
  public func relabel(_ changes: [LabelChange], reason: String) throws -> [SampleID] {
    let last = Dictionary(changes.map { ($0.id, $0) }) { $1 }
    let firstNewTask = TaskID(state.counters.nextTask)
    let names = Set(last.values.compactMap { if case .named(let name) = $0.task { name } else { nil } }).sorted()
    let numbers = try resolveTasks(names)
    let tasks = Dictionary(uniqueKeysWithValues: zip(names, numbers.ids))
    let sequence = state.counters.lastSequence.next
    let compressor = PayloadCompressor(dictionary: try reading.currentDictionary())
    var parts: [LogEvent.Relabel.Part] = []
    var done: [SampleID] = []
    for (id, change) in last.sorted(by: { $0.key < $1.key }) {
      guard let before = try reading.labels(of: id) else { continue }
      let task: TaskID =
        switch change.task {
        case .kept: before.task
        case .missing: .missing
        case .named(let name): tasks[name] ?? .missing
        }
      let attributes = change.attributes.flatMap { $0 == before.attributes ? nil : $0 }
      guard task != before.task || attributes != nil else { continue }
      try rewrite(id, task: task, attributes: attributes ?? before.attributes, compressor)
      try columns.set(Column.task, row: id.rawValue, task.rawValue)
      try put(FormerLabels(task: before.task, attributes: attributes == nil ? nil : before.attributes), id, sequence)
      done.append(id)
      let part = LogEvent.Relabel.Part(
        oldTask: before.task, newTask: task, changesAttributes: attributes != nil,
        ranges: [IDRange(first: id, count: 1)])
      if let known = parts.last, known.hasLabels(of: part) {
        parts[parts.count - 1].append(id)
      } else {
        parts.append(part)
      }
    }
    guard !done.isEmpty || !numbers.new.isEmpty else { return [] }
    try log(LogEvent.Relabel(firstNewTask: firstNewTask, newTasks: numbers.new, parts: parts, reason: reason))
    return done
  }

  /// Writes a sample's record anew; content, source and line stay.
  private func rewrite(
    _ id: SampleID, task: TaskID, attributes: [UInt8], _ compressor: PayloadCompressor
  ) throws {
    let table = try reading.table(ofSample: id.rawValue)
    guard let stored = try unsafe.get(table, id.rawValue) else { throw CohortError.missing("Sample \(id)") }
    var header = try SampleRecord.open(stored, id: id.rawValue).header
    let payload = try reading.withSample(id) { view in view.map { [UInt8]($0.content) + attributes } } ?? []
    guard payload.count <= Int(Int32.max) else {
      throw CohortError.sampleTooLarge(payload.count, place: "sample \(id)")
    }
    var packed = [UInt8](repeating: 0, count: PayloadCompressor.bound(payload.count))
    let (codec, size) = payload.withUnsafeBytes { payload in
      packed.withUnsafeMutableBytes { compressor.compress(payload, into: $0) }
    }
    header.codec = codec
    header.dictionary = codec == .zstdWithDictionary ? compressor.dictionaryNumber : 0
    header.task = task
    header.attributesSize = attributes.count
    try clear(id)
    try unsafe.reserve(table, id.rawValue, count: SampleRecord.headerSize + size) { page in
      let target = UnsafeMutableRawBufferPointer(rebasing: page[SampleRecord.headerSize...])
      (codec == .plain ? payload : packed).withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<size]))
      }
      header.seal(page, id: id.rawValue)
    }
  }
}

extension ReadTransaction {
  /// Task and attributes of a sample; nil when it was deleted or never existed.
  public func labels(of id: SampleID) throws -> (task: TaskID, attributes: [UInt8])? {
    guard id.rawValue < state.counters.nextSample else { return nil }
    return try withSample(id) { $0.map { ($0.task, [UInt8]($0.attributes)) } }
  }
}
