internal import CohortCore

/// Turns blocks into batches. Used by one thread at a time; keeps its memory from record to record.
final class RecordParser {
  typealias Failure = JSONParser.Failure

  let parser: JSONParser
  /// Parsers of JSON in strings: what they made is valid until the record is done.
  private(set) var nested: [JSONParser] = []
  /// Bits of the slots that a prompt has taken up.
  var usedSlots: UInt32 = 0
  private var nestedInUse = 0
  /// Where the samples of the record that is being read begin in the batch.
  private var recordStart = 0
  private let limits: IngestionLimits
  var draft = MessageDraft()
  /// Values by slot, -1 for none.
  let slots: UnsafeMutableBufferPointer<Int>
  /// The key words of the values in `slots`, -1 for one that a path reaches.
  private let keys: UnsafeMutableBufferPointer<Int>
  /// By which of the shape's keys each slot was filled.
  private let ranks: UnsafeMutableBufferPointer<Int>
  /// Key words of the fields that become attributes.
  var attributes: [Int] = []
  /// What was seen in the records of the block and concerns no single one of them.
  var tallies = RecordTallies()
  /// The block's first records, field by field, as many as it asks for.
  private(set) var previews: [RecordPreview] = []
  private var tasks = TaskTable()
  private var json: [UInt8] = []
  private var field: [UInt8] = []

  init(limits: IngestionLimits) throws(CohortError) {
    self.limits = limits
    parser = try JSONParser(depth: limits.depth)
    slots = .allocate(capacity: FieldSlot.allCases.count)
    slots.initialize(repeating: -1)
    keys = .allocate(capacity: FieldSlot.allCases.count)
    keys.initialize(repeating: -1)
    ranks = .allocate(capacity: FieldSlot.allCases.count)
    ranks.initialize(repeating: .max)
  }

  deinit {
    slots.deallocate()
    keys.deallocate()
    ranks.deallocate()
  }

  /// A parser for JSON in a string of the record that is being read.
  func nestedParser() throws(CohortError) -> JSONParser {
    if nestedInUse == nested.count { nested.append(try JSONParser(depth: limits.depth)) }
    nestedInUse += 1
    return nested[nestedInUse - 1]
  }

  /// What the last nested parser made is not needed any more.
  func giveBackNestedParser() { nestedInUse -= 1 }

  /// - Complexity: O(bytes of the block).
  func parse(_ block: InputBlock) -> SampleBatch {
    var batch = SampleBatch()
    tallies = RecordTallies()
    previews = []
    tasks = TaskTable()
    batch.inputBytes = block.inputBytes
    if let shape = block.shape { batch.identity = shape.identity }
    batch.rows.reserveCapacity(block.records.count)
    batch.records.reserveCapacity(block.records.count)
    batch.arena.reserveCapacity(block.records.reduce(0) { $0 + $1.count + 16 })
    for record in block.records {
      do {
        try parse(record, of: block, into: &batch)
      } catch {
        reject(record, of: block, error, in: &batch)
        if previews.count < block.previewedRecords {
          previews.append(RecordPreview(line: record.line, refusal: "\(error.reason.rawValue): \(error.detail)"))
        }
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
    let kind = tape.kind(UnsafeTape.root)
    guard kind == .object || kind == .array && block.shape?.isRootTurns == true else {
      throw Failure(reason: .notAnObject, detail: "the record is \(tape.name(of: kind)), not an object")
    }
    guard let shape = block.shape else {
      throw Failure(reason: .missingField, detail: "no layout is known for the record")
    }
    nestedInUse = 0
    usedSlots = 0
    recordStart = batch.arena.count
    if kind == .object {
      try fillSlots(UnsafeTape.root, of: tape, shape)
    } else {
      slots.update(repeating: -1)
      keys.update(repeating: -1)
      attributes.removeAll(keepingCapacity: true)
      slots[FieldSlot.messages.rawValue] = UnsafeTape.root
    }
    switch shape.shape.body {
    case .instances: try parseInstances(of: tape, shape, record, countsInstances: block.countsInstances, into: &batch)
    case .paragraphs: try parseParagraphs(of: tape, shape, record, into: &batch)
    case .tree: try parseTree(of: tape, shape, record, into: &batch)
    case .pair, .conversation, .preference, .choices, .candidates, .linked:
      draft.reset()
      try composeMessages(of: tape, shape)
      try addSample(of: tape, shape, line: record.line, into: &batch)
    }
    if previews.count < block.previewedRecords {
      let task = batch.rows.last?.task.map { tasks.names[$0] }
      previews.append(preview(UnsafeTape.root, of: tape, shape, line: record.line, task: task))
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

  /// Sorts the members of a record into slots and attributes. Of several keys for one slot the first in the shape's order
  /// counts, and one that matches exactly before one that matches only without regard to case and outer spaces.
  private func fillSlots(_ object: Int, of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) {
    slots.update(repeating: -1)
    keys.update(repeating: -1)
    ranks.update(repeating: .max)
    attributes.removeAll(keepingCapacity: true)
    var duplicate = -1
    var inexact: [(key: Int, index: Int)] = []
    tape.forEachMember(of: object) { key, value in
      let name = tape.text(key)
      guard let index = shape.keys.index(of: name) else {
        if let index = shape.keys.foldedIndex(of: name) { inexact.append((key, index)) }
        attributes.append(key)
        return true
      }
      if !fill(shape.keys.bits(at: index), rank: index, key: key, value) { duplicate = key }
      return duplicate < 0
    }
    for (key, index) in inexact where duplicate < 0 {
      // Behind all that match exactly.
      let bits = shape.keys.bits(at: index)
      guard slots[bits.trailingZeroBitCount] < 0 else { continue }
      attributes.removeAll { $0 == key }
      _ = fill(bits, rank: index, key: key, key + 1)
    }
    if duplicate < 0 { duplicate = duplicateAttribute(of: tape) }
    if duplicate >= 0 {
      throw Failure(reason: .duplicateKey, detail: "the key '\(tape.string(duplicate))' is there twice")
    }
    for path in shape.paths where slots[path.slot.rawValue] < 0 {
      slots[path.slot.rawValue] = path.steps.value(in: object, of: tape) ?? -1
    }
  }

  /// Puts a value into the slots that its key stands for. A value that another key of more weight displaces becomes an
  /// attribute. - Returns: false when the key was there before.
  @inline(__always)
  private func fill(_ bits: UInt32, rank: Int, key: Int, _ value: Int) -> Bool {
    var known = bits
    var stays = true
    while known != 0 {
      let slot = known.trailingZeroBitCount
      known &= known - 1
      if slot == FieldSlot.ignored.rawValue {
        stays = false
        continue
      }
      if slots[slot] >= 0 {
        if ranks[slot] == rank { return false }
        if ranks[slot] < rank { continue }
        let displaced = keys[slot]
        keys[slot] = -1
        // Unless it is something else, too.
        if !keys.contains(displaced) { keepAsAttribute(displaced) }
      }
      (slots[slot], keys[slot], ranks[slot]) = (value, key, rank)
      if !(FieldSlot(rawValue: slot)?.staysAttribute ?? true) { stays = false }
    }
    if stays { keepAsAttribute(key) }
    return true
  }

  /// The key of what a slot holds; nil for what a path reaches: that is an attribute with all that is around it.
  func key(of slot: FieldSlot) -> Int? {
    let key = keys[slot.rawValue]
    return key >= 0 ? key : nil
  }

  /// Keeps beside the texts what a slot holds and the sample has no place for.
  func keepAsAttribute(_ slot: FieldSlot) {
    if let key = key(of: slot) { keepAsAttribute(key) }
  }

  /// Keeps a field beside the texts, at its place in the order of the record.
  private func keepAsAttribute(_ key: Int) {
    guard let last = attributes.last, last > key else { return attributes.append(key) }
    attributes.insert(key, at: attributes.firstIndex { $0 > key } ?? attributes.endIndex)
  }

  private func duplicateAttribute(of tape: UnsafeTape) -> Int {
    if attributes.count > 16 {
      var seen: Set<[UInt8]> = []
      return attributes.first { !seen.insert(Array(tape.text($0))).inserted } ?? -1
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
    let said = draft.entries[response]
    guard said.hasCalls || !draft.isBlank(said) else {
      if draft.holdsReasoning(said) {
        throw Failure(reason: .reasoningOnly, detail: "the response holds what was thought, and no answer")
      }
      throw Failure(reason: .emptyResponse, detail: "the response holds no text")
    }
    if said.isMasked { tallies.untrained += 1 }
    var lengths = draft.lengths(of: parts) { shape.countTokens?($0) ?? shape.lengthUnit.measure($0) }
    if shape.lengthUnit == .field { lengths = try lengthsFromField(of: tape) }
    let task = try taskIndex(of: tape, shape)
    let start = batch.arena.count
    guard start - recordStart <= limits.unfoldedBytes else {
      throw Failure(
        reason: .lineTooLong, detail: "the samples of the record have more than \(limits.unfoldedBytes) bytes together")
    }
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
    case .string:
      let text = tape.text(value)
      try checkLabel(text.count)
      return text.isEmpty ? nil : tasks.index(of: text)
    case .object, .array, .other:
      throw Failure(reason: .wrongType, detail: "the task is \(tape.name(of: tape.kind(value))), not a name")
    default:
      var text: [UInt8] = []
      CanonicalJSON.append(value, of: tape, to: &text)
      try checkLabel(text.count)
      return text.withUnsafeBufferPointer { tasks.index(of: $0) }
    }
  }

  private func checkLabel(_ bytes: Int) throws(Failure) {
    guard bytes > IngestionLimits.labelBytes else { return }
    throw Failure(
      reason: .labelTooLong,
      detail: "the name of the task has \(bytes) bytes, and \(IngestionLimits.labelBytes) are possible")
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
