internal import ArgumentParser
import CohortActions
import CohortCore
import CohortSystem

/// What the daemon is told on its command line: a configuration file, and what is stronger than it.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file in TOML with stores, inboxes and limits. Flags are stronger; SIGHUP reads it anew.", valueName: "file"),
    completion: .file(extensions: ["toml"]))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "A store's folder, or NAME=PATH; may be given several times, in place of the stores of the file. Its name in "
        + "addresses is the folder's last component. Else COHORT_STORE, else ./cohort.", valueName: "path"),
    completion: .directory)
  var store: [String] = []

  @Option(
    help: ArgumentHelp(
      "The inbox of the store given at the same place. Else the folder inbox in the store.", valueName: "path"),
    completion: .directory)
  var inbox: [String] = []

  @Option(help: ArgumentHelp("The embedding space that vectors beside records go to.", valueName: "name"))
  var space: String?

  @OptionGroup(title: "Inboxes") var inboxes: InboxArguments

  @Option(
    help: ArgumentHelp(
      "Answer HTTP on an address of this machine, 127.0.0.1:8420; needs --token-file. May be given several times.",
      valueName: "address:port"))
  var listen: [String] = []
  @Option(
    help: ArgumentHelp(
      "A token a line, in a file that only you can read: write TOKEN, read TOKEN, or TOKEN alone, which writes.",
      valueName: "file"), completion: .file())
  var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "Answer HTTP on this unix socket, for processes of this user. Else on run/http.sock in the store.",
      valueName: "path"), completion: .file())
  var socket: String?

  @Option(help: ArgumentHelp("Threads that parse. Results never depend on it.", valueName: "n"))
  var workers: Int?
  @Option(
    help: ArgumentHelp(
      "Take no files while less than this is free. Else 1 GiB, or 2 % of the disk if that is more.",
      valueName: "bytes"))
  var minimumFree: Int?
  @Flag(help: "Take what is in the inboxes, bring the groupings up to date, and end.") var once = false

  @Flag(help: "Check the configuration, the stores, the inboxes and the token file; start nothing.") var check = false
  @Flag(help: "Print the configuration that flags and file make, as a file; start nothing.") var printConfig = false
  @Flag(help: "With --check: print one JSON object.") var json = false

  @Option(help: "How the log on standard error looks: logfmt (the default) or json.") var logFormat: LogFormat?
  @Option(help: "The least severe messages to log: debug, info (the default), warning or error.")
  var logLevel: LogLevel?

  /// The process of one store among several: its name.
  @Option(help: .hidden) var child: String?
  /// With `--child`: read all that is stored, and serve nobody.
  @Flag(help: .hidden) var look = false

  func validate() throws {
    if !inbox.isEmpty, inbox.count != max(store.count, 1) {
      throw ValidationError("Give no --inbox, or one for each --store, in the same order.")
    }
    if config != nil, store.isEmpty, !inbox.isEmpty {
      throw ValidationError("--inbox belongs to a --store; the file names the inboxes of its own stores.")
    }
    if let workers, !(1...1024).contains(workers) { throw ValidationError("--workers takes a number from 1 to 1024.") }
    if let minimumFree, minimumFree < 0 { throw ValidationError("--minimum-free takes a number from 0.") }
    if check, printConfig { throw ValidationError("--check and --print-config exclude each other.") }
    if json, !check { throw ValidationError("--json belongs to --check.") }
  }

  /// The configuration, and everything that is wrong with it. The file is read anew each time; without mistakes the
  /// configuration is complete and makes sense.
  func configuration() -> (value: DaemonConfiguration, mistakes: [CohortError]) {
    guard let config else {
      var configuration = DaemonConfiguration()
      apply(to: &configuration)
      return (configuration, configuration.problems().map(\.error))
    }
    var reader = ConfigurationReader(config)
    var configuration = reader.configuration
    apply(to: &configuration)
    // What the flags name is in no line of the file.
    let isOfFile = { (problem: ConfigurationProblem) in store.isEmpty || problem.key.first != "stores" }
    let problems = configuration.problems()
    reader.add(problems.filter(isOfFile))
    return (configuration, reader.mistakes + problems.filter { !isOfFile($0) }.map(\.error))
  }

  private func apply(to configuration: inout DaemonConfiguration) {
    if !store.isEmpty || config == nil { configuration.stores = ownStores }
    for index in configuration.stores.indices {
      if let space { configuration.stores[index].space = space }
      for inbox in configuration.stores[index].inboxes.indices {
        inboxes.apply(to: &configuration.stores[index].inboxes[inbox])
      }
    }
    if !listen.isEmpty { configuration.http.listen = listen }
    if let tokenFile { configuration.http.tokenFile = tokenFile }
    if let socket { configuration.http.socket = socket }
    if let workers { configuration.workers = workers }
    if let minimumFree { configuration.minimumFree = minimumFree }
    if let logFormat { configuration.log.format = logFormat }
    if let logLevel { configuration.log.level = logLevel }
    configuration.complete()
  }

  /// The stores that flags, or in their absence the environment, name.
  private var ownStores: [StoreConfiguration] {
    let environment = getenv("COHORT_STORE").map { String(cString: $0) }
    let names = store.isEmpty ? [environment.flatMap { $0.isEmpty ? nil : $0 } ?? "./cohort"] : store
    return names.enumerated().map { index, text in
      var store = StoreConfiguration()
      store.path = text
      // A path with this sign is written ./a=b.
      if !self.store.isEmpty, let equals = text.firstIndex(of: "="), !text[..<equals].contains("/") {
        store.name = String(text[..<equals])
        store.path = String(text[text.index(after: equals)...])
      }
      if index < inbox.count { store.inboxes[0].path = inbox[index] }
      return store
    }
  }
}

extension LogLevel: ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
