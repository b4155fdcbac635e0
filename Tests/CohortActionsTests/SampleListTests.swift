import CohortCore
import CohortTesting
import Testing

@testable import CohortActions

/// Pages of samples, put together, are all samples that the conditions find.
@Suite struct SampleListTests {
  private func pages(
    _ store: VerbStore, _ conditions: [(name: String, value: String)], limit: Int
  ) throws -> (ids: [UInt64], pages: Int) {
    var ids: [UInt64] = []
    var count = 0
    while true {
      let cursor = ids.last.map { [("after", "\($0)")] } ?? []
      let page = try store.ask("sample list", query: conditions + cursor + [("limit", "\(limit)")]).rows
      count += 1
      ids += page.compactMap { $0.number("id") }
      if page.count < limit { return (ids, count) }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func pagesAreTheWholeWithoutOverlap(_ seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let count = 40 + random.below(40)
    let store = try VerbStore(samples: count)
    let deleted = Set((0..<5).map { _ in UInt64(random.below(count)) })
    try store.ask("sample delete", "{\"ids\":[\(deleted.map { "\($0)" }.joined(separator: ","))]}")
    let conditions: [[(name: String, value: String)]] = [
      [], [("task", "poem")], [("where", "lang=de")], [("where", "lang=de"), ("where", "lang!=en"), ("task", "sum")],
      [("where_source", "licence=MIT"), ("source", "lines")], [("where", "lang=fr")],
    ]
    for (number, condition) in conditions.enumerated() {
      let expected = (0..<UInt64(count)).filter { id in
        guard !deleted.contains(id) else { return false }
        switch number {
        case 1: return id % 3 == 1
        case 2: return id % 2 == 1
        case 3: return id % 2 == 1 && id % 3 == 0
        case 5: return false
        default: return true
        }
      }
      let limit = 1 + random.below(20)
      let found = try pages(store, condition, limit: limit)
      #expect(found.ids == expected, "seed \(seed), condition \(number), limit \(limit)")
      #expect(found.pages == expected.count / limit + 1, "seed \(seed)")
    }
  }

  @Test func theEndOfAllIdsIsAnEnd() throws {
    let store = try VerbStore(samples: 3)
    for after in [2, 3, UInt64(Int64.max), UInt64.max - 1, UInt64.max] {
      #expect(try store.ask("sample list", query: [("after", "\(after)")]).rows.isEmpty)
    }
  }

  @Test func aPageIsWhatItsSamplesAre() throws {
    let store = try VerbStore(samples: 5)
    let page = try store.ask("sample list", query: [("after", "1"), ("limit", "2")]).rows
    // Groups are looked up for those that are asked for by name, not for pages of thousands.
    let shown = try ["2", "3"].map { id in
      ReportRecord(try store.ask("sample show", path: ["id": id]).record.fields.filter { $0.name != "groups" })
    }
    #expect(page.map { JSONText.string(.record($0)) } == shown.map { JSONText.string(.record($0)) })
  }
}
