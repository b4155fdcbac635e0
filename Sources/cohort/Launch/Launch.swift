import ArgumentParser
import CohortActions
import CohortCore
import CohortSystem

/// One run of the program, from arguments to exit code.
struct Launch {
  let arguments: [String]
  private let sink = ByteSink(descriptor: STDOUT_FILENO, name: "standard output")

  init(arguments: [String]) { self.arguments = arguments }

  /// Runs, and ends the process.
  func end() -> Never { SystemCall.end(run()) }

  /// Parses, executes, reports. Never leaves output behind in a buffer.
  /// - Returns: the exit code.
  func run() -> Int32 {
    // A limit on the size of files is a full disk, not an end.
    for ignored in [SIGPIPE, SIGXFSZ] { _ = signal(ignored, SIG_IGN) }
    Interruption.install(json: wantsJSON)
    DamageSignals.install(wantsJSON ? .object : .text)
    do {
      let code = try parseAndExecute()
      try sink.flush()
      return code
    } catch is OutputClosed {
      return endByPipe()
    } catch {
      return report(ErrorReport(error))
    }
  }

  private func parseAndExecute() throws -> Int32 {
    var parsed: any ParsableCommand
    do {
      let long = LongArguments(arguments)
      parsed = try Cohort.parseAsRoot(long.arguments)
      if var command = parsed as? any ParsableCommand & TakesManyPaths {
        command.paths = long.restored(command.paths)
        parsed = command
      }
    } catch {
      return try explain(error)
    }
    guard let command = parsed as? any CohortCommand else { return try runBuiltIn(parsed) }
    let session = try Session(command.global, sink: sink)
    defer { session.progress.finish() }
    return try command.execute(session).exitCode
  }

  /// Help, version and completion requests come back as commands of the argument parser's own, and command groups
  /// without a sub-command as themselves.
  private func runBuiltIn(_ parsed: any ParsableCommand) throws -> Int32 {
    if parsed is any CohortCommandGroup, !arguments.isEmpty {
      let names = type(of: parsed).configuration.subcommands.map { $0._commandName }
      throw CohortError(
        .cliMissingCommand, "'\(type(of: parsed).qualifiedName)' needs a sub-command",
        hint: "It has: \(names.joined(separator: ", "))")
    }
    do {
      var command = parsed
      try command.run()
      return 0
    } catch {
      return try explain(error)
    }
  }

  /// Tells what the argument parser threw: a clean exit with text, or a usage error.
  private func explain(_ error: any Error) throws -> Int32 {
    let columns = Terminal(descriptor: STDOUT_FILENO, environment: Session.environment).columns ?? 80
    // Before all else: the parser answers a question for help with an unknown command by the help of the known one.
    if let unknown = unknownCommand() { throw unknown }
    if Cohort.exitCode(for: error) == .success {
      try sink.write(Cohort.fullMessage(for: error, columns: max(columns, 60)) + "\n")
      return 0
    }
    let full = Cohort.fullMessage(for: error, columns: max(columns, 60))
    let usage = full.firstRange(of: "Usage: ").map { String(full[$0.lowerBound...]) }
    return report(ErrorReport(CohortError.usage(Cohort.message(for: error)), usage: usage))
  }

  /// The first word that should have been a command and is none.
  private func unknownCommand() -> CohortError? {
    var node: any ParsableCommand.Type = Cohort.self
    var path = [node._commandName]
    var isValue = false
    for argument in arguments {
      if node.configuration.subcommands.isEmpty || argument == "--" { return nil }
      if isValue {
        isValue = false
      } else if argument.hasPrefix("-") {
        isValue = GlobalOptions.valued.contains(argument) || argument == "--generate-completion-script"
      } else if let next = node.configuration.subcommands.first(where: {
        $0._commandName == argument || $0.configuration.aliases.contains(argument)
      }) {
        node = next
        path.append(argument)
      } else if argument == "help" {
        continue
      } else {
        let names = node.configuration.subcommands.map { $0._commandName }
        let name = path.joined(separator: " ")
        let close = Suggestion.closest(to: argument, among: names)
        return CohortError(
          .cliUnknownCommand, "'\(argument)' is not a command of '\(name)'",
          hint: close.map { "Did you mean '\(name) \($0)'?" } ?? "'\(name) --help' lists the commands")
      }
    }
    return nil
  }

  /// Standard output gets what was printed so far and then, for programs, the error: as its last line, or as the last
  /// element of the array that was begun.
  private func report(_ report: ErrorReport) -> Int32 {
    let terminal = Terminal(descriptor: STDERR_FILENO, environment: Session.environment)
    let isJSON = sink.carriesJSON ?? wantsJSON
    var isClosed = false
    do {
      if isJSON {
        let isInArray = sink.isArrayOpen
        sink.isArrayOpen = false
        try sink.write {
          if isInArray { $0.append(contentsOf: ",\n".utf8) }
          JSONText.append(report.json, to: &$0)
          $0.append(contentsOf: (isInArray ? "\n]\n" : "\n").utf8)
        }
      }
      try sink.flush()
    } catch {
      isClosed = error is OutputClosed
    }
    if !isClosed || !isJSON { SystemCall.put(report.text(color: terminal.hasColor), on: STDERR_FILENO) }
    return report.error.category.exitCode
  }

  /// Whether errors shall be JSON. Known before the arguments are parsed, because they may not parse.
  private var wantsJSON: Bool {
    var format = Session.environment(Setting.format.environmentName)
    var isValue = false
    for argument in arguments.prefix(while: { $0 != "--" }) {
      if isValue {
        format = argument
        isValue = false
      } else if argument == "--json" {
        format = OutputFormat.json.rawValue
      } else if argument.hasPrefix("--format=") {
        format = String(argument.dropFirst("--format=".count))
      } else {
        isValue = argument == "--format"
      }
    }
    return format.flatMap { OutputFormat(rawValue: $0) }?.isJSON ?? false
  }

  /// Ends as a program does that leaves SIGPIPE alone: silently, and visibly to the shell.
  private func endByPipe() -> Int32 {
    _ = signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    return 128 + SIGPIPE
  }
}

extension ParsableCommand {
  /// The name as it is typed: `cohort plan`.
  static var qualifiedName: String { self == Cohort.self ? "cohort" : "cohort \(_commandName)" }
}
