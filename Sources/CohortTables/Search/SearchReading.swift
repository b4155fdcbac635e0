package import CohortCore
internal import CohortReading
package import CohortSearch
package import CohortStore
internal import CohortSystem

/// Searches a state of a store: by the index, and by reading what the index does not show yet. So an answer does not depend on
/// how far the index has come, unless more samples wait for it than are read for an answer.
package final class SearchReading {
  /// Samples that wait for the index and were not searched: too many to be read for an answer.
  package private(set) var unsearched: UInt64 = 0

  private let query: SearchQuery
  private let file: SearchFile?
  /// Samples from here on are not in the index, or came after the state.
  private var next: UInt64 = 0
  /// Deleted since the index knew of deletions last.
  private var gone: Set<UInt64> = []
  private var collection = SearchCollection(samples: 0, words: 0)
  /// Samples that were read, with words.
  private var unindexed: [(id: UInt64, size: UInt32, counts: [UInt32])] = []
  private let mustStop: () -> Bool

  /// - Parameter mustStop: asked now and then.
  /// - Throws: `search.…`; what reading the store throws; `Stopped`.
  /// - Complexity: linear in the samples that are not in the index, up to 20,000.
  package init(
    _ query: SearchQuery, of store: Store, _ transaction: borrowing ReadTransaction,
    mustStop: @escaping () -> Bool = { false }
  ) throws {
    self.query = query
    self.mustStop = mustStop
    var file = try SearchFile.open(StoreLayout(store.path).search)
    if let position = file?.position, try position.misfit(store) == nil {
      let counters = try transaction.counters
      let next = min(position.next, counters.nextSample)
      var gone: Set<UInt64> = []
      if position.applied < counters.lastSequence {
        try transaction.forEachEntry(of: [LogEvent.Delete.kind], from: position.applied.next) { entry in
          guard let event = entry.event as? LogEvent.Delete else { return true }
          for id in event.ids where id.rawValue < next { gone.insert(id.rawValue) }
          return true
        }
      }
      self.next = next
      self.gone = gone
      collection = SearchCollection(samples: position.samples, words: position.words)
    } else {
      // There is none, or it is not of this store: it will be made anew.
      file = nil
    }
    self.file = file
    if let file {
      for id in gone {
        let size = UInt64(try file.size(id))
        guard size > 0 else { continue }
        collection.samples -= min(collection.samples, 1)
        collection.words -= min(collection.words, size)
      }
    }
    try readUnindexed(transaction)
  }

  private func readUnindexed(_ transaction: borrowing ReadTransaction) throws {
    let end = try transaction.counters.nextSample
    guard next < end else { return }
    guard end - next <= SearchRules.mostUnindexed else {
      unsearched = end - next
      return
    }
    var words = Words()
    for id in next..<end {
      if id % 256 == 0, mustStop() { throw Stopped() }
      words.removeAll()
      let isThere = try Self.withContent(of: SampleID(id), transaction) { try words.add(sample: $0) } != nil
      guard isThere, words.count > 0 else { continue }
      let matches = PhraseMatches(query, in: words)
      unindexed.append((id, words.count, query.phrases.indices.map(matches.count)))
      collection.samples += 1
      collection.words += UInt64(words.count)
    }
  }

  /// All that fulfils the query, best first, equal ones by id.
  package func hits() throws -> [SearchHit] {
    let sizes = Dictionary(uniqueKeysWithValues: unindexed.map { ($0.id, $0.size) })
    return try SearchRanking.hits(
      of: query, in: collection, postings: postings,
      size: { id in try sizes[id] ?? file?.size(id) ?? 0 })
  }

  private func postings(of phrase: SearchQuery.Phrase) throws -> Postings {
    var postings = Postings()
    if let file {
      try file.forEachHit(of: phrase, mustStop: mustStop) { id, count in
        guard id < next, !gone.contains(id), try file.size(id) > 0 else { return }
        postings.append(id, count: count)
      }
    }
    guard let index = query.phrases.firstIndex(of: phrase) else { return postings }
    for sample in unindexed where sample.counts[index] > 0 { postings.append(sample.id, count: sample.counts[index]) }
    return postings
  }

  // MARK: Texts

  /// The part of a sample that shows why it was found.
  /// - Returns: nil when it was deleted.
  /// - Throws: `search.damaged` when its text does not fulfil the query: then the index does not fit.
  package static func snippet(
    of id: SampleID, for query: SearchQuery, in store: Store, _ transaction: borrowing ReadTransaction
  ) throws -> String? {
    let found: String?? = try withContent(of: id, transaction) { content in
      var (text, words) = ([UInt8](), Words(keepsPlaces: true))
      var isFirst = true
      _ = try SampleContent.forEachPlace(in: content) { message in
        if !isFirst {
          words.addBoundary()
          text.append(0x0a)
        }
        isFirst = false
        let part = UnsafeRawBufferPointer(rebasing: content[message.text])
        words.add(part)
        text += part
      }
      return text.withUnsafeBytes { Snippet.cut($0, words, query) }
    }
    guard let found else { return nil }
    guard let snippet = found else {
      throw CohortError.damagedSearch(
        StoreLayout(store.path).search, cause: "it finds sample \(id), which does not hold what was searched for")
    }
    return snippet
  }

  /// Lends the messages of a sample; nil when it was deleted.
  private static func withContent<R>(
    of id: SampleID, _ transaction: borrowing ReadTransaction, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R? {
    try transaction.withSample(id) { view in
      guard let view else { return nil }
      do {
        return try body(view.content)
      } catch let error as CohortError where error.isFormat {
        throw CohortError(
          .readingUnreadableSample, "A sample cannot be read", place: "sample \(id)", cause: error.description)
      }
    }
  }
}
