public import CohortCore

/// Reads sources in order, as batches of samples.
///
/// The batches, their borders and their order depend on the sources and the options only; `IngestionOptions.workers`
/// decides how many threads parse ahead. Memory is bounded by about `2 * (workers + 2)` batches (a batch
/// comes from `batchBytes` of input, or from one record if that is longer), however large the inputs are.
///
/// ```swift
/// let found = try InputSource.discover(["data/"])
/// let reader = try IngestionReader(sources: found.sources, options: options)
/// try reader.check()
/// while let next = try reader.next() { store(next.source, next.batch) }
/// ```
///
/// Used by one thread. Ends its workers when it goes away.
public final class IngestionReader {
  private let sources: [InputSource]
  private let options: IngestionOptions
  private let pool: ReadAheadPool?
  private let memory: BlockMemoryPool
  /// Of the source that is being read.
  private var oddities = Oddities()
  /// Sources of which no further batch will come.
  private var ended = 0
  /// The source that the last error of `next()` ended.
  public private(set) var failed: SourceDescription?
  /// Whether the next batch comes from something that has a size, and not from a pipe, which can keep whoever reads waiting.
  public var isNextSized: Bool { ended < sources.count && sources[ended].size != nil }
  private var inline: (index: Int, scanner: RecordScanner?, parser: RecordParser)?

  /// Bytes of all sources on disk; nil when one of them has no size (standard input, a pipe).
  public let totalInputBytes: UInt64?

  /// Looks at the options and, with workers, begins to read ahead.
  /// - Throws: `ingestion.invalid-options`, or the code of the one option that makes no sense; `ingestion.no-memory`.
  public init(sources: [InputSource], options: IngestionOptions) throws(CohortError) {
    try options.validate()
    var sources = sources
    if let name = options.sourceName {
      sources = sources.map { $0.renamed(name) }
    }
    self.sources = sources
    self.options = options
    var total: UInt64? = 0
    for source in sources { total = source.size.flatMap { size in total.map { $0 + size } } }
    totalInputBytes = total
    memory = BlockMemoryPool(capacity: options.batchBytes, limit: options.workers + 2)
    if options.workers > 0, !sources.isEmpty {
      pool = ReadAheadPool(sources: sources, options: options, memory: memory)
    } else {
      pool = nil
      inline = (0, nil, try RecordParser(limits: options.limits))
    }
  }

  deinit { pool?.cancel() }

  /// Opens each file, and finds its format and layout, before anything is taken from any of them. Standard input and
  /// pipes are left alone, and so are files of a folder that only stand for data (Git LFS pointers, web pages).
  /// - Throws: `CohortError` for the first source that cannot be read.
  public func check() throws(CohortError) {
    var options = options
    options.batchBytes = min(options.batchBytes, 1 << 20)
    let memory = BlockMemoryPool(capacity: options.batchBytes, limit: 1)
    for source in sources where source.size != nil {
      do throws(CohortError) {
        _ = try RecordScanner(source, options: options, pool: memory).next()
      } catch {
        // One such file among others of a folder fails alone, when its turn comes.
        let isAlone = error.code == .ingestionGitLFSPointer || error.code == .ingestionHTMLPage
        if !source.isFromFolder || !isAlone { throw error }
      }
    }
  }

  /// The next batch; nil after the last one.
  /// - Throws: `CohortError` when a source cannot be read (any further). The batches before that are complete; the
  ///   next call goes on with the next source.
  public func next() throws(CohortError) -> SourceBatch? {
    do throws(CohortError) {
      guard var next = try advance() else { return nil }
      oddities += next.oddities
      if next.finishedSource {
        ended += 1
        next.notes += oddities.notes.map { IngestionNote(path: next.source.path, message: $0) }
        oddities = Oddities()
      }
      return next
    } catch {
      oddities = Oddities()
      // A thread that cannot be had is no source's fault.
      let isOfSource = error.code.module == .ingestion && ended < sources.count
      failed = isOfSource ? sources[ended].description : nil
      if isOfSource { ended += 1 }
      throw error
    }
  }

  private func advance() throws(CohortError) -> SourceBatch? {
    if let pool { return try pool.next() }
    guard var state = inline, state.index < sources.count else { return nil }
    let source = sources[state.index]
    do throws(CohortError) {
      let scanner =
        if let open = state.scanner { open } else { try RecordScanner(source, options: options, pool: memory) }
      let block = try scanner.next()
      state.scanner = block.isLast ? nil : scanner
      if block.isLast { state.index += 1 }
      inline = state
      return SourceBatch(block, source: source, parser: state.parser)
    } catch {
      inline = (state.index + 1, nil, state.parser)
      throw error
    }
  }
}

extension SourceBatch {
  init(_ block: InputBlock, source: InputSource, parser: RecordParser) {
    let batch = JoinedLines.parse(block, with: parser)
    self.init(
      source: source.description, batch: batch, finishedSource: block.isLast, notes: block.notes,
      layout: block.shape?.shape.name, tallies: parser.tallies, previews: parser.previews)
    oddities = Oddities(joinedLines: block.joinedLines, overridden: parser.takeOverridden())
  }
}

extension InputSource {
  func renamed(_ name: String) -> InputSource {
    var copy = InputSource(
      description: SourceDescription(name: name, path: description.path), size: size, origin: origin,
      givenShape: givenShape)
    copy.isFromFolder = isFromFolder
    return copy
  }
}
