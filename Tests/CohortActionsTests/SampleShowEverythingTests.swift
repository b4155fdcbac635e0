import CohortCore
import CohortStore
import CohortTesting
import Testing

@testable import CohortActions

/// `sample show` with everything says what a look at all samples says.
@Suite struct SampleShowEverythingTests {
  private func prepared(samples: Int) throws -> VerbStore {
    let store = try VerbStore(samples: samples)
    try store.ask("space create", #"{"name":"default"}"#)
    try store.ask("grouping create", #"{"name":"tasks","by":"task"}"#)
    try store.ask("grouping create", #"{"name":"topics","by":"embedding","groups":3}"#)
    try store.ask("update")
    try store.ask("snapshot create", #"{"name":"monday"}"#)
    try store.ask("snapshot create", #"{"name":"poems","grouping":["tasks"],"where_source":["licence=none"]}"#)
    try store.ask("selection create", #"{"name":"core","snapshot":"monday","grouping":"topics","count":9}"#)
    try store.ask("plan create", #"{"name":"all","snapshot":"monday","grouping":"topics","batch_size":4}"#)
    try store.ask("plan create", #"{"name":"some","selection":"core","grouping":"topics","batch_size":4}"#)
    return store
  }

  private func everything(_ store: VerbStore, _ id: UInt64) throws -> ReportRecord {
    try store.ask("sample show", path: ["id": "\(id)"], query: [("everything", "true")]).record
  }

  @Test func ranksAreThoseOfAllMembers() throws {
    let count: UInt64 = 60
    let store = try prepared(samples: Int(count))
    try store.ask("sample delete", #"{"ids":[5,11]}"#)
    var members: [UInt64: [Double]] = [:]
    var shown: [(group: UInt64, distance: Double, record: ReportRecord)] = []
    for id in 0..<count where id != 5 && id != 11 {
      let groups = try everything(store, id).list("groups").compactMap { value -> ReportRecord? in
        if case .record(let record) = value { record } else { nil }
      }
      let topic = try #require(groups.first { $0.text("grouping") == "topics" })
      let task = try #require(groups.first { $0.text("grouping") == "tasks" })
      // What looks at no vectors has no order.
      #expect(
        JSONText.string(.list([task["rank"] ?? .text("none"), task["percentile"] ?? .text("none")])) == "[null,null]")
      let (group, distance) = (try #require(topic.number("group")), try #require(topic["distance"]?.double))
      members[group, default: []].append(distance)
      shown.append((group, distance, topic))
    }
    for (group, distance, record) in shown {
      let all = try #require(members[group])
      let nearer = all.count { $0 < distance }
      #expect(record.number("rank") == UInt64(nearer + 1) && record.number("size") == UInt64(all.count))
      let percentile = all.count > 1 ? 100 * Double(nearer) / Double(all.count - 1) : 0
      #expect(abs((record["percentile"]?.double ?? -1) - percentile) < 1e-9)
    }
    #expect(members.values.contains { $0.count > 2 })
  }

  @Test func whatHoldsASampleIsNamed() throws {
    let store = try prepared(samples: 60)
    let core = Set(try store.ask("selection rows", path: ["selection": "core"]).rows.compactMap { $0.number("id") })
    #expect(!core.isEmpty)
    for id in [0, 17, 59] as [UInt64] + core.prefix(2) {
      let record = try everything(store, id)
      let near = try store.ask("sample near", "{\"id\":\(id),\"k\":5}").record
      #expect(JSONText.string(.list(record.list("nearest"))) == JSONText.string(.list(near.list("nearest"))))
      #expect(record.list("nearest").count == 5 && JSONText.string(record["nearest_exact"] ?? .null) == "true")
      let snapshots = JSONText.string(.list(record.list("snapshots")))
      #expect(snapshots.contains(#""snapshot":"monday","grouping":"topics""#), "\(snapshots)")
      #expect(!snapshots.contains("poems"), "no source has that licence")
      let plans = core.contains(id) ? #"["all","some"]"# : #"["all"]"#
      #expect(JSONText.string(.list(record.list("plans"))) == plans, "sample \(id)")
      #expect(record.list("selections").count == (core.contains(id) ? 1 : 0))
    }
    // Without being asked nothing of it is told, and no pass is made.
    let plain = try store.ask("sample show", path: ["id": "17"]).record
    #expect(plain["nearest"] == nil && plain["plans"] == nil)
  }

  /// A store without vectors, groups and snapshots has nothing to tell, and says so.
  @Test func aBareStoreHasNothingToTell() throws {
    let record = try everything(try VerbStore(samples: 3), 1)
    for key in ["groups", "nearest", "snapshots", "plans", "selections"] { #expect(record.list(key).isEmpty) }
  }
}
