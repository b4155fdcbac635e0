import CohortCatalog
import CohortCore
import CohortSearch
import CohortStore
import CohortTables
import CohortTesting
import Foundation
import Synchronization
import Testing

/// The full-text index against a plain model: a scan over all texts.
@Suite struct SearchIndexTests {
  /// A store, and what is in it.
  private struct Corpus {
    let store: Store
    let seed: UInt64
    var random: TestRandom
    /// The messages of each sample; nil for deleted ones.
    var samples: [[String]?] = []

    static let words = [
      "apple", "Apples", "café", "cafe\u{301}", "prime", "numbers", "don't", "C++", "foo(bar)", "a:b", "東京", "東京都",
      "京都",
      "データ", "ﾃﾞｰﾀ", "กินข้าว", "ข้าว", "한국어", "Straße", "STRASSE", "😀", "x1", "AND", "NOT", "100 %", "\"", "—",
      "naïve", "Ω", "ω", "i", "İ",
    ]

    init(at path: String, seed: UInt64) throws {
      self.seed = seed
      random = TestRandom(seed: seed)
      store = try Store.create(at: path, id: Digest128(high: seed, low: 3))
    }

    mutating func text() -> String {
      (0..<random.below(9)).map { _ in Self.words[min(random.below(Self.words.count), random.below(Self.words.count))] }
        .joined(separator: [" ", " ", "", ", ", "\n"][random.below(5)])
    }

    mutating func ingest(_ count: Int) throws {
      var builder = SampleBatchBuilder()
      var messages: [[String]] = []
      for _ in 0..<count {
        // Each once: a sample that is there is not taken in again.
        let number = samples.count + messages.count
        messages.append(["n\(number) " + text(), text()] + (random.below(4) == 0 ? [text()] : []))
        builder.add(
          messages[messages.count - 1].enumerated().map { index, text in
            Message(role: index % 2 == 0 ? .user : .assistant, text: text)
          }, lengths: SampleLengths(prompt: 1, response: 1, total: 2), task: "t\(random.below(3))")
      }
      let prepared = builder.prepared
      let report = try store.write { try $0.ingest(prepared, source: "s", origin: "memory") }
      #expect(report.inserted == UInt64(count))
      samples += messages
    }

    mutating func delete(_ share: Int) throws {
      let ids = samples.indices.filter { samples[$0] != nil && random.below(share) == 0 }
      guard !ids.isEmpty else { return }
      let wanted = ids.map { SampleID(UInt64($0)) }
      _ = try store.write { try $0.delete(wanted, reason: "a test") }
      for id in ids { samples[id] = nil }
    }

    mutating func relabel() throws {
      guard !samples.isEmpty else { return }
      var change = LabelChange(SampleID(UInt64(random.below(samples.count))))
      change.task = .named("t\(random.below(9))")
      let changes = [change]
      _ = try store.write { try $0.relabel(changes, reason: "a test") }
    }

    mutating func query() -> String {
      let word = { (random: inout TestRandom) in Self.words[random.below(Self.words.count)] }
      let count = 1 + random.below(3)
      var parts: [String] = []
      for _ in 0..<count {
        var part = word(&random)
        switch random.below(6) {
        case 0: part = "\"\(part) \(word(&random))\""
        case 1: part = String(part.prefix(1 + random.below(3))) + "*"
        case 2: part = String(part.prefix(1))
        default: break
        }
        if !parts.isEmpty { parts.append(["OR", "NOT", "AND", "", ""][random.below(5)]) }
        parts.append(part)
      }
      return parts.joined(separator: " ")
    }

    /// What a scan over all texts finds, by BM25 as it is written down.
    func model(_ query: SearchQuery) -> [SearchHit] {
      var rows: [(id: UInt64, size: Double, counts: [Double], isFound: Bool)] = []
      for (id, messages) in samples.enumerated() {
        guard let messages else { continue }
        var words = Words()
        for (index, text) in messages.enumerated() {
          if index > 0 { words.addBoundary() }
          var text = text
          text.withUTF8 { words.add(UnsafeRawBufferPointer($0)) }
        }
        guard words.count > 0 else { continue }
        let matches = PhraseMatches(query, in: words)
        rows.append(
          (
            UInt64(id), Double(words.count), query.phrases.indices.map { Double(matches.count($0)) },
            matches.fulfil(query)
          ))
      }
      let mean = rows.reduce(0) { $0 + $1.size } / Double(max(rows.count, 1))
      let hits = rows.filter(\.isFound).map { row in
        var score = 0.0
        for index in query.ranked where row.counts[index] > 0 {
          let n = Double(rows.count { $0.counts[index] > 0 })
          let rarity = log(1 + (Double(rows.count) - n + 0.5) / (n + 0.5))
          let often = row.counts[index]
          score += rarity * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * row.size / mean))
        }
        return SearchHit(id: row.id, score: score)
      }
      return hits.sorted { ($1.score, $0.id) < ($0.score, $1.id) }
    }

    func found(_ query: SearchQuery) throws -> [SearchHit] {
      try store.read { transaction in
        let reading = try SearchIndex.reading(query, of: store, transaction, mustStop: { false })
        #expect(reading.unsearched == 0)
        return try reading.hits()
      }
    }

    /// Asks questions, and compares with the model. - Returns: samples that were found.
    mutating func compare(_ count: Int) throws -> Int {
      var total = 0
      for _ in 0..<count {
        let text = query()
        let query = SearchQuery(text)
        let (found, expected) = (try found(query), model(query))
        #expect(Set(found.map(\.id)) == Set(expected.map(\.id)), "\(text), seed \(seed)")
        #expect(found.map(\.id) == expected.map(\.id), "the order of \(text), seed \(seed)")
        for (one, other) in zip(found, expected) {
          #expect(abs(one.score - other.score) <= 1e-9 * abs(other.score), "\(text), seed \(seed)")
        }
        for hit in found.prefix(3) {
          let snippet = try store.read {
            try SearchReading.snippet(of: SampleID(hit.id), for: query, in: store, $0)
          }
          #expect(snippet?.contains("**") == true, "\(text), sample \(hit.id), seed \(seed)")
        }
        total += found.count
      }
      return total
    }

    var file: String { store.path + "/search.sqlite" }
  }

  private let folder: TemporaryFolder
  private let seed =
    ProcessInfo.processInfo.environment["COHORT_SEED"].flatMap(UInt64.init) ?? .random(in: 0..<1_000_000)

  init() throws { folder = try TemporaryFolder() }

  /// However far the index has come, whatever happened to the store, answers are those of the model.
  @Test func answersAreThoseOfAScan() throws {
    for round in 0..<3 as Range<UInt64> {
      var corpus = try Corpus(at: folder.file("s\(round)"), seed: seed + round)
      var (found, rebuilt): (Int, Set<CatalogRefresh.Reason>) = (0, [])
      for _ in 0..<24 {
        switch corpus.random.below(7) {
        case 0...1: try corpus.ingest(1 + corpus.random.below(60))
        case 2: try corpus.delete(2 + corpus.random.below(20))
        case 3: try corpus.relabel()
        case 4: _ = try SearchIndex.advance(corpus.store, samples: 1 + UInt64(corpus.random.below(30)))
        default:
          let advance = try SearchIndex.follow(corpus.store)
          if let reason = advance.rebuilt { rebuilt.insert(reason) }
          #expect(advance.waiting == 0)
        }
        found += try corpus.compare(12)
      }
      #expect(found > 200, "seed \(corpus.seed)")
      #expect(rebuilt.isSubset(of: [.missing, .deletions]), "\(rebuilt), seed \(corpus.seed)")
    }
  }

  /// Scores do not depend on whether an index still has what was deleted.
  @Test func anIndexThatGrewIsAsGoodAsANewOne() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(300)
    _ = try SearchIndex.follow(corpus.store)
    try corpus.delete(8)
    try corpus.ingest(100)
    #expect(try SearchIndex.follow(corpus.store).rebuilt == nil)
    let queries = (0..<40).map { _ in SearchQuery(corpus.query()) }
    let before = try queries.map { try corpus.found($0) }
    #expect(try SearchIndex.remove(of: corpus.store))
    #expect(try queries.map { try corpus.found($0) } == before, "without an index, seed \(seed)")
    #expect(try SearchIndex.follow(corpus.store).rebuilt == .missing)
    #expect(try queries.map { try corpus.found($0) } == before, "with a new one, seed \(seed)")
    #expect(before.contains { !$0.isEmpty })
  }

  @Test func whatWasMostlyDeletedIsMadeAnew() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(200)
    _ = try SearchIndex.follow(corpus.store)
    try corpus.delete(2)
    #expect(try SearchIndex.follow(corpus.store).rebuilt == .deletions)
    #expect(try corpus.compare(20) > 0)
  }

  /// A word of a sample that was deleted is in the file until the index is taken away.
  @Test func whatIsTakenAwayIsGone() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(50)
    var builder = SampleBatchBuilder()
    builder.add(prompt: "my number is qzxsecretword", response: "noted")
    let prepared = builder.prepared
    _ = try corpus.store.write { try $0.ingest(prepared, source: "s", origin: "memory") }
    corpus.samples.append(["my number is qzxsecretword", "noted"])
    _ = try SearchIndex.follow(corpus.store)
    func holdsWord() -> Bool {
      ["", "-wal"].contains { suffix in
        guard let bytes = FileManager.default.contents(atPath: corpus.file + suffix) else { return false }
        return bytes.range(of: Data("secretword".utf8)) != nil
      }
    }
    #expect(holdsWord())
    let id = SampleID(50)
    _ = try corpus.store.write { try $0.delete([id], reason: "a test") }
    corpus.samples[50] = nil
    #expect(try SearchIndex.remove(of: corpus.store))
    #expect(!holdsWord())
    _ = try SearchIndex.follow(corpus.store)
    #expect(!holdsWord())
    #expect(try corpus.found(SearchQuery("qzxsecretword")).isEmpty)
    #expect(try corpus.compare(10) >= 0)
  }

  @Test func anIndexOfAnotherStoreOrHistoryIsMadeAnew() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(60)
    _ = try SearchIndex.follow(corpus.store)
    var other = try Corpus(at: folder.file("other"), seed: seed + 1)
    try other.ingest(80)
    try FileManager.default.copyItem(atPath: corpus.file, toPath: other.file)
    #expect(try other.compare(10) >= 0)
    #expect(try SearchIndex.follow(other.store).rebuilt == .otherStore)
    #expect(try other.compare(10) > 0)
  }

  /// Damage is found when it is met, and an index that is damaged is made anew: an answer is the same as without the damage, or
  /// there is none.
  @Test func damageIsToldOrMended() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(400)
    _ = try SearchIndex.follow(corpus.store)
    let sound = try #require(FileManager.default.contents(atPath: corpus.file))
    let queries = (0..<40).map { _ in SearchQuery(corpus.query()) }
    let answers = try queries.map { try corpus.found($0) }
    #expect(answers.contains { !$0.isEmpty }, "seed \(seed)")
    var (told, answered) = (0, 0)
    for turn in 0..<60 {
      var bytes = [UInt8](sound)
      let at = corpus.random.below(bytes.count)
      switch turn % 4 {
      case 0:
        for index in at..<min(at + 1 + corpus.random.below(64), bytes.count) {
          bytes[index] = UInt8(corpus.random.below(256))
        }
      case 1: bytes[at] ^= 1 << UInt8(corpus.random.below(8))
      case 2: bytes.removeLast(1 + corpus.random.below(bytes.count - 1))
      default: bytes.replaceSubrange(0..<min(100, bytes.count), with: repeatElement(0x41, count: 100))
      }
      for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: corpus.file + suffix) }
      try Data(bytes).write(to: URL(fileURLWithPath: corpus.file))
      do {
        for _ in 0..<8 {
          let number = corpus.random.below(queries.count)
          #expect(try corpus.found(queries[number]) == answers[number], "turn \(turn), byte \(at), seed \(seed)")
          answered += 1
        }
      } catch let error as CohortError {
        told += 1
        #expect(["search.damaged", "search.failed"].contains(error.code.name), "\(error), seed \(seed)")
        if turn % 2 == 0 { #expect(try SearchIndex.remove(of: corpus.store)) }
      }
      // One that was found damaged, or is no database at all, is made anew by whoever brings it forward.
      if turn % 4 == 3 { #expect(try SearchIndex.follow(corpus.store).rebuilt == .damaged) }
    }
    #expect(answered > 0, "seed \(seed)")
    #expect(told > 10, "seed \(seed)")
    _ = try SearchIndex.remove(of: corpus.store)
    _ = try SearchIndex.follow(corpus.store)
    #expect(try corpus.compare(20) > 0)
  }

  /// Searching, indexing and writing at the same time.
  @Test func manyMaySearchWhileItIsMade() throws {
    var corpus = try Corpus(at: folder.file("s"), seed: seed)
    try corpus.ingest(500)
    let store = corpus.store
    let queries = (0..<20).map { _ in SearchQuery(corpus.query()) }
    let expected = queries.map { corpus.model($0).map(\.id) }
    let problems = Mutex<[String]>([])
    let threads = TestThreads(4) { index in
      for turn in 0..<25 {
        do {
          if index == 0 {
            _ = try SearchIndex.advance(store, samples: 60)
            if turn == 12 { _ = try SearchIndex.remove(of: store) }
            continue
          }
          let number = (turn + index * 7) % queries.count
          let found = try store.read { transaction in
            try SearchIndex.reading(queries[number], of: store, transaction, mustStop: { false }).hits().map(\.id)
          }
          if found != expected[number] {
            problems.withLock { $0.append("query \(number): \(found) and not \(expected[number])") }
          }
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    threads.wait()
    #expect(problems.withLock { $0 } == [], "seed \(seed)")
  }
}
