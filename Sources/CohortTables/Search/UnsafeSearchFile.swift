internal import CSQLiteTables
package import CohortCore
internal import CohortSearch
package import CohortStore
internal import CohortSystem

/// How far the full-text index of a store has come: the row of its `search_state`.
package struct SearchPosition: Hashable, Sendable {
  package var store: String
  package var rules: Int64
  /// The last entry of the log whose deletions it knows of; all that it shows is of that state of the store, or a later one.
  package var applied: LogSequence
  /// `LogEntry.digest` of that entry.
  package var mark: String
  /// The first sample that it does not show.
  package var next: UInt64
  /// Samples with words that are there, and their words.
  package var samples: UInt64
  package var words: UInt64
  /// Samples that it still has words of and that were deleted.
  package var dead: UInt64

  package init(
    store: String, rules: Int64, applied: LogSequence, mark: String, next: UInt64 = 0, samples: UInt64 = 0,
    words: UInt64 = 0, dead: UInt64 = 0
  ) {
    (self.store, self.rules, self.applied, self.mark) = (store, rules, applied, mark)
    (self.next, self.samples, self.words, self.dead) = (next, samples, words, dead)
  }

  /// That of an index's file; nil where there is none, or nothing in it.
  /// - Throws: `search.no-fts5`, `search.damaged`, `search.failed`.
  package static func ofFile(_ path: String) throws -> SearchPosition? { try SearchFile.open(path)?.position }

  /// Why an index cannot be used for a store, as one word; nil when it can.
  package func misfit(_ store: Store) throws -> String? {
    guard rules == SearchRules.version else { return "other-schema" }
    guard self.store == "\(store.id)" else { return "other-store" }
    return try store.read { transaction in
      let counters = try transaction.counters
      guard applied <= counters.lastSequence, next <= counters.nextSample else { return "ahead" }
      guard let entry = try transaction.entry(applied), "\(entry.digest)" == mark else { return "other-history" }
      return nil
    }
  }
}

/// The file of a full-text index, open for reading. All that it is asked is of one state.
final class SearchFile {
  private let handle: OpaquePointer
  private let path: String
  /// Nil while nothing is in it.
  let position: SearchPosition?
  private var chunks: [UInt64: [UInt32]] = [:]

  /// - Returns: nil where there is no index.
  /// - Throws: `search.no-fts5`, `search.damaged`, `search.failed`.
  static func open(_ path: String) throws -> SearchFile? {
    var attempt = 0
    while true {
      guard let opened = DatabaseFileIdentity(path) else { return nil }
      attempt += 1
      do {
        let file = try SearchFile(path, isImmutable: false)
        // While it is written again and again, what was opened last will do: only a file that takes its place changes its log.
        if opened.holds(path) || attempt > 5 { return file }
      } catch let error as Failure where error.code & 0xff == Failure.cannotOpen && opened.hasEmptyLog {
        // A folder that cannot be written has no room for the log's own index. Nobody writes, so none is needed.
        do {
          return try SearchFile(path, isImmutable: true)
        } catch let error as Failure {
          throw error.error(path)
        }
      } catch let error as Failure {
        guard DatabaseFileIdentity(path) != nil else { return nil }
        guard opened.holds(path) || attempt > 5 else { continue }
        throw error.error(path)
      }
    }
  }

  private init(_ path: String, isImmutable: Bool) throws {
    var error = cohort_sql_error()
    let uri = "file:" + Self.escaped(path) + (isImmutable ? "?immutable=1" : "")
    guard let handle = cohort_search_open(uri, &error) else { throw Failure(error) }
    var state = cohort_search_state()
    guard cohort_search_read_state(handle, &state, &error) == 0 else {
      cohort_search_close(handle)
      throw Failure(error)
    }
    self.handle = handle
    self.path = path
    position =
      state.rules == 0
      ? nil
      : SearchPosition(
        store: Self.text(&state.store), rules: state.rules,
        applied: LogSequence(UInt64(clamping: state.applied)), mark: Self.text(&state.mark),
        next: UInt64(clamping: state.next_sample), samples: UInt64(clamping: state.samples),
        words: UInt64(clamping: state.words), dead: UInt64(clamping: state.dead))
  }

  deinit { cohort_search_close(handle) }

  /// The words of a sample; 0 for one that is not there, or has none.
  func size(_ id: UInt64) throws -> UInt32 {
    let (number, row) = id.quotientAndRemainder(dividingBy: SearchRules.chunk)
    let chunk = try chunks[number] ?? load(number)
    return Int(row) < chunk.count ? chunk[Int(row)] : 0
  }

  private func load(_ number: UInt64) throws -> [UInt32] {
    var error = cohort_sql_error()
    var (bytes, count): (UnsafeRawPointer?, Int64) = (nil, 0)
    guard cohort_search_read_sizes(handle, Int64(clamping: number), &bytes, &count, &error) == 0 else {
      throw Failure(error).error(path)
    }
    let buffer = UnsafeRawBufferPointer(start: bytes, count: Int(count))
    guard buffer.count % 4 == 0, buffer.count <= Int(SearchRules.chunk) * 4 else {
      throw CohortError.damagedSearch(path, cause: "chunk \(number) of its sizes has \(count) bytes")
    }
    let chunk = (0..<buffer.count / 4).map {
      UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
    }
    chunks[number] = chunk
    return chunk
  }

  private final class Stopping {
    let mustStop: () -> Bool
    init(_ mustStop: @escaping () -> Bool) { self.mustStop = mustStop }
  }

  /// Calls `body` with each sample in which a phrase comes, ascending, deleted ones included.
  /// - Throws: also `Stopped` when `mustStop` said so.
  func forEachHit(
    of phrase: SearchQuery.Phrase, mustStop: () -> Bool, _ body: (_ id: UInt64, _ count: UInt32) throws -> Void
  ) throws {
    var (hits, error) = (cohort_search_hits(), cohort_sql_error())
    let code = withoutActuallyEscaping(mustStop) { mustStop in
      let stopping = Stopping(mustStop)
      return withExtendedLifetime(stopping) {
        cohort_search_find(
          handle, phrase.expression,
          { context in
            guard let context else { return 1 }
            return Unmanaged<Stopping>.fromOpaque(context).takeUnretainedValue().mustStop() ? 1 : 0
          }, Unmanaged.passUnretained(stopping).toOpaque(), &hits, &error)
      }
    }
    guard code == 0 else {
      let failure = Failure(error)
      throw failure.code & 0xff == Failure.interrupted ? Stopped() : failure.error(path)
    }
    defer { cohort_search_free(&hits) }
    guard hits.count > 0, let ids = hits.ids, let counts = hits.counts else { return }
    for index in 0..<Int(hits.count) { try body(ids[index], counts[index]) }
  }

  // MARK: Texts and errors

  /// A path as a URI has it.
  private static func escaped(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x2f, 0x5f, 0x7e:
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text
  }

  private static func text<T>(_ array: inout T) -> String {
    withUnsafeBytes(of: &array) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// What SQLite said.
  private struct Failure: Error {
    static let (interrupted, corrupt, cannotOpen, noDatabase): (Int32, Int32, Int32, Int32) = (9, 11, 14, 26)

    let code: Int32
    let text: String

    init(_ error: cohort_sql_error) {
      var error = error
      code = error.code
      text = SearchFile.text(&error.text)
    }

    func error(_ path: String) -> CohortError {
      if code == COHORT_SEARCH_NO_ENGINE {
        return CohortError(
          .searchNoEngine, "This SQLite cannot read the search index", place: path, cause: text,
          hint: "Use a SQLite with FTS5, or cohort sample search")
      }
      // Tables that are not there, too: somebody else has written the file.
      if [Self.corrupt, Self.noDatabase, 1].contains(code & 0xff) { return .damagedSearch(path, cause: text) }
      return CohortError(
        .searchFailed, "The search index cannot be read", place: path, cause: text,
        hint: "Check the owner and mode of the folder and of the file")
    }
  }
}

extension CohortError {
  static func damagedSearch(_ path: String, cause: String) -> CohortError {
    CohortError(
      .searchDamaged, "The search index is damaged", place: path, cause: cause,
      hint: "Delete the file; cohort update makes it anew, and the store is not touched by it")
  }
}
