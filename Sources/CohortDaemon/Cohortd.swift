import ArgumentParser
import CohortActions
import CohortCore

/// The command line of the daemon.
struct Cohortd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cohortd",
    abstract: "Own stores: take in what comes over HTTP and into inboxes, and keep groups in step.",
    discussion: """
      EXAMPLES:
        cohortd --store data/store
        cohortd --store a --inbox /srv/drop/a --store b --inbox /srv/drop/b
        cohortd --store data/store --task-from-folder --consume delete
        cohortd --store data/store --once
        cohortd --store data/store --listen 127.0.0.1:8420 --token-file tokens
        cohortd --config /etc/cohort/cohortd.toml --check
        cohortd --config /etc/cohort/cohortd.toml

      A file is taken when it is renamed into the inbox, or when nothing has changed in it for a second and nobody \
      has it open for writing. Once its samples are durable it is moved to the folder .done of the inbox; what cannot \
      be read goes to .failed, with the reason beside it.

      HTTP is answered on the socket run/http.sock in the store, or that of --socket, and where --listen says. \
      Commands of cohort that write work beside the daemon: it lends them turns. Each of several stores has its own \
      process.

      SIGTERM and SIGINT end the daemon within ten seconds, a second one at once. SIGHUP reads the configuration file \
      anew: what only a restart changes is named in the log, and a file with a mistake changes nothing.
      """, version: "cohortd \(Release.version)")

  @OptionGroup var options: DaemonOptions
}
