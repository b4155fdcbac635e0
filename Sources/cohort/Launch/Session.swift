import CohortSystem

/// What one run of a command works with: its settings, where its data goes, and where its progress goes.
struct Session {
  let configuration: Configuration
  let output: Output
  let progress: ProgressLine

  /// - Throws: as `Configuration.resolve`.
  init(_ options: GlobalOptions, sink: ByteSink) throws {
    configuration = try Configuration.resolve(
      Configuration.Sources(
        flags: options.settings, environment: Self.environment, processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    let format = OutputFormat(rawValue: configuration.text(.format)) ?? .table
    sink.carriesJSON = format.isJSON
    output = Output(
      format: format,
      terminal: Terminal(descriptor: STDOUT_FILENO, environment: Self.environment), sink: sink)
    progress = ProgressLine(
      mode: ProgressMode(rawValue: configuration.text(.progress)) ?? .auto,
      terminal: Terminal(descriptor: STDERR_FILENO, environment: Self.environment))
  }

  /// The store's folder.
  var storePath: String { configuration.text(.store) }

  /// An environment variable.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
