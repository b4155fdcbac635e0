import CohortActions
import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem
import Logging

extension InboxWorker {
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

  /// Small files are read together: what their commits cost is paid once.
  static let togetherBytes: Int64 = 8 << 20
  /// Each is held open, with two descriptors, until it is put away.
  static let togetherFiles = 128

  /// A file that is held open while it is read, with its vectors if it has any.
  private struct Taken {
    let file: InboxFile
    let vectors: InboxFile?
  }

  /// The files from the first one on, in order, that make one ingestion. One that has vectors comes alone: their rows
  /// belong to its records.
  func together(_ names: ArraySlice<InboxName>) -> [InboxName] {
    guard let inbox, let first = names.first else { return [] }
    func isAlone(_ name: InboxName) -> Bool {
      candidates.contains(name.vectors) || SystemCall.exists(inbox.path(of: name.vectors))
    }
    var bytes = candidates.size(of: first) ?? 0
    guard bytes < Self.togetherBytes, !isAlone(first) else { return [first] }
    let others = names.dropFirst().prefix(Self.togetherFiles - 1).prefix { name in
      bytes += candidates.size(of: name) ?? Self.togetherBytes
      // The folder is the task.
      let hasSameTask = !settings.taskFromFolder || name.folder == first.folder
      return bytes <= Self.togetherBytes && hasSameTask && !isAlone(name)
    }
    return [first] + others
  }

  /// Reads files together, stores their samples durably, and puts each away by its own verdict.
  /// - Throws: what is not the files' fault. Those that are not concerned are put away before.
  func take(_ names: [InboxName]) throws {
    guard let inbox else { return }
    let taken = try names.compactMap { try open($0, in: inbox, isAlone: names.count == 1) }
    guard let first = taken.first else { return }
    let started = Instant.now
    let report: IngestReport
    do {
      report = try IngestJob.run(store, try request(taken, store), control: control(first.file.name))
    } catch  where Verdict(error) == .file {
      guard taken.count > 1 else {
        return finish(first.file, first.vectors, .failed(FailureNote(first.file.name, error)), in: inbox)
      }
      // Whichever it was: each for itself.
      for one in taken { try take([one.file.name]) }
      return
    }
    quarantined += report.quarantined
    process.count(report)
    for note in report.notes { log.info("note", metadata: ["text": .string(note.description)]) }
    let shares = Dictionary(report.sources.map { ($0.path, $0) }) { one, _ in one }
    let failures = Dictionary(report.failures.map { ($0.source?.path, $0.error) }) { one, _ in one }
    var trouble: CohortError?
    for one in taken {
      let share = shares[one.file.path] ?? IngestReport.Source(name: "", path: one.file.path)
      // What is no file's fault has kept it from being read.
      if shares[one.file.path] == nil, report.failures.contains(where: { $0.source == nil }) { continue }
      let failure = failures[one.file.path] ?? (taken.count == 1 ? report.failures.first?.error : nil)
      if let failure, Verdict(failure) != .file {
        trouble = trouble ?? failure
        continue
      }
      if failure == nil || share.records > 0 { tellOf(share, one.file.name, report, since: started, of: taken.count) }
      let reasons = taken.count == 1 ? report.reasons : [:]
      finish(one.file, one.vectors, fate(of: one.file, share, failure, reasons), in: inbox)
    }
    if let trouble = trouble ?? report.failures.first(where: { $0.source == nil })?.error { throw trouble }
  }

  /// - Parameter reasons: why records were refused; empty where those of several files are counted together.
  private func fate(
    of file: InboxFile, _ share: IngestReport.Source, _ failure: CohortError?, _ reasons: [String: UInt64]
  ) -> Fate {
    if let failure { return .failed(FailureNote(file.name, failure, share)) }
    if share.records > 0, share.quarantined == share.records {
      return .failed(FailureNote(file.name, Self.noGoodRecords(file.path, share, reasons), share))
    }
    guard share.records == 0, share.inputBytes > 0, !file.name.hasDataExtension else { return .done }
    return .failed(FailureNote(file.name, Self.noRecords(file.path)))
  }

  /// Opens a file that shall be read now; nil for one that is put away instead, or waits.
  private func open(_ name: InboxName, in inbox: InboxFolder, isAlone: Bool) throws(CohortError) -> Taken? {
    let taken: Taken
    do throws(CohortError) {
      let file = try InboxFile(name, in: inbox)
      var vectors: InboxFile?
      if let stamp = try? SystemCall.linkStatus(of: inbox.path(of: name.vectors)), stamp.kind != .folder {
        // They came in the meantime: they may have to settle, or to be read without other files.
        guard candidates.contains(name.vectors), isAlone else {
          see(name.vectors, in: inbox)
          return nil
        }
        vectors = try InboxFile(name.vectors, in: inbox)
      }
      taken = Taken(file: file, vectors: vectors)
    } catch {
      if error.category == .temporary { throw error }
      candidates.forget(name)
      if error.category != .notFound { putAway(name, nil, .failed(FailureNote(name, error)), in: inbox) }
      return nil
    }
    if let known = unmoved[name], known.stamp.hasContent(of: taken.file.stamp) {
      putAway(taken.file, taken.vectors, known.fate, in: inbox)
      return nil
    }
    return hold(taken.file, taken.vectors) ? nil : taken
  }

  private static func noRecords(_ path: String) -> CohortError {
    CohortError(
      .daemonNoRecords, "The file holds no records", place: path,
      hint: "Inboxes take JSON lines, JSON, CSV and TSV, plain or compressed with gzip or zstd")
  }

  private static func noGoodRecords(
    _ path: String, _ share: IngestReport.Source, _ reasons: [String: UInt64]
  ) -> CohortError {
    let counted = reasons.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
    return CohortError(
      .daemonNoGoodRecords, "None of the file's \(share.records) records is good", place: path,
      cause: counted.isEmpty ? nil : counted.joined(separator: ", "),
      hint: "They are in quarantine: cohort sql \"SELECT * FROM quarantine\" shows what is wrong with each")
  }

  private func request(_ taken: [Taken], _ store: Store) throws -> IngestRequest {
    var options = settings.ingestion
    if settings.taskFromFolder, let folder = taken.first?.file.name.folder { options.task = .fixed(folder) }
    var request = IngestRequest(
      sources: try taken.map { try $0.file.source() }, options: options, dedupe: scope(of: store),
      embeddings: taken.first?.vectors?.path, space: settings.space)
    request.isolatesSources = request.embeddings == nil
    request.updatesLabels = settings.updatesLabels
    request.terms = settings.terms
    return request
  }

  private func control(_ name: InboxName) -> JobControl {
    let progress = ReadingProgress(name, log)
    return JobControl(report: { progress.report($0) }, shouldStop: { [stop] in stop.isMade })
  }

  private func tellOf(
    _ share: IngestReport.Source, _ name: InboxName, _ report: IngestReport, since started: Instant, of files: Int
  ) {
    var fields: Logger.Metadata = [
      "file": .string(name.description), "inserted": .stringConvertible(share.inserted),
      "duplicates": .stringConvertible(share.duplicates), "quarantined": .stringConvertible(share.quarantined),
      "bytes": .stringConvertible(share.inputBytes), "seconds": .stringConvertible(started.seconds),
    ]
    // The seconds are those of all of them.
    if files > 1 { fields["files"] = .stringConvertible(files) }
    if let layout = share.layout { fields["layout"] = .string(layout) }
    if report.embedded > 0 { fields["embedded"] = .stringConvertible(report.embedded) }
    if report.withoutVector > 0 { fields["without_vector"] = .stringConvertible(report.withoutVector) }
    log.log(level: share.quarantined > 0 ? .warning : .info, "ingested", metadata: fields)
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
    // Nobody can open it under its old name any more: if it is whole now, it stays so. And if the store is in its place now,
    // it was
    // when the file had been moved.
    let isSafe = (try? store.checkPlace()) != nil
    let reason =
      !isSafe
      ? "the store was taken away"
      : !file.isUnchangedAnywhere || file.hasWriter ? "somebody went on writing to it" : nil
    guard settings.consumption == .move, let reason else { return }
    do throws(CohortError) {
      let back = try inbox.takeBack(place, as: file.name)
      log.warning(
        "taken_back", metadata: ["file": .string(back.description), "reason": .string(reason)])
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
      // What was said to be stored has to be in the store that others find.
      try store.checkPlace()
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
  init(_ name: InboxName, _ error: any Error, _ share: IngestReport.Source? = nil) {
    self.init(
      file: name.description, error: CohortError(describing: error, as: .daemonUnknown),
      inserted: share?.inserted ?? 0, duplicates: share?.duplicates ?? 0, quarantined: share?.quarantined ?? 0)
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
