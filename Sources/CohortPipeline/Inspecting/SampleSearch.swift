internal import CohortCore
public import CohortStore
internal import Foundation

/// Finds samples by their words, by reading all of them.
public enum SampleSearch {
  /// Samples whose messages hold all words of `query`, whatever the case, in the order of their ids.
  /// - Complexity: reads every sample until `limit` are found: some 200 MB of text a second.
  public static func find(
    _ store: Store, query: String, limit: Int = 10, control: JobControl = JobControl()
  ) throws -> [StoredSample] {
    let words = query.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
    guard !words.isEmpty else {
      throw CohortError(.pipelineEmptyQuery, "There is nothing to search for", hint: "Give one or more words")
    }
    let end = try store.read { try $0.counters.nextSample }
    var found: [StoredSample] = []
    var next: UInt64 = 0
    while next < end, found.count < limit {
      // A read transaction for each block, so that none is held long.
      let last = min(end, next + 4096)
      try store.read { transaction in
        while next < last, found.count < limit {
          let id = SampleID(next)
          next += 1
          guard let sample = try transaction.sample(id) else { continue }
          let text = sample.messages.map(\.text).joined(separator: "\n").lowercased()
          if words.allSatisfy({ text.contains($0) }) { found.append(sample) }
        }
      }
      control.report(JobProgress(stage: "search", done: next, total: end, unit: "samples"))
      try control.checkpoint()
    }
    return found
  }
}
