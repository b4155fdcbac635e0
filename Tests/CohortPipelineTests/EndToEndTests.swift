import CohortCore
import CohortIngestion
import CohortPipeline
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import Foundation
import Testing

/// The way of real data through the jobs: files, groups, snapshot, plan.
@Suite struct EndToEndTests {
  static let data = Checkout.quickstartData

  @Test func filesBecomePlannedSteps() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    var request = IngestRequest(paths: [Self.data + "/gsm8k", Self.data + "/p3"])
    request.options.task = .fileName
    let report = try IngestJob.run(store, request)
    #expect(report.failures.isEmpty && report.inserted > 1000)
    #expect(report.inserted + report.duplicates + report.quarantined == report.records)
    let again = try IngestJob.run(store, request)
    #expect(again.inserted == 0 && again.records == report.records)
    #expect(again.duplicates == report.inserted + report.duplicates)

    _ = try store.write { transaction in
      _ = try transaction.createGrouping(name: "tasks", definition: GroupingDefinition(criterion: .task))
      return try transaction.createGrouping(
        name: "lengths", definition: GroupingDefinition(criterion: .length(.response, .quantiles(8))))
    }
    let updates = try Pending.group(store)
    #expect(updates.count == 2)
    for name in ["tasks", "lengths"] {
      let groups = try GroupListing.list(store, grouping: name)
      #expect(groups.reduce(0) { $0 + $1.size } == report.inserted)
      #expect(!groups.contains { $0.group == .unassigned })
    }

    let snapshot = try Pending.snapshot(store, name: "first")
    #expect(snapshot.samples == report.inserted)
    let (record, planReport) = try PlanJob.create(
      store, name: "plan", snapshot: "first", grouping: "tasks",
      configuration: PlanConfiguration(batchSize: 32, seed: 7, tail: .short))
    #expect(planReport.unique == report.inserted && planReport.repeated == 0 && planReport.dropped == 0)
    let plan = try PinnedPlan(store, named: "plan")
    #expect(plan.plan.hash == record.hash)
    for epoch in 0..<3 as Range<UInt64> {
      var seen: Set<SampleID> = []
      for index in 0..<plan.plan.stepsPerEpoch {
        let step = try plan.plan.step(epoch: epoch, step: index)
        let ids = try plan.ids(at: step.positions)
        let tasks = try store.read { transaction in try Set(ids.map { try transaction.uint32(Column.task, $0) }) }
        #expect(tasks.count == 1)
        #expect(seen.isDisjoint(with: ids))
        seen.formUnion(ids)
      }
      #expect(UInt64(seen.count) == report.inserted)
    }
    let digest = try plan.digest(epochs: 0..<2)
    for (world, accumulation) in [(2, 1), (4, 1), (8, 4), (1, 4)] {
      #expect(try plan.digest(epochs: 0..<2, world: world, accumulation: accumulation) == digest)
    }
  }
}
