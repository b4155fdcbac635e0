import ArgumentParser
import CohortActions

/// The daemon of Cohort.
@main
struct Cohortd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cohortd", abstract: "Own stores, and take in what is put into their inboxes.",
    discussion: """
      EXAMPLES:
        cohortd --store data/store
        cohortd --store a --inbox /srv/drop/a --store b --inbox /srv/drop/b
        cohortd --store data/store --task-from-folder --consume delete
        cohortd --store data/store --once

      A file is taken when it is renamed into the inbox, or when nothing has changed in it for a second and nobody \
      has it open for writing. Once its samples are durable it is moved to the folder .done of the inbox; what cannot \
      be read goes to .failed, with the reason beside it. SIGTERM and SIGINT end the daemon within ten seconds, a second one at once.
      """, version: "cohortd \(Release.version)")

  @OptionGroup var options: DaemonOptions

  static func main() { Launch.end() }
}
