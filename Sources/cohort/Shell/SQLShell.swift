import CohortActions
import CohortCatalog
import CohortCore
import CohortPipeline
import CohortSystem

/// Statements and commands from standard input, one after the other.
///
/// A person at a terminal edits lines, and goes on after a mistake. A script stops at its first error.
final class SQLShell {
  private let query: CatalogQuery
  private let session: Session
  private let control: JobControl
  private let limit: Int
  private var printer: AnswerPrinter
  private var splitter = StatementSplitter()
  private var isTimed = false
  /// The file that answers go into; nil for standard output.
  private var file: (descriptor: Int32, sink: ByteSink)?
  private let isPerson: Bool

  /// - Parameter limit: bytes of an answer.
  init(_ query: CatalogQuery, _ session: Session, _ control: JobControl, limit: Int) {
    (self.query, self.session, self.control, self.limit) = (query, session, control, limit)
    isPerson = isatty(STDIN_FILENO) == 1
    printer = Self.screen(session, format: session.output.format, limit, isPerson)
  }

  deinit { if let file { SystemCall.close(file.descriptor) } }

  private static func screen(
    _ session: Session, format: OutputFormat, _ limit: Int, _ isPerson: Bool
  ) -> AnswerPrinter {
    let terminal = session.output.terminal
    let pager =
      isPerson && terminal.isCapable ? PagerCommand.forRows(Session.environment) : nil
    return AnswerPrinter(
      format: format, terminal: terminal, sink: session.output.sink, limit: limit, pager: pager)
  }

  func run() throws {
    if isPerson { try talk() } else { try follow() }
    try endFile()
  }

  // MARK: Scripts

  private func follow() throws {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    var isOver = false
    while !isOver {
      let count: Int
      do {
        // Nothing goes on while statements are waited for: one Control-C ends it.
        count = try Interruption.asking {
          try block.withUnsafeMutableBytes { try SystemCall.read(STDIN_FILENO, into: $0) }
        }
      } catch {
        throw CohortError(
          .cliInput, "The statements cannot be read", place: "standard input", cause: (error as? Errno)?.text)
      }
      if count == 0 { break }
      try splitter.feed(block[..<count]) { item in
        if !isOver { isOver = try !perform(item) }
      }
    }
    if !isOver, let last = splitter.finish() { _ = try perform(last) }
  }

  // MARK: People

  private func talk() throws {
    Interruption.beginShell()
    var history = ShellHistory(environment: Session.environment)
    var lines = lines(&history)
    while true {
      switch lines.next(prompt: prompt) {
      case .interrupted:
        splitter.forget()
        Interruption.forget()
      case .end: return
      case .line(let line):
        do throws(Errno) {
          if try history.add(line) { lines.remember(line) }
        } catch {
          lines.remember(line)
        }
        if splitter.place == .between, ["exit", "quit"].contains(line) { return }
        guard try !take(line) else { return }
      }
    }
  }

  /// - Returns: whether the shell ends.
  private func take(_ line: String) throws -> Bool {
    // Whoever types Control-C means the line, whichever of its statements is under way; the first that sees it tells.
    Interruption.forget()
    defer { Interruption.forget() }
    var (isOver, isCut) = (false, false)
    do {
      try splitter.feed((line + "\n").utf8) { item in
        guard !isOver, !isCut else { return }
        let (goesOn, failed) = try performForPerson(item)
        (isOver, isCut) = (!goesOn, failed && Interruption.requested)
      }
    } catch let error as CohortError {
      tell(error)
    }
    return isOver
  }

  /// With history and completion, where the terminal and the system can.
  private func lines(_ history: inout ShellHistory) -> any ShellLines {
    let errors = Terminal(descriptor: STDERR_FILENO, environment: Session.environment)
    guard errors.isCapable else { return PlainLines() }
    let tables = (try? query.tables()) ?? []
    let completion = ShellCompletion(tables: tables, functions: CatalogQuery.functions)
    let wanted = Session.environment("COHORT_LINE_EDITOR").flatMap { $0.isEmpty ? nil : $0 }
    guard let lines = UnsafeEditedLines(wanted: wanted, completion: completion) else {
      if wanted != "off" {
        session.progress.note("lines can be edited, and have a history, with \(UnsafeEditedLines.advice)")
      }
      return PlainLines()
    }
    do throws(Errno) {
      for line in try history.load() { lines.remember(line) }
    } catch {
      session.progress.note("the history cannot be read: \(history.path ?? ""): \(error.text)")
    }
    return lines
  }

  private var prompt: String {
    switch splitter.place {
    case .between: "sql> "
    case .statement: "...> "
    case .quoted(let end): "\(Character(UnicodeScalar(end)))..> "
    case .comment: "/*.> "
    }
  }

  /// - Returns: whether the shell goes on, and whether there was an error, which was told.
  private func performForPerson(_ item: StatementSplitter.Item) throws -> (goesOn: Bool, failed: Bool) {
    var mistake: Int?
    do {
      return (try perform(item) { mistake = $0 }, false)
    } catch let error as CohortError {
      tell(error, item.text, mistake)
      return (true, true)
    }
  }

  private func tell(_ error: CohortError, _ statement: String = "", _ mistake: Int? = nil) {
    let terminal = Terminal(descriptor: STDERR_FILENO, environment: Session.environment)
    let mark = mistake.flatMap { StatementMark(statement, offset: $0, columns: terminal.columns ?? 80) }
    var error = error
    // The mark shows it.
    if mark != nil { error.place = nil }
    SystemCall.put((mark?.text ?? "") + ErrorReport(error).text(color: terminal.hasColor), on: STDERR_FILENO)
  }

  // MARK: Both

  /// - Returns: false when the shell ends.
  private func perform(_ item: StatementSplitter.Item, _ mistake: ((Int) -> Void)? = nil) throws -> Bool {
    var offset: Int?
    do {
      guard item.kind == .command else {
        try answer(item.text) {
          offset = $0; mistake?($0)
        }
        return true
      }
      return try obey(ShellCommand(item.text))
    } catch var error as CohortError where !isPerson {
      // The place within one statement of a script helps nobody to find it.
      let before = item.text.utf8.prefix(offset ?? 0).count { $0 == UInt8(ascii: "\n") }
      if offset != nil || error.place == nil { error.place = "standard input, line \(item.line + before)" }
      throw error
    }
  }

  private func answer(_ sql: String, _ mistake: @escaping (Int) -> Void) throws {
    let start = ContinuousClock.now
    let count = try printer.print(mistake: mistake) { try query.answer(sql, control, to: $0) }
    guard isTimed else { return }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    SystemCall.put("time: \(Double(milliseconds) / 1000) s, rows: \(count)\n", on: STDERR_FILENO)
  }

  /// - Returns: false when the shell ends.
  private func obey(_ command: ShellCommand) throws -> Bool {
    let output = printer.output
    switch command {
    case .tables(let text):
      let found = try query.tables().filter { table in text.map { table.name.contains($0) } ?? true }
      try output.list(
        ["table", "of", "columns"],
        found.map {
          [
            "table": .text($0.name), "of": .text($0.isOfStore ? "store" : "catalog"),
            "columns": .text($0.columns.joined(separator: ", ")),
          ]
        })
    case .schema(let name):
      let found = try query.tables().filter { table in name.map { table.name == $0 } ?? true }
      if let name, found.isEmpty {
        throw CohortError.usage("There is no table '\(name)'", hint: ".tables lists them")
      }
      for table in found { try output.text(table.sql + ";\n") }
    case .mode(let format): printer.format = format
    case .timer(let isOn): isTimed = isOn
    case .output(let path): try redirect(to: path)
    case .help: try output.text(ShellCommand.helpText)
    case .quit: return false
    }
    try printer.output.flush()
    return true
  }

  private func redirect(to path: String?) throws {
    try endFile()
    printer = Self.screen(session, format: printer.format, limit, isPerson)
    guard let path else { return }
    let descriptor = try CohortError.describing({
      CohortError(.cliOutput, "The file cannot be written", place: path, cause: $0.text)
    }) { () throws(Errno) in try SystemCall.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o666) }
    let sink = ByteSink(descriptor: descriptor, name: path)
    file = (descriptor, sink)
    printer = AnswerPrinter(
      format: printer.format, terminal: Terminal(descriptor: descriptor, environment: Session.environment), sink: sink,
      limit: limit)
  }

  private func endFile() throws {
    guard let file else { return }
    self.file = nil
    defer { SystemCall.close(file.descriptor) }
    try file.sink.flush()
  }
}
