internal import CohortCore

/// Reads one source from its beginning to its end and cuts it into blocks of whole records. Where it cuts depends on the
/// bytes and the options only, never on how the bytes arrive.
///
/// ```
/// memory of a block:  [ rest of the block before | read from the stream … | padding ]
///                       ^ open record              ^ filled
/// ```
///
/// Used by one thread at a time; the reader hands it from worker to worker under its lock.
final class RecordScanner: @unchecked Sendable {
  private let source: InputSource
  private let options: IngestionOptions
  private let parser: JSONParser
  private let pool: BlockMemoryPool
  private var stream: (any ByteStream)?
  private var splitter: any RecordSplitter = LineSplitter()
  private var shape: CompiledShape?
  private var table: TableHeader?
  private var countsInstances = false
  private var isLines = false
  private var recordCount = 0
  /// What the stream said when it could read no further; reported after the records before it.
  private var failure: CohortError?
  private var isAtEnd = false
  private var rest: [UInt8] = []
  private var droppedPrefix: [UInt8] = []
  /// What a block of the most records needs, so that short records are not copied from block to block.
  private var nextCapacity: Int
  private var countedBytes: UInt64 = 0
  private var notes: [IngestionNote] = []
  /// Conversations that are put together already, the last first.
  private var linked: [LinkedRows.Other] = []

  init(_ source: InputSource, options: IngestionOptions, pool: BlockMemoryPool) throws(CohortError) {
    self.pool = pool
    self.source = source
    self.options = options
    nextCapacity = options.batchBytes
    parser = try JSONParser(depth: options.limits.depth)
  }

  private var path: String { source.description.path }

  /// The next block. After one with `isLast`, and after an error, there is none.
  func next() throws(CohortError) -> InputBlock {
    if stream == nil { return try first() }
    if !linked.isEmpty { return linkedBlock() }
    if let failure, rest.isEmpty { throw failure }
    let block = try cut(into: InputBlock(capacity: max(nextCapacity, rest.count), pool: pool))
    return shape == nil ? try judged(block) : block
  }

  // MARK: The first block

  private func first() throws(CohortError) -> InputBlock {
    try openStream()
    let block = InputBlock(capacity: options.batchBytes, pool: pool)
    try fill(block)
    var start = 0
    if block.bytes.starts(with: TextSniffing.byteOrderMark) { start = 3 }
    let head = UnsafeBufferPointer(rebasing: block.bytes[start...])
    if head.isEmpty, isAtEnd { note("empty: 0 records") }
    if let error = ForeignText.error(head, path: path) { throw error }
    let name = FileName(path.split(separator: "/").last.map(String.init) ?? path)
    let plan = try TextPlan(
      head, isWhole: isAtEnd && failure == nil, name: name, options: options, parser: parser, path: path)
    for text in plan.notes { note(text) }
    start += plan.start
    try begin(plan, in: block, at: &start)
    splitter.position = start
    splitter.openStart = start
    if splitter is TableSplitter { try readHeader(block) }
    let cut = try cut(into: block, isFilled: true)
    return try judged(cut)
  }

  private func note(_ message: String) { notes.append(IngestionNote(path: path, message: message)) }

  /// Makes the splitter.
  private func begin(_ plan: TextPlan, in block: InputBlock, at start: inout Int) throws(CohortError) {
    if let split = options.split {
      if case .list(split, nil) = plan.division {} else { note("holds no splits: --split \(split) has no effect") }
    }
    switch plan.division {
    case .lines:
      splitter = LineSplitter(lineEnd: plan.lineEnd)
      isLines = true
    case .array: splitter = ElementSplitter(isArray: true)
    case .documents:
      splitter = ElementSplitter(isArray: false)
      countsInstances = true
    case .list(let key, let inner): splitter = ListSplitter(key: key, inner: inner)
    case .columns:
      try readColumns(from: start, of: block)
      start = 0
    case .table(let form, let line): splitter = TableSplitter(form, line: line)
    }
  }

  /// Reads the whole document, and puts its rows in place of what is left of the stream.
  private func readColumns(from start: Int, of block: InputBlock) throws(CohortError) {
    var document = [UInt8](block.bytes[start...])
    while !isAtEnd, document.count <= options.limits.recordBytes {
      block.filled = 0
      try fill(block)
      document += block.bytes
    }
    if let failure { throw failure }
    guard document.count <= options.limits.recordBytes else {
      throw CohortError(
        .ingestionColumnsTooLong, "the input is written by columns and longer than \(options.limits.recordBytes) bytes",
        place: path, cause: "to make records of columns, all of them must be in memory",
        hint: "Write it as records, in pandas: df.to_json(OUT, orient=\"records\", lines=True); "
          + "or raise --max-line-bytes")
    }
    let consumed = stream?.consumed ?? 0
    if let columns = try ColumnStream(
      document + [UInt8](repeating: 0, count: JSONParser.padding), limits: options.limits, consumed: consumed)
    {
      stream = columns
      splitter = LineSplitter()
    } else {
      stream = BufferedStream(document, consumed: consumed)
      splitter = ElementSplitter(isArray: false)
    }
    isAtEnd = false
    block.filled = 0
    try fill(block)
  }

  /// Finds the layout, unless there is no record yet to judge by.
  private func judged(_ block: InputBlock) throws(CohortError) -> InputBlock {
    if block.records.isEmpty, !block.isLast { return block }
    shape = try detectIfAny(block)
    if shape == nil, isLines, JoinedLines.divide(block, with: parser) { shape = try detectIfAny(block) }
    block.shape = shape
    block.previewedRecords = options.previewedRecords
    return shape?.shape.body == .linked ? try link(from: block) : block
  }

  private func detectIfAny(_ block: InputBlock) throws(CohortError) -> CompiledShape? {
    do throws(CohortError) {
      return try detect(block)
    } catch {
      if error.code == .ingestionNoRecords { return nil }
      throw error
    }
  }

  private func openStream() throws(CohortError) {
    let input = try source.open()
    let prefix = try input.peek(Container.prefixLength)
    switch Container(prefix: prefix) {
    case .plain: stream = PlainStream(input)
    case .gzip: stream = try GzipStream(input, limits: options.limits)
    case .zstd: stream = try ZstdStream(input, limits: options.limits)
    case .foreign(let name, let hint):
      throw CohortError(.ingestionForeignFormat, "\(name) files are not read here", place: path, hint: hint)
    }
  }

  /// The first row of a table names the columns.
  private func readHeader(_ block: InputBlock) throws(CohortError) {
    guard var copy = splitter as? TableSplitter else { return }
    var found = FoundRecords(recordLimit: options.limits.recordBytes)
    copy.split(block.bytes, atEnd: isAtEnd, limit: 1, into: &found)
    guard let row = found.records.first else {
      if isAtEnd { return }
      throw CohortError(
        .ingestionInvalidHeader, "the header of the table is longer than \(options.batchBytes) bytes", place: path,
        hint: "The first row must name each column once")
    }
    let header = try TableHeader(row: block.bytes(of: row), form: copy.form, path: path)
    copy.columns = header.columns.count
    table = header
    splitter = copy
  }

  private func detect(_ block: InputBlock) throws(CohortError) -> CompiledShape? {
    var detection = LayoutDetection(options: options, given: source.givenShape, path: path)
    var json: [UInt8] = []
    var field: [UInt8] = []
    for record in block.records where record.issue < 0 {
      if detection.rows == LayoutDetection.rowLimit { break }
      guard let tape = tape(of: record, in: block, &json, &field) else { continue }
      detection.add(UnsafeTape.root, of: tape)
    }
    guard let choice = try detection.result(isWhole: block.isLast) else { return nil }
    block.notes += choice.notes.map { IngestionNote(path: path, message: $0) }
    return CompiledShape(choice.shape, options: options, source: source)
  }

  /// A record as JSON, a row of a table with its columns as keys; nil for what cannot be read.
  private func tape(
    of record: InputBlock.Record, in block: InputBlock, _ json: inout [UInt8], _ field: inout [UInt8]
  ) -> UnsafeTape? {
    guard let table else { return try? parser.parse(block.bytes(of: record)) }
    json.removeAll(keepingCapacity: true)
    do { try table.write(block.bytes(of: record), to: &json, field: &field) } catch { return nil }
    json.append(contentsOf: repeatElement(0, count: JSONParser.padding))
    return json.withUnsafeBufferPointer {
      try? parser.parse(UnsafeBufferPointer(rebasing: $0.dropLast(JSONParser.padding)))
    }
  }

  // MARK: Linked messages

  /// Reads the source to its end, and puts its messages together.
  private func link(from first: InputBlock) throws(CohortError) -> InputBlock {
    var rows = LinkedRows(options)
    var (json, field): ([UInt8], [UInt8]) = ([], [])
    var block = first
    var inputBytes: UInt64 = 0
    while true {
      for record in block.records {
        let issue = record.issue >= 0 ? block.issues[record.issue] : nil
        let row = LinkedRows.Other(line: record.line, bytes: Array(block.bytes(of: record)), issue: issue)
        try rows.add(row, issue == nil ? tape(of: record, in: block, &json, &field) : nil, path: path)
      }
      inputBytes += block.inputBytes
      if block.isLast { break }
      if let failure, rest.isEmpty { throw failure }
      block = try cut(into: InputBlock(capacity: max(nextCapacity, rest.count), pool: pool))
    }
    let (records, orphans, unread) = try rows.conversations(path: path)
    linked = records.reversed()
    var shape = Layout.messages.shapes[0]
    shape.name = Layout.oasst.name
    self.shape = CompiledShape(shape, options: options, source: source)
    let next = linkedBlock()
    next.inputBytes = inputBytes
    next.notes = first.notes
    next.previewedRecords = options.previewedRecords
    for (count, what) in [
      (orphans, "answer a message that is not in the file"),
      (unread, "lead to no accepted answer of the assistant: they are in no conversation"),
    ] where count > 0 {
      next.notes.append(IngestionNote(path: path, message: "\(count) messages \(what)"))
    }
    return next
  }

  private func linkedBlock() -> InputBlock {
    var bytes = 0
    let count = linked.reversed().prefix(options.batchRecords).prefix { record in
      defer { bytes += record.bytes.count }
      return bytes < options.batchBytes
    }.count
    let taken = linked.suffix(count)
    let block = InputBlock(capacity: max(1, taken.reduce(0) { $0 + $1.bytes.count }), pool: pool)
    for record in taken.reversed() {
      record.bytes.withUnsafeBufferPointer { bytes in
        if let base = bytes.baseAddress { (block.memory + block.filled).update(from: base, count: bytes.count) }
      }
      var place = InputBlock.Record(start: block.filled, count: record.bytes.count, line: record.line)
      if let issue = record.issue {
        place.issue = block.issues.count
        block.issues.append(issue)
      }
      block.records.append(place)
      block.filled += record.bytes.count
    }
    linked.removeLast(taken.count)
    block.shape = shape
    block.isLast = linked.isEmpty
    return block
  }

  // MARK: Cutting

  /// Finds the records of the next block; reads on until there is one, or the input ends.
  private func cut(into first: InputBlock, isFilled: Bool = false) throws(CohortError) -> InputBlock {
    var block = first
    var found = FoundRecords(droppedPrefix: droppedPrefix, recordLimit: options.limits.recordBytes)
    var needsBytes = !isFilled
    while true {
      if needsBytes { try fill(block) }
      let isWhole = isAtEnd && failure == nil
      splitter.split(block.bytes, atEnd: isWhole, limit: options.batchRecords, into: &found)
      let isExhausted = splitter.position == block.filled
      if !found.records.isEmpty || (isAtEnd && isExhausted) { break }
      // Nothing ended here: either white space only, or one record that goes on.
      if splitter.dropped == 0, splitter.position - splitter.openStart > options.limits.recordBytes,
        splitter.recover(block.bytes, into: &found)
      {
        break
      }
      block = dropOrGrow(block, &found)
      needsBytes = true
    }
    droppedPrefix = found.droppedPrefix
    return try finish(block, found)
  }

  /// Makes room behind an open record: throws away what is not needed, or takes a larger block.
  private func dropOrGrow(_ block: InputBlock, _ found: inout FoundRecords) -> InputBlock {
    let open = splitter.position - splitter.openStart
    if splitter.dropped > 0 || open > options.limits.recordBytes {
      if splitter.dropped == 0 {
        let kept = min(open, SampleBatch.Rejection.rawLimit)
        found.droppedPrefix = [UInt8](block.bytes[splitter.openStart..<(splitter.openStart + kept)])
      }
      splitter.willDrop(block.bytes)
      splitter.dropped += UInt64(open)
      splitter.openStart = splitter.position
    }
    let kept = UnsafeBufferPointer(rebasing: block.bytes[splitter.openStart...])
    let larger = kept.count * 2 > block.capacity ? InputBlock(capacity: block.capacity * 2, pool: pool) : block
    if let base = kept.baseAddress, !kept.isEmpty { larger.memory.update(from: base, count: kept.count) }
    larger.filled = kept.count
    splitter.rebase(by: splitter.openStart)
    return larger
  }

  private func finish(_ block: InputBlock, _ found: FoundRecords) throws(CohortError) -> InputBlock {
    block.records = found.records
    block.issues = found.issues
    rest = [UInt8](block.bytes[splitter.openStart...])
    let isExhausted = splitter.position == block.filled
    let isFull = found.records.count >= options.batchRecords
    nextCapacity = isFull ? min(options.batchBytes, max(64 << 10, splitter.openStart * 5 / 4)) : options.batchBytes
    splitter.rebase(by: splitter.openStart)
    if isAtEnd, isExhausted, !isFull {
      if let failure {
        if found.records.isEmpty { throw failure }
        rest = []
      } else {
        block.isLast = true
        rest = []
      }
    }
    recordCount += block.records.count
    if block.isLast { try noteEnd() }
    let consumed = stream?.consumed ?? 0
    block.inputBytes = consumed - countedBytes
    countedBytes = consumed
    block.notes = notes
    notes = []
    block.shape = shape
    block.table = table
    block.countsInstances = countsInstances
    block.isLines = isLines
    return block
  }

  /// What is known only when all was read.
  private func noteEnd() throws(CohortError) {
    if splitter.commas > 0 {
      note(
        splitter.commas == 1
          ? "one value is followed by a comma that belongs to nothing, which was left out"
          : "\(splitter.commas) values are followed by commas that belong to nothing, which were left out")
    }
    if let list = splitter as? ListSplitter {
      if !list.hasList { throw WrapperSniffing.noSplit(String(decoding: list.key, as: UTF8.self), among: [], path) }
      if list.passedOver > 0 {
        note(
          "\(list.passedOver) documents have no list '\(String(decoding: list.key, as: UTF8.self))': they were passed over"
        )
      }
      if list.isCutOff { note("ends inside the document that holds the records") }
    }
    if recordCount == 0, notes.isEmpty { note("holds no records") }
  }

  /// Moves the rest of the block before to the front, and reads until the block is full or the input ends.
  private func fill(_ block: InputBlock) throws(CohortError) {
    if !rest.isEmpty {
      rest.withUnsafeBufferPointer { bytes in
        if let base = bytes.baseAddress { block.memory.update(from: base, count: bytes.count) }
      }
      block.filled = rest.count
      rest = []
    }
    guard let stream else { return }
    while !isAtEnd, block.filled < block.capacity {
      let target = UnsafeMutableRawBufferPointer(
        start: block.memory + block.filled, count: block.capacity - block.filled)
      do {
        let count = try stream.read(into: target)
        if count == 0 { isAtEnd = true } else { block.filled += count }
      } catch {
        failure = error
        isAtEnd = true
      }
    }
  }
}
