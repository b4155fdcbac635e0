import ArgumentParser
import CohortActions
import CohortCore

/// A command that does something. `run()` belongs to the argument parser; the work is in `execute`.
protocol CohortCommand: ParsableCommand {
  var global: GlobalOptions { get }

  /// Does the work and prints its value.
  /// - Returns: how it ended; errors are thrown.
  func execute(_ session: Session) throws -> Outcome
}

/// A command that is an action with one report.
protocol RecordCommand: CohortCommand {
  associatedtype Verb: RecordAction

  /// What was asked for.
  func action(_ session: Session) throws -> Verb
}

extension RecordCommand {
  func execute(_ session: Session) throws -> Outcome { try session.run(action(session)) }
}

/// A command that is an action with rows.
protocol ListCommand: CohortCommand {
  associatedtype Verb: ListAction

  /// What was asked for.
  func action(_ session: Session) throws -> Verb
}

extension ListCommand {
  func execute(_ session: Session) throws -> Outcome { try session.run(action(session)) }
}

/// How a command that did not fail ended.
enum Outcome: Sendable {
  case done
  /// Done, but some rows were quarantined.
  case quarantined
  /// Another process did the work and has said everything there is to say.
  case exited(Int32)

  var exitCode: Int32 {
    switch self {
    case .done: 0
    case .quarantined: 6
    case .exited(let code): code
    }
  }
}

/// A command that only holds others.
protocol CohortCommandGroup: ParsableCommand {}

extension ParsableArguments {
  /// Runs a request's own check, and gives the argument parser what it refuses.
  func validating(_ check: () throws -> Void) throws {
    do { try check() } catch let error as CohortError { throw ValidationError(error.message) }
  }
}

/// The examples of a command, the first thing that its help shows.
func examples(_ lines: String..., text: String = "") -> String {
  let block = "EXAMPLES:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
  return text.isEmpty ? block : block + "\n\n" + text
}
