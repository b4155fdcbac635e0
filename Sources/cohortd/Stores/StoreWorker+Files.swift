import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

extension StoreWorker {
  /// What becomes of a file that was read.
  enum Fate {
    case done
    case failed(FailureNote)
  }

  /// Where equal samples count as duplicates. Never `none`: after a crash a file is read again.
  func scope(of store: Store) -> DedupeScope {
    let scope = settings.dedupe ?? store.configuration.dedupe
    return scope == .none ? .source : scope
  }

  /// Reads a file, stores its samples durably, and puts it away.
  /// - Throws: what is not the file's fault.
  func take(_ name: InboxName) throws {
    guard let store = owned?.store, let inbox else { return }
    let file: InboxFile
    var vectors: InboxFile?
    do throws(CohortError) {
      file = try InboxFile(name, in: inbox)
      if let stamp = try? SystemCall.linkStatus(of: inbox.path(of: name.vectors)), stamp.kind != .folder {
        // They came in the meantime: they may have to settle.
        guard candidates.contains(name.vectors) else { return see(name.vectors, in: inbox) }
        vectors = try InboxFile(name.vectors, in: inbox)
      }
    } catch {
      candidates.forget(name)
      if error.category != .notFound { putAway(name, nil, .failed(FailureNote(name, error)), in: inbox) }
      return
    }
    if let known = unmoved[name], known.stamp.hasContent(of: file.stamp) {
      return putAway(file, vectors, known.fate, in: inbox)
    }
    if hold(file, vectors) { return }
    let started = Instant.now
    do {
      let report = try IngestJob.run(store, try request(file, vectors, store), control: control(name))
      isUpdateDue = isUpdateDue || report.inserted > 0 || report.embedded > 0
      quarantined += report.quarantined
      tellOf(report, name, since: started)
      if let failure = report.failures.first {
        guard Verdict(failure.error) == .file else { throw failure.error }
        finish(file, vectors, .failed(FailureNote(name, failure.error, report)), in: inbox)
      } else if report.records == 0, report.inputBytes > 0, !name.hasDataExtension {
        finish(file, vectors, .failed(FailureNote(name, Self.noRecords(file.path))), in: inbox)
      } else if report.records > 0, report.quarantined == report.records {
        finish(file, vectors, .failed(FailureNote(name, Self.noGoodRecords(file.path, report), report)), in: inbox)
      } else {
        finish(file, vectors, .done, in: inbox)
      }
    } catch  where Verdict(error) == .file {
      finish(file, vectors, .failed(FailureNote(name, error)), in: inbox)
    }
  }

  private static func noRecords(_ path: String) -> CohortError {
    CohortError(
      .daemonNoRecords, "The file holds no records", place: path,
      hint: "Inboxes take JSON lines, JSON, CSV and TSV, plain or compressed with gzip or zstd")
  }

  private static func noGoodRecords(_ path: String, _ report: IngestReport) -> CohortError {
    let reasons = report.reasons.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
    return CohortError(
      .daemonNoGoodRecords, "None of the file's \(report.records) records is good", place: path,
      cause: reasons.joined(separator: ", "),
      hint: "They are in quarantine: cohort sql \"SELECT * FROM quarantine\" shows what is wrong with each")
  }

  private func request(_ file: InboxFile, _ vectors: InboxFile?, _ store: Store) throws -> IngestRequest {
    var options = settings.ingestion
    if settings.taskFromFolder, let folder = file.name.folder { options.task = .fixed(folder) }
    return IngestRequest(
      sources: [try file.source()], options: options, dedupe: scope(of: store), embeddings: vectors?.path,
      space: settings.space)
  }

  private func control(_ name: InboxName) -> JobControl {
    let progress = ReadingProgress(name, log)
    return JobControl(report: { progress.report($0) }, shouldStop: { [stop] in stop.isMade })
  }

  private func tellOf(_ report: IngestReport, _ name: InboxName, since started: Instant) {
    for note in report.notes { log.info("note", metadata: ["text": .string(note.description)]) }
    var fields: Logger.Metadata = [
      "file": .string(name.description), "inserted": .stringConvertible(report.inserted),
      "duplicates": .stringConvertible(report.duplicates), "quarantined": .stringConvertible(report.quarantined),
      "bytes": .stringConvertible(report.inputBytes), "seconds": .stringConvertible(started.seconds),
    ]
    if let layout = report.sources.first?.layout { fields["layout"] = .string(layout) }
    if report.embedded > 0 { fields["embedded"] = .stringConvertible(report.embedded) }
    if report.withoutVector > 0 { fields["without_vector"] = .stringConvertible(report.withoutVector) }
    log.log(level: report.quarantined > 0 ? .warning : .info, "ingested", metadata: fields)
  }

  /// Leaves a file alone for now if somebody has it, or its vectors, open for writing.
  private func hold(_ file: InboxFile, _ vectors: InboxFile?) -> Bool {
    guard file.hasWriter || vectors?.hasWriter ?? false else { return false }
    if candidates.hold(file.name, at: .now) {
      log.info(
        "waiting", metadata: ["file": .string(file.name.description), "reason": "somebody has it open for writing"])
    }
    return true
  }

  // MARK: Putting away

  /// Puts a file away if it is still what was read; otherwise it stays, and is read again.
  private func finish(_ file: InboxFile, _ vectors: InboxFile?, _ fate: Fate, in inbox: InboxFolder) {
    guard file.isUnchanged, vectors?.isUnchanged ?? true else {
      log.warning(
        "changed", metadata: ["file": .string(file.name.description), "reason": "it changed while it was read"])
      see(file.name, in: inbox)
      return
    }
    if hold(file, vectors) { return }
    putAway(file, vectors, fate, in: inbox)
  }

  private func putAway(_ file: InboxFile, _ vectors: InboxFile?, _ fate: Fate, in inbox: InboxFolder) {
    unmoved[file.name] = (file.stamp, fate)
    guard let place = putAway(file.name, vectors?.name, fate, in: inbox) else { return }
    unmoved[file.name] = nil
    // Nobody can open it under its old name any more: if it is whole now, it stays so.
    guard settings.consumption == .move, !file.isUnchangedAnywhere || file.hasWriter else { return }
    do throws(CohortError) {
      let back = try inbox.takeBack(place, as: file.name)
      log.warning(
        "taken_back", metadata: ["file": .string(back.description), "reason": "somebody went on writing to it"])
      see(back, in: inbox)
    } catch {
      log.error("not_taken_back", metadata: CohortError(describing: error, as: .daemonUnknown).metadata)
    }
  }

  /// - Returns: where the file is now; nil when it could not be moved.
  @discardableResult
  private func putAway(
    _ name: InboxName, _ vectors: InboxName?, _ fate: Fate, in inbox: InboxFolder
  ) -> String? {
    candidates.forget(name)
    if let vectors { candidates.forget(vectors) }
    do throws(CohortError) {
      switch fate {
      case .failed(let note):
        let place = try inbox.fail(name, with: vectors, note: note)
        failedFiles += 1
        var fields = note.error.metadata
        fields["file"] = .string(name.description)
        fields["moved_to"] = .string(place)
        log.error("file_failed", metadata: fields)
        return place
      case .done where settings.consumption == .delete:
        try inbox.delete(name, with: vectors)
        return inbox.path(of: name)
      case .done:
        let place = try inbox.keep(name, with: vectors)
        log.debug("kept", metadata: ["file": .string(name.description), "moved_to": .string(place)])
        return place
      }
    } catch {
      // It is found again by the next look through the inbox.
      var fields = CohortError(describing: error, as: .daemonUnknown).metadata
      fields["file"] = .string(name.description)
      log.error("not_put_away", metadata: fields)
      return nil
    }
  }
}

extension FailureNote {
  /// Why a file failed, and what of it is stored.
  init(_ name: InboxName, _ error: any Error, _ report: IngestReport? = nil) {
    self.init(
      file: name.description, error: CohortError(describing: error, as: .daemonUnknown),
      inserted: report?.inserted ?? 0,
      duplicates: report?.duplicates ?? 0, quarantined: report?.quarantined ?? 0)
  }
}

/// Tells of a long file now and then.
final class ReadingProgress: Sendable {
  private let name: InboxName
  private let log: Logger
  private let last = Locked(ContinuousClock.now)

  init(_ name: InboxName, _ log: Logger) {
    self.name = name
    self.log = log
  }

  func report(_ progress: JobProgress) {
    let isDue = last.withLock { last in
      guard ContinuousClock.now - last > .seconds(10) else { return false }
      last = .now
      return true
    }
    guard isDue else { return }
    var fields: Logger.Metadata = ["file": .string(name.description), progress.unit: .stringConvertible(progress.done)]
    if let total = progress.total { fields["of"] = .stringConvertible(total) }
    log.info("reading", metadata: fields)
  }
}
