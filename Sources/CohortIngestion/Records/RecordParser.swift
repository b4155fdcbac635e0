internal import CohortCore

/// Turns blocks into batches. Used by one thread at a time; keeps its memory from record to record.
final class RecordParser {
  typealias Failure = JSONParser.Failure

  private let parser: JSONParser
  let embedded: JSONParser
  private let limits: IngestionLimits
  var draft = MessageDraft()
  /// Values by slot, -1 for none.
  let slots: UnsafeMutableBufferPointer<Int>
  /// Key words of the fields that become attributes.
  var attributes: [Int] = []
  private var tasks = TaskTable()
  private var json: [UInt8] = []
  private var field: [UInt8] = []

  init(limits: IngestionLimits) throws(CohortError) {
    self.limits = limits
    parser = try JSONParser(depth: limits.depth)
    embedded = try JSONParser(depth: limits.depth)
    slots = .allocate(capacity: FieldSlot.allCases.count)
    slots.initialize(repeating: -1)
  }

  deinit { slots.deallocate() }

  /// - Complexity: O(bytes of the block).
  func parse(_ block: InputBlock) -> SampleBatch {
    var batch = SampleBatch()
    tasks = TaskTable()
    batch.inputBytes = block.inputBytes
    batch.rows.reserveCapacity(block.records.count)
    batch.records.reserveCapacity(block.records.count)
    batch.arena.reserveCapacity(block.records.reduce(0) { $0 + $1.count + 16 })
    for record in block.records {
      do {
        try parse(record, of: block, into: &batch)
      } catch {
        reject(record, of: block, error, in: &batch)
      }
    }
    batch.tasks = tasks.names
    return batch
  }

  private func parse(
    _ record: InputBlock.Record, of block: InputBlock, into batch: inout SampleBatch
  ) throws(Failure) {
    if record.issue >= 0 {
      let issue = block.issues[record.issue]
      throw Failure(reason: issue.reason, detail: issue.detail)
    }
    guard record.count <= limits.recordBytes else {
      throw Failure(reason: .lineTooLong, detail: "the record is longer than \(limits.recordBytes) bytes")
    }
    let tape: UnsafeTape
    if let table = block.table {
      tape = try parseRow(block.bytes(of: record), table)
    } else {
      tape = try parser.parse(block.bytes(of: record))
    }
    guard tape.kind(UnsafeTape.root) == .object else {
      throw Failure(
        reason: .notAnObject, detail: "the record is \(tape.name(of: tape.kind(UnsafeTape.root))), not an object")
    }
    guard let shape = block.shape else {
      throw Failure(reason: .missingField, detail: "no layout is known for the record")
    }
    try fillSlots(UnsafeTape.root, of: tape, shape)
    if shape.shape.body == .instances {
      try parseInstances(of: tape, shape, record, countsInstances: block.countsInstances, into: &batch)
    } else {
      draft.reset()
      try composeMessages(of: tape, shape)
      try finishSample(line: record.line, of: tape, shape, into: &batch) { bytes in
        self.writeAttributes(of: tape, to: &bytes)
      }
    }
  }

  private func parseRow(
    _ row: UnsafeBufferPointer<UInt8>, _ table: TableHeader
  ) throws(Failure) -> UnsafeTape {
    json.removeAll(keepingCapacity: true)
    do {
      try table.write(row, to: &json, field: &field)
    } catch {
      throw Failure(reason: error.reason, detail: error.detail)
    }
    json.append(contentsOf: repeatElement(0, count: JSONParser.padding))
    let result = json.withUnsafeBufferPointer { bytes -> Result<UnsafeTape, Failure> in
      do throws(Failure) {
        return .success(try parser.parse(UnsafeBufferPointer(rebasing: bytes.dropLast(JSONParser.padding))))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Sorts the members of a record into slots and attributes.
  private func fillSlots(_ object: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    slots.update(repeating: -1)
    attributes.removeAll(keepingCapacity: true)
    var duplicate = -1
    tape.forEachMember(of: object) { key, value in
      var known = shape.keys.slots(of: tape.text(key))
      if known == 0 {
        attributes.append(key)
        return true
      }
      var stays = true
      while known != 0 {
        let slot = known.trailingZeroBitCount
        known &= known - 1
        if slots[slot] >= 0, slot != FieldSlot.ignored.rawValue {
          duplicate = key
          return false
        }
        slots[slot] = value
        if !(FieldSlot(rawValue: slot)?.staysAttribute ?? true) { stays = false }
      }
      if stays { attributes.append(key) }
      return true
    }
    if duplicate < 0 { duplicate = duplicateAttribute(of: tape) }
    if duplicate >= 0 {
      throw Failure(reason: .duplicateKey, detail: "the key '\(tape.string(duplicate))' is there twice")
    }
    for path in shape.paths where slots[path.slot.rawValue] < 0 {
      slots[path.slot.rawValue] = tape.value(at: path.components, of: object) ?? -1
    }
  }

  private func duplicateAttribute(of tape: UnsafeTape) -> Int {
    if attributes.count > 16 {
      var seen: Set<String> = []
      return attributes.first { !seen.insert(tape.string($0)).inserted } ?? -1
    }
    for (index, key) in attributes.enumerated() {
      let text = tape.text(key)
      for other in attributes[..<index] where tape.text(other).count == text.count {
        if tape.text(other).elementsEqual(text) { return key }
      }
    }
    return -1
  }

  @inline(__always)
  func value(_ slot: FieldSlot) -> Int? {
    let value = slots[slot.rawValue]
    return value >= 0 ? value : nil
  }

  // MARK: Writing

  /// Writes the drafted messages as a row of the batch.
  func finishSample(
    line: UInt64, of tape: UnsafeTape, _ shape: CompiledShape, into batch: inout SampleBatch,
    attributes write: (inout [UInt8]) -> Void
  ) throws(Failure) {
    let parts = draft.parts
    guard let response = parts.response else {
      throw Failure(reason: .noAssistantMessage, detail: "no message is the assistant's")
    }
    let answer = draft.entries[response]
    guard answer.hasCalls || !draft.isBlank(answer) else {
      if draft.holdsReasoning(answer) {
        throw Failure(reason: .reasoningOnly, detail: "the response holds reasoning, and no answer")
      }
      throw Failure(reason: .emptyResponse, detail: "the response holds no text")
    }
    var lengths = draft.lengths(of: parts) { shape.countTokens?($0) ?? shape.lengthUnit.measure($0) }
    if shape.lengthUnit == .field { lengths = try lengthsFromField(of: tape) }
    let task = try taskIndex(of: tape, shape)
    let start = batch.arena.count
    draft.write(to: &batch.arena)
    let end = batch.arena.count
    write(&batch.arena)
    let hash = batch.arena.withUnsafeBytes { XXH3.hash64(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    batch.records.append(.sample(batch.rows.count))
    batch.rows.append(
      SampleBatch.Row(
        content: start..<end, attributes: end..<batch.arena.count, contentHash: hash, task: task, line: line,
        lengths: lengths))
  }

  /// The fields no layout uses, as one JSON object; nothing when there are none.
  func writeAttributes(of tape: UnsafeTape, to bytes: inout [UInt8]) {
    guard !attributes.isEmpty else { return }
    var separator = UInt8(ascii: "{")
    for key in attributes {
      bytes.append(separator)
      separator = UInt8(ascii: ",")
      CanonicalJSON.append(tape.text(key), to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      CanonicalJSON.append(key + 1, of: tape, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private func lengthsFromField(of tape: UnsafeTape) throws(Failure) -> SampleLengths {
    guard let value = value(.length) else {
      throw Failure(reason: .missingField, detail: "the field that gives the length is missing")
    }
    let length = tape.kind(value) == .string ? UInt64(tape.string(value)) : tape.count(value)
    guard let length, let short = UInt32(exactly: length) else {
      throw Failure(
        reason: .wrongType,
        detail: "the length is \(tape.name(of: tape.kind(value))), not a whole number from 0 to \(UInt32.max)")
    }
    return SampleLengths(prompt: 0, response: short, total: short)
  }

  private func taskIndex(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) -> Int? {
    if let name = shape.fixedTask { return tasks.index(of: name) }
    guard let value = value(.task) else { return nil }
    switch tape.kind(value) {
    case .null: return nil
    case .string: return tape.text(value).isEmpty ? nil : tasks.index(of: tape.text(value))
    case .object, .array, .other:
      throw Failure(reason: .wrongType, detail: "the task is \(tape.name(of: tape.kind(value))), not a name")
    default:
      var text: [UInt8] = []
      CanonicalJSON.append(value, of: tape, to: &text)
      return text.withUnsafeBufferPointer { tasks.index(of: $0) }
    }
  }

  private func reject(
    _ record: InputBlock.Record, of block: InputBlock, _ failure: Failure, in batch: inout SampleBatch
  ) {
    let issue = record.issue >= 0 ? block.issues[record.issue] : nil
    let bytes = block.bytes(of: record)
    reject(
      failure, line: record.line, raw: issue?.prefix ?? Array(bytes.prefix(SampleBatch.Rejection.rawLimit)),
      size: issue?.size ?? UInt64(bytes.count), in: &batch)
  }

  func reject(_ failure: Failure, line: UInt64, raw: [UInt8], size: UInt64, in batch: inout SampleBatch) {
    batch.records.append(.rejected(batch.rejections.count))
    batch.rejections.append(
      SampleBatch.Rejection(
        line: line, reason: failure.reason.rawValue, detail: failure.detail, raw: raw, rawSize: size))
  }
}
