import ArgumentParser
import CohortCore

/// A command whose paths a shell can make thousands of, out of one `*`.
protocol TakesManyPaths {
  var paths: [String] { get set }
}

extension IngestCommand: TakesManyPaths {}

/// Arguments without their long runs of paths: what the argument parser does with positional arguments is quadratic in
/// their number.
///
/// ```
/// ingest --task x a b c d … z --json    ->    ingest --task x a <0> --json    and    <0> = b c d … z
/// ```
struct LongArguments {
  /// What the parser gets. A run's place is held by an argument that no program can be given: it has a NUL.
  private(set) var arguments: [String] = []
  private var runs: [ArraySlice<String>] = []

  /// Runs that are not longer are left alone.
  private static let shortRun = 64

  init(_ given: [String]) {
    guard given.count > Self.shortRun, Self.isIngest(given) else {
      arguments = given
      return
    }
    var rest = given[...]
    while let first = rest.first {
      let run = rest.prefix { !$0.hasPrefix("-") }
      if run.count > Self.shortRun {
        // The first may be an option's value; no option has two.
        arguments += [run[run.startIndex], run[run.startIndex + 1], "\u{0}\(runs.count)"]
        runs.append(run.dropFirst(2))
      } else {
        arguments += run.isEmpty ? [first] : Array(run)
      }
      rest = rest.dropFirst(max(run.count, 1))
    }
  }

  /// Paths as they were given, from those that the parser gave back.
  func restored(_ paths: [String]) -> [String] {
    paths.flatMap { path -> ArraySlice<String> in
      guard path.utf8.first == 0, let number = Int(path.dropFirst()), runs.indices.contains(number) else {
        return [path]
      }
      return runs[number]
    }
  }

  /// Whether the command, behind the options that stand before it, is `ingest`.
  private static func isIngest(_ given: [String]) -> Bool {
    var isValue = false
    for argument in given {
      if isValue {
        isValue = false
      } else if argument.hasPrefix("-") {
        isValue = GlobalOptions.valued.contains(argument)
      } else {
        return argument == IngestCommand._commandName
      }
    }
    return false
  }
}
