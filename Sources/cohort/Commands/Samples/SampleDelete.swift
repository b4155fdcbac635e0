import ArgumentParser
import CohortCore
import CohortPipeline
import CohortStore

/// What a deletion needs, under both of its names.
struct DeletionOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Sample ids, or ranges A..<B.", valueName: "id")) var ids: [IDRangeArgument]
  @Option(help: "Why; kept in the log.") var reason = "deleted by the user"
  @Flag(help: "Say what would be deleted, and delete nothing.") var dryRun = false
  @Flag(help: "Also overwrite what the file still holds of deleted samples. Reads the whole file.") var erase = false

  static let help = examples(
    "cohort sample delete 17", "cohort delete '100..<200' --reason \"take-down request 4711\"",
    text: """
      The payload is erased, a tombstone and a log entry stay. Plans pinned before keep their arithmetic: their \
      batches leave the hole out. Ids that do not exist are an error and delete nothing; ids that are deleted already \
      are left alone. The freed bytes are overwritten as the store uses them again; --erase does it at once.
      """)

  func delete(_ session: Session) throws -> Outcome {
    let store = dryRun ? try session.readableStore() : try session.writableStore(for: "delete")
    let (found, gone) = try store.read { transaction -> ([SampleID], Int) in
      let next = try transaction.counters.nextSample
      var found: [SampleID] = []
      var gone = 0
      for range in ids {
        for number in range.range {
          let id = SampleID(number)
          guard id.rawValue < next else { throw try SampleShow.missing(id, in: transaction) }
          if try transaction.isDeleted(id) { gone += 1 } else { found.append(id) }
        }
      }
      return (Array(Set(found)).sorted(), gone)
    }
    let deleted =
      dryRun ? found : try DeletionJob.run(store, found, reason: reason, control: session.jobControl())
    let remains = erase && !dryRun ? try store.eraseRemains() : nil
    session.progress.finish()
    var record: OutputRecord = [
      "deleted": .count(deleted.count), "already_deleted": .count(gone), "dry_run": .boolean(dryRun),
      "ids": .list(deleted.map { .id($0) }),
    ]
    if let remains {
      record.append("erased_pages", .count(remains.pages))
      record.append("pages_in_use", .count(remains.inUse))
    }
    try session.output.record(record)
    return .done
  }
}

/// `cohort sample delete`
struct SampleDelete: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete samples for good.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome { try deletion.delete(session) }
}

/// `cohort delete`, the short name.
struct DeleteCommand: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Short for 'sample delete'.", discussion: DeletionOptions.help)

  @OptionGroup var deletion: DeletionOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome { try deletion.delete(session) }
}
