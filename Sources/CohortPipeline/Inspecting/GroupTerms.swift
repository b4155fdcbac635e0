internal import CohortCore
internal import CohortReading
internal import CohortStore
internal import CohortSystem

/// The words and pairs of words that set groups apart: class-based tf-idf (Grootendorst 2022, BERTopic) over some prompts of
/// each group. The weight of a term in a group is its frequency there times log(1 + mean terms a group / its frequency
/// overall). Best terms come first, those of equal weight in the order of their bytes.
///
/// What a template says is in the prompts of all groups alike: a term that is common everywhere, and not much commoner
/// here, sets no group apart and is left out, however often it comes. Words in a pair that is told are not told again.
enum GroupTerms {
  static let promptBytes = 2_000
  static let kept = 12
  /// The share of the prompts from which on a term is common, and how much commoner than that it must be in a group to set
  /// it apart.
  static let commonShare = 0.2
  static let commonStoreShare = 0.4
  static let excess = 1.5

  /// The terms of all groups, each against all others.
  /// - Parameter members: some samples of each group.
  /// - Throws: `store.corrupted`, `reading.unreadable-sample` for a damaged one.
  static func find(
    _ members: [UInt32: [SampleID]], _ transaction: borrowing ReadTransaction
  ) throws -> [UInt32: [String]] {
    var groups: [UInt32: Prompts] = [:]
    for (group, ids) in members {
      var prompts = Prompts()
      for id in ids { try prompts.add(id, transaction) }
      groups[group] = prompts
    }
    var overall: [String: Int] = [:]
    for group in groups.values { overall.merge(group.terms) { $0 + $1 } }
    let mean = Double(overall.values.reduce(0, +)) / Double(max(groups.count, 1))
    let common = commonShares(of: groups)
    return groups.mapValues { group in
      group.best { term, count in
        if let share = common[term], group.share(of: count) < excess * share { return 0 }
        return log(1 + mean / Double(overall[term] ?? 1))
      }
    }
  }

  /// Terms that are common in at least half of the groups, with their mean share of a group's prompts. Of fewer than four
  /// groups nothing can be said.
  private static func commonShares(of groups: [UInt32: Prompts]) -> [String: Double] {
    guard groups.count >= 4 else { return [:] }
    var found: [String: (groups: Int, sum: Double)] = [:]
    for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
      for (term, count) in group.terms {
        let share = group.share(of: count)
        found[term, default: (0, 0)].sum += share
        if share >= commonShare { found[term]?.groups += 1 }
      }
    }
    return found.filter { $0.value.groups * 2 >= groups.count }.mapValues { $0.sum / Double(groups.count) }
  }

  /// The terms of one group, against some samples of the whole store, which stand for groups of as many prompts. Whatever
  /// is wrong with one of those says nothing of the group: damaged ones are passed over. The ratio is rounded to a power
  /// of two, so that a few of them more or less hardly ever put the terms into another order.
  /// - Throws: `store.corrupted`, `reading.unreadable-sample` for a damaged member.
  static func find(
    of members: [SampleID], against samples: [SampleID], _ transaction: borrowing ReadTransaction
  ) throws -> [String] {
    var (group, store) = (Prompts(), Prompts())
    for id in members { try group.add(id, transaction) }
    for id in samples {
      do {
        try store.add(id, transaction)
      } catch let error as CohortError where error.category == .corruption {
        continue
      }
    }
    let mean = Double(group.total + store.total) / (1 + Double(store.count) / Double(max(group.count, 1)))
    return group.best { term, count in
      let share = store.share(of: store.terms[term] ?? 0)
      if share >= commonStoreShare, group.share(of: count) < excess * share { return 0 }
      return log(1 + exp2(log2(mean / Double(count + (store.terms[term] ?? 0))).rounded()))
    }
  }

  /// How often terms come in some prompts. A term counts once a prompt, so that one long prompt does not name a group.
  private struct Prompts {
    var count = 0
    var terms: [String: Int] = [:]
    var total = 0

    /// Adds the prompt of a sample, or all there is when it has none; nothing when it was deleted.
    mutating func add(_ id: SampleID, _ transaction: borrowing ReadTransaction) throws {
      let found: Set<String>? = try transaction.withSample(id) { sample in
        try sample?.withParts { view in
          GroupTerms.terms(in: view.prompt.isEmpty ? view.messages[...] : view.prompt)
        }
      }
      guard let found else { return }
      count += 1
      total += found.count
      for term in found { terms[term, default: 0] += 1 }
    }

    /// The share of the prompts that have a term which comes so often.
    func share(of times: Int) -> Double { Double(times) / Double(max(count, 1)) }

    /// - Parameter rarity: what the share of a term, which comes so often here, is multiplied by; 0 for one that is not meant.
    func best(rarity: (_ term: String, _ count: Int) -> Double) -> [String] {
      let weighted = terms.compactMap { term, count -> (term: String, weight: Double)? in
        let weight = Double(count) / Double(max(total, 1)) * rarity(term, count)
        return weight > 0 ? (term, weight) : nil
      }
      let order = weighted.sorted { ($1.weight, $0.term) < ($0.weight, $1.term) }.prefix(4 * GroupTerms.kept)
      return Array(withoutRepetition(order.map(\.term)).prefix(GroupTerms.kept))
    }

    /// A pair of words stands for both where they come together most of the time, at the place of the first of them.
    private func withoutRepetition(_ order: [String]) -> [String] {
      func isMost(_ pair: String, of word: String) -> Bool { 10 * (terms[pair] ?? 0) >= 6 * (terms[word] ?? 0) }
      let pairs = order.filter { $0.contains(" ") }
      var told: [String] = []
      for term in order {
        let words = term.split(separator: " ")
        // The pair that stands for the term: itself, or one that has most of the word.
        let pair =
          words.count > 1 ? term : pairs.first { $0.split(separator: " ").contains(words[0]) && isMost($0, of: term) }
        guard let pair else {
          told.append(term)
          continue
        }
        // A pair of which one word comes often without the other says less than the words.
        guard pair.split(separator: " ").contains(where: { isMost(pair, of: String($0)) }) else { continue }
        if !told.contains(pair) { told.append(pair) }
      }
      return told
    }
  }

  private static func terms(in messages: ArraySlice<SampleContent.MessageView>) -> Set<String> {
    var terms: Set<String> = []
    for message in messages {
      TermText.forEachTerm(in: String(decoding: message.text.prefix(promptBytes), as: UTF8.self)) { terms.insert($0) }
    }
    return terms
  }
}
