public import CohortCore
public import CohortPipeline
internal import CohortPlanning
internal import CohortReading
public import CohortStore

/// `plan which`: in which steps of an epoch a sample comes, and which rank and micro-batch trains on it. Found by the
/// inverse of the plan's arithmetic, without a look at other steps.
public struct PlanWhichAction: RecordAction {
  public static let name = "plan which"
  public var access: ActionAccess { .reads }
  /// Name of the plan.
  public var plan: String
  /// The sample.
  public var id: SampleID
  /// Counted from 0.
  public var epoch: UInt64
  /// Ranks that share each step.
  public var world: Int
  /// Micro-batches that each rank cuts its share of a step into.
  public var accumulation: Int

  public init(plan: String, id: SampleID, epoch: UInt64 = 0, world: Int = 1, accumulation: Int = 1) {
    self.plan = plan
    self.id = id
    self.epoch = epoch
    self.world = world
    self.accumulation = accumulation
  }

  /// Finds the places. A sample that the epoch leaves out, or that the snapshot does not hold, has none.
  /// - Throws: `store.unknown-plan`; `store.unknown-sample` for an id that the store never had; `planning.invalid-slice`.
  /// - Complexity: that of `PinnedPlan.places(of:epoch:)`, and a step for each place.
  public func run(on store: Store, _ control: JobControl) throws -> PlanWhichReport {
    let next = try store.read { try $0.counters.nextSample }
    guard id.rawValue < next else { throw CohortError.unknownSample(id.rawValue, of: next) }
    let pinned = try PinnedPlan(store, named: plan)
    try StepShare(world: world, accumulation: accumulation).validate()
    let position = try pinned.position(of: id)
    let places = try position.map { try pinned.plan.places(of: $0, epoch: epoch) } ?? []
    let found = try places.map { place -> ReportRecord in
      let step = try pinned.plan.step(epoch: epoch, step: place.step)
      let part = try PlannedStep.part(
        ofIndex: Int(place.index), count: step.positions.count, world: world, accumulation: accumulation)
      return [
        "step": .count(place.step), "index": .count(place.index), "rank": .count(part.rank),
        "micro_batch": .count(part.micro), "place": .count(part.place), "group": .id(step.group),
        "size": .count(step.positions.count),
      ]
    }
    return PlanWhichReport(self, isMember: position != nil, isDeleted: try store.read { try $0.isDeleted(id) }, found)
  }
}

/// Where a sample comes in an epoch.
public struct PlanWhichReport: RecordReport {
  private let action: PlanWhichAction
  private let isMember: Bool
  private let isDeleted: Bool
  /// In the order of the steps.
  private let places: [ReportRecord]

  init(_ action: PlanWhichAction, isMember: Bool, isDeleted: Bool, _ places: [ReportRecord]) {
    (self.action, self.isMember, self.isDeleted, self.places) = (action, isMember, isDeleted, places)
  }

  /// The first place among the fields, for those who expect one; all of them in `places`.
  public var record: ReportRecord {
    var record: ReportRecord = [
      "plan": .text(action.plan), "id": .id(action.id), "epoch": .count(action.epoch),
      "world": .count(action.world), "accumulate": .count(action.accumulation),
    ]
    for name in ["step", "index", "rank", "micro_batch", "place", "group", "size"] {
      record.append(name, places.first?[name] ?? .null)
    }
    record.append("places", .list(places.map { .record($0) }))
    return record
  }

  public var summary: ReportRecord {
    guard places.count == 1 else {
      return [
        "plan": .text(action.plan), "id": .id(action.id), "epoch": .count(action.epoch),
        "places": places.isEmpty ? .text("none") : .list(places.map { .record($0) }),
      ]
    }
    return ReportRecord(record.fields.filter { $0.name != "places" })
  }

  public var notes: [String] {
    if !isMember { return ["Sample \(action.id) is not among the plan's samples"] }
    if isDeleted { return ["Sample \(action.id) was deleted: the batch has a hole in its place"] }
    return places.isEmpty ? ["Epoch \(action.epoch) leaves sample \(action.id) out, by the plan's policies"] : []
  }
}
