import CohortProviders
import ArgumentParser
import CohortActions

/// `cohort embed check`
struct EmbedCheck: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Try an embedding server, and print what it does.",
    discussion: examples(
      "cohort embed check --url http://localhost:8000 --model BAAI/bge-small-en-v1.5",
      "cohort embed check --url https://api.openai.com --model text-embedding-3-small --api-key-env OPENAI_API_KEY",
      "cohort embed check --provider tei --url http://localhost:8080",
      "cohort embed check --provider ollama --url http://localhost:11434 --model nomic-embed-text",
      text: """
        Sends a few dozen short texts, and a long one. Nothing is stored.

        It exits with 0 if the server can be used, 1 if not (its key, its answers), 3 if it has no such model or address, \
        5 if it cannot be reached, and 75 if it is busy or keeps failing for now.
        """))

  @Option(help: "The server's interface.") var provider = ProviderKindArgument(kind: .openai)
  @Option(help: ArgumentHelp("The largest batch to try.", valueName: "n")) var mostTexts = 256
  @OptionGroup(title: "Embedding server") var server: ProviderArguments
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    guard (1...4096).contains(mostTexts) else { throw ValidationError("--most-texts takes a number from 1 to 4096.") }
    try server.check(for: provider.kind, of: "--provider")
  }

  func execute(_ session: Session) throws -> Outcome {
    let server = try server.configuration(provider.kind, standard: [(name: "patience", value: "15")])
    return try session.print(EndpointCheckAction(server: server, mostTexts: mostTexts).run(session.jobControl()))
  }
}
