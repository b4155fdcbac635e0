internal import CohortSystem

/// A sample that was found, and how well it fits.
package struct SearchHit: Hashable, Sendable {
  package var id: UInt64
  /// Greater for what fits better; comparable within an answer only.
  package var score: Double

  package init(id: UInt64, score: Double) { (self.id, self.score) = (id, score) }
}

/// What is searched: samples that have words.
package struct SearchCollection: Hashable, Sendable {
  package var samples: UInt64
  /// Of all of them together.
  package var words: UInt64

  package init(samples: UInt64, words: UInt64) { (self.samples, self.words) = (samples, words) }
}

/// Finds what fulfils a query, and ranks it: BM25 (Robertson and Zaragoza 2009) with k1 = 1.2 and b = 0.75 over the phrases,
/// and an idf that is never negative, log(1 + (N - n + 0.5) / (n + 0.5)). Samples that fit equally well come in the order of
/// their ids.
///
/// A function of the samples that are there: those that were deleted count in nothing, whether or not an index still has them.
package enum SearchRanking {
  private static let (k1, b) = (1.2, 0.75)

  /// - Parameters:
  ///   - postings: of a phrase, samples that are there only.
  ///   - size: the words of a sample; asked in the order of the ids.
  /// - Throws: what the two throw.
  /// - Complexity: linear in the postings; for a query without OR those behind the first are not kept.
  package static func hits(
    of query: SearchQuery, in collection: SearchCollection, postings: (SearchQuery.Phrase) throws -> Postings,
    size: (UInt64) throws -> UInt32
  ) throws -> [SearchHit] {
    var found: [Int: Postings] = [:]
    var frequencies: [Int: Int] = [:]
    let isSimple = query.alternatives.count == 1
    func load(_ index: Int, among wanted: [UInt64]?) throws -> [UInt64] {
      if let known = found[index] { return known.ids }
      let all = try postings(query.phrases[index])
      frequencies[index] = all.ids.count
      let kept = wanted.map { all.among($0) } ?? all
      found[index] = kept
      return kept.ids
    }
    var matched: [UInt64] = []
    for alternative in query.alternatives {
      var ids: [UInt64]?
      for index in alternative.all where ids?.isEmpty != true {
        let next = try load(index, among: isSimple ? ids : nil)
        ids = ids.map { AscendingIDs.intersection($0, next) } ?? next
      }
      for index in alternative.none where ids?.isEmpty == false {
        ids = AscendingIDs.difference(ids ?? [], try load(index, among: isSimple ? ids : nil))
      }
      matched = AscendingIDs.union(matched, ids ?? [])
    }
    guard !matched.isEmpty else { return [] }
    // Where an alternative ended early, others may still be ranked by its phrases.
    for index in query.ranked { _ = try load(index, among: matched) }
    var scores = [Double](repeating: 0, count: matched.count)
    let sizes = try matched.map { Double(try size($0)) }
    let mean = Double(max(collection.words, 1)) / Double(max(collection.samples, 1))
    for index in query.ranked {
      guard let phrase = found[index] else { continue }
      let n = Double(frequencies[index] ?? 0)
      let rarity = log(1 + (max(Double(collection.samples) - n, 0) + 0.5) / (n + 0.5))
      var at = 0
      for (id, count) in zip(phrase.ids, phrase.counts) {
        while at < matched.count, matched[at] < id { at += 1 }
        guard at < matched.count else { break }
        guard matched[at] == id else { continue }
        let often = Double(count)
        scores[at] += rarity * often * (k1 + 1) / (often + k1 * (1 - b + b * sizes[at] / mean))
      }
    }
    return zip(matched, scores).map { SearchHit(id: $0, score: $1) }.sorted { a, b in
      a.score != b.score ? a.score > b.score : a.id < b.id
    }
  }
}
