import ArgumentParser

/// What every command understands, before and after its name.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The store's folder. Else COHORT_STORE, else ./cohort.", valueName: "path"),
    completion: .directory)
  var store: String?

  @Option(help: "How data is printed.")
  var format: OutputFormat?

  @Flag(help: "Short for --format json; errors are JSON, too.")
  var json = false

  @Option(help: "Whether progress goes to standard error. Notes always do, unless this is off.")
  var progress: ProgressMode?

  @Option(help: ArgumentHelp("Threads to use. Results never depend on it.", valueName: "n"))
  var workers: Int?

  mutating func validate() throws {
    if json, let format, !format.isJSON {
      throw ValidationError("--json and --format \(format.rawValue) contradict each other.")
    }
  }

  /// The flags that were given, as settings.
  var settings: [Setting: (text: String, name: String)] {
    var given: [Setting: (text: String, name: String)] = [:]
    if let store { given[.store] = (store, "--store") }
    if let format { given[.format] = (format.rawValue, "--format") }
    if json, format == nil { given[.format] = (OutputFormat.json.rawValue, "--json") }
    if let progress { given[.progress] = (progress.rawValue, "--progress") }
    if let workers { given[.workers] = (String(workers), "--workers") }
    return given
  }

  /// Options above that take the next argument as their value.
  static let valued: Set<String> = ["--store", "--format", "--progress", "--workers"]
}
