import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortSystem

/// Prints the answers to statements while they are computed.
///
/// Rows appear as they come, but for JSON, which is one document: it is whole, or not there. Whoever reads slowly holds up
/// nothing: what is not read yet lies in memory, within the limit of bytes, and the statement goes on.
final class AnswerPrinter {
  /// How rows are printed.
  var format: OutputFormat
  /// Where they go.
  private let sink: ByteSink
  private var terminal: Terminal
  /// The most bytes of an answer.
  private let limit: Int
  /// What shows an answer that is longer than the screen; nil for nothing.
  private let pager: PagerCommand?

  // Of the statement under way.
  private var printer: RowPrinter?
  private var rows = 0
  private var flushed = ContinuousClock.now
  private var failure: (any Error)?
  private var running: Pager?

  /// How long rows wait for others to be shown with.
  private static let patience = Duration.milliseconds(200)

  init(format: OutputFormat, terminal: Terminal, sink: ByteSink, limit: Int, pager: PagerCommand? = nil) {
    self.format = format
    self.terminal = terminal
    // Not every pager lets colour through.
    if pager != nil { self.terminal.hasColor = false }
    self.sink = sink
    self.limit = limit
    self.pager = pager
  }

  var output: Output { Output(format: format, terminal: terminal, sink: sink) }

  /// Asks, and prints what comes.
  /// - Parameter ask: gets what takes the answer.
  /// - Returns: the number of rows.
  /// - Throws: what `ask` throws; `catalog.byte-limit` where padding makes the answer longer than it may be; as `ByteSink`.
  func print(
    mistake: @escaping (Int) -> Void = { _ in }, _ ask: (CatalogQuery.Receiver) throws -> Void
  ) throws -> Int {
    (printer, rows, failure, running) = (nil, 0, nil, nil)
    flushed = .now
    let start = sink.count
    if format == .json || pager != nil { try sink.hold() } else if !isFile { try sink.beginSpooling() }
    let output = output
    do {
      try ask(
        CatalogQuery.Receiver(
          columns: { [self] in printer = output.rows($0) },
          row: { [self] row in
            if let failure { throw failure }
            try printer?.print(row)
            rows += 1
            guard sink.count - start <= limit else {
              throw CohortError(
                .catalogByteLimit, "The answer has more than \(limit) bytes as it is printed",
                hint: "Select fewer columns or rows, or print jsonl")
            }
            try rowPrinted()
          }, waiting: { [self] in showIfStale() }, mistake: mistake))
      if let failure { throw failure }
      try printer?.finish()
      if running == nil, isTooLongForScreen { try startPager() }
      try sink.release()
      try end()
    } catch {
      // What was not shown yet of an answer without an end is not shown.
      sink.discard()
      do { try end() } catch is OutputClosed { throw OutputClosed() } catch {}
      if error is OutputClosed, running != nil { return rows }
      throw error
    }
    return rows
  }

  /// Waits for whoever reads.
  private func end() throws {
    defer { running?.finish() }
    do {
      try sink.endSpooling { Interruption.requested }
    } catch is OutputClosed where running != nil {
      // Whoever leaves the pager has seen enough.
    }
  }

  /// Regular files take all at once.
  private var isFile: Bool { sink.isFile }

  private func rowPrinted() throws {
    if sink.isHeld {
      if pager != nil, format != .json, isTooLongForScreen {
        try startPager()
        try sink.release()
      }
      return
    }
    // The first row at once, for programs that wait for it.
    if rows == 1, format == .jsonl || format == .csv { try sink.flush() }
  }

  /// Shows rows that have waited for a while. A table in a pipe is the same whenever its rows come.
  private func showIfStale() {
    guard rows > 0, failure == nil, format != .json, ContinuousClock.now - flushed > Self.patience else { return }
    flushed = .now
    do {
      // They come too slowly for a pager, which shows a screen at a time.
      if sink.isHeld { try sink.release() }
      if terminal.isTerminal || format.tableStyle == nil { try printer?.flush() }
    } catch {
      failure = error
    }
  }

  // MARK: Paging

  private var isTooLongForScreen: Bool {
    guard let pager, sink.isHeld else { return false }
    return pager.screen.lines(of: sink.held) >= pager.screen.rows
  }

  private func startPager() throws {
    guard let pager, running == nil, let started = try? Pager(pager.command) else { return }
    running = started
    try sink.beginSpooling(to: started.input)
  }
}
