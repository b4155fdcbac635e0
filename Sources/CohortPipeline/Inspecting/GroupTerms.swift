internal import CohortSystem
internal import CohortReading
internal import CohortCore
internal import CohortStore

/// The words that set groups apart: class-based tf-idf (Grootendorst 2022, BERTopic) over some prompts of each group. The
/// weight of a word in a group is its frequency there times log(1 + mean words a group / its frequency overall). Best words
/// come first, those of equal weight in the order of their bytes.
enum GroupTerms {
  static let promptBytes = 2_000
  static let kept = 12

  /// The words of all groups, each against all others.
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
    for group in groups.values { overall.merge(group.words) { $0 + $1 } }
    let mean = Double(overall.values.reduce(0, +)) / Double(max(groups.count, 1))
    return groups.mapValues { group in group.best { word, _ in log(1 + mean / Double(overall[word] ?? 1)) } }
  }

  /// The words of one group, against some samples of the whole store, which stand for groups of as many prompts. Whatever
  /// is wrong with one of those says nothing of the group: damaged ones are passed over. The ratio is rounded to a power
  /// of two, so that a few of them more or less hardly ever put the words into another order.
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
    return group.best { word, count in
      log(1 + exp2(log2(mean / Double(count + (store.words[word] ?? 0))).rounded()))
    }
  }

  /// How often words come in some prompts. A word counts once a prompt, so that one long prompt does not name a group.
  private struct Prompts {
    var count = 0
    var words: [String: Int] = [:]
    var total = 0

    /// Adds the prompt of a sample, or all there is when it has none; nothing when it was deleted.
    mutating func add(_ id: SampleID, _ transaction: borrowing ReadTransaction) throws {
      let found: Set<String>? = try transaction.withSample(id) { sample in
        try sample?.withParts { view in
          GroupTerms.words(in: view.prompt.isEmpty ? view.messages[...] : view.prompt)
        }
      }
      guard let found else { return }
      count += 1
      total += found.count
      for word in found { words[word, default: 0] += 1 }
    }

    /// - Parameter rarity: what the share of a word, which comes so often here, is multiplied by.
    func best(rarity: (_ word: String, _ count: Int) -> Double) -> [String] {
      let weighted = words.map { word, count in
        (word: word, weight: Double(count) / Double(max(total, 1)) * rarity(word, count))
      }
      return weighted.sorted { ($1.weight, $0.word) < ($0.weight, $1.word) }.prefix(GroupTerms.kept).map(\.word)
    }
  }

  private static func words(in messages: ArraySlice<SampleContent.MessageView>) -> Set<String> {
    var words: Set<String> = []
    for message in messages {
      let text = String(decoding: message.text.prefix(promptBytes), as: UTF8.self)
      for word in text.lowercased().split(whereSeparator: { !$0.isLetter }) where word.count > 2 {
        words.insert(String(word))
      }
    }
    return words.subtracting(commonWords)
  }

  private static let commonWords: Set<String> = [
    "the", "and", "for", "that", "this", "with", "was", "are", "you", "his", "her", "not", "but", "from", "have", "has",
    "had", "they", "she", "him", "its", "were", "been", "which", "what", "who", "will", "would", "there", "their",
    "can", "all", "one", "your", "when", "how", "does", "did", "than", "then", "them", "our", "out", "into", "about",
    "also", "any", "some", "more", "other", "following", "given",
  ]
}
