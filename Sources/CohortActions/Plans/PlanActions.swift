internal import CohortCore
public import CohortPipeline
public import CohortPlanning
public import CohortReading
public import CohortStore

/// `plan create`: makes a plan, and reports what its epochs give before any training.
public struct PlanCreateAction: RecordAction {
  public static let name = "plan create"
  public var access: ActionAccess { .writes }
  /// Name of the new plan: unique in the store.
  public var plan: String
  /// Name of the snapshot that the plan stands on; nil for that of the selection.
  public var snapshot: String?
  /// Name of the selection whose samples the plan has; nil for all of the snapshot.
  public var selection: String?
  /// Name of the grouping, one of the snapshot's, whose groups the batches come from; nil for the only one that it has.
  public var grouping: String?
  /// Batch size, policies and seed of the plan; checked before anything is read.
  public var configuration: PlanConfiguration
  /// The length measure that budget, curriculum and padding count by; nil for the store's own.
  public var measure: String?
  /// The ranks and their micro-batches that the report counts empty parts for. The plan itself is the same for all.
  public var world: Int
  /// Micro-batches of each rank.
  public var accumulation: Int

  public init(
    plan: String, snapshot: String? = nil, selection: String? = nil, grouping: String?,
    configuration: PlanConfiguration, measure: String? = nil, world: Int = 1, accumulation: Int = 1
  ) {
    self.plan = plan
    self.snapshot = snapshot
    self.selection = selection
    self.grouping = grouping
    self.configuration = configuration
    self.measure = measure
    self.world = world
    self.accumulation = accumulation
  }

  /// Makes the plan, stores it with its report, and gives that report.
  /// - Throws: `store.name`; `planning.invalid-configuration`; `cli.usage` without snapshot and selection;
  ///   `store.unknown-selection`, `pipeline.not-in-snapshot` for one of another snapshot; `store.unknown-snapshot`, `store.unknown-grouping` for one
  ///   that the snapshot lacks, `store.unknown-length-measure`, `store.plan-exists`.
  public func run(on store: Store, _ control: JobControl) throws -> PlanCreateReport {
    try NameRule.check(plan, of: "plan")
    try configuration.validate()
    try StepShare(world: world, accumulation: accumulation).validate()
    let measure = measure == SampleLengths.ownMeasure ? nil : measure
    let (snapshot, grouping, unit) = try store.read { transaction in
      let snapshot = try snapshotName(transaction)
      let names = try transaction.existingSnapshot(snapshot).groupings.map(\.name)
      let grouping = try names.only(or: self.grouping, of: "Snapshot '\(snapshot)'")
      guard names.contains(grouping) else { throw CohortError.unknown("grouping", grouping, known: names) }
      return (
        snapshot, grouping,
        try measure.map { try transaction.existingMeasure($0).unit } ?? store.configuration.lengthUnit
      )
    }
    let (_, report) = try PlanJob.create(
      store, name: plan, snapshot: snapshot, grouping: grouping, selection: selection, configuration: configuration,
      measure: measure, world: world, accumulation: accumulation)
    return PlanCreateReport(plan: plan, selection: selection, grouping: grouping, unit: unit, report: report)
  }

  private func snapshotName(_ transaction: borrowing ReadTransaction) throws -> String {
    if let snapshot { return snapshot }
    guard let selection else {
      throw CohortError.usage("A plan stands on a snapshot or on a selection", hint: "Name one of them")
    }
    let record = try transaction.existingSelection(selection)
    guard let snapshot = try transaction.snapshot(record.snapshot) else {
      throw CohortError.dropped("snapshot", "number \(record.snapshot)")
    }
    return snapshot.name
  }
}

/// `plan list`: each plan with its snapshot, its grouping and what an epoch of it gives.
public struct PlanListAction: ListAction {
  public static let name = "plan list"
  public static let columns: [ReportColumn] = [
    "plan", "snapshot", "grouping", "batch_size", "steps", "rows", "created", "plan_hash", .hidden("selection"),
    .hidden("report"),
  ]

  /// Lists every plan of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction in
      try transaction.plans().map { record -> ReportRecord in
        let plan = try Plan(decoding: record.plan)
        let snapshot = try transaction.snapshot(record.snapshot)
        let grouping = snapshot?.groupings.first { $0.id == record.grouping }
        return [
          "plan": .text(record.name), "snapshot": .optional(snapshot?.name), "grouping": .optional(grouping?.name),
          "batch_size": .count(plan.configuration.batchSize), "steps": .count(plan.stepsPerEpoch),
          "rows": .count(plan.rows), "created": .time(record.created), "plan_hash": .digest(record.hash),
          "selection": .optional(try record.selection.flatMap { try transaction.selection($0)?.name }),
          "report": .json([UInt8](record.report.utf8)),
        ]
      }
    }
    try rows.forEach(row)
  }
}

/// `plan show`: the batches of an epoch, any step without the steps before it.
public struct PlanShowAction: ListAction {
  public static let name = "plan show"
  public static let columns: [ReportColumn] = [
    "epoch", "step", "group", "groups", .hidden("mixed"), "size", "ids", .hidden("deleted"),
  ]
  public static let isStream = true
  /// Name of the plan; it is read with its snapshot before the first row.
  public var plan: String
  /// The epoch whose batches are shown, counted from 0.
  public var epoch: UInt64
  /// The first step, and the one behind the last; nil for the end of the epoch.
  public var steps: (lower: UInt64, upper: UInt64?)
  /// Nil for whole steps.
  public var share: StepShare?
  /// Also the samples themselves, in the batch's order.
  public var withTexts: Bool
  /// Ids of deleted samples with a word beside them.
  public var forPeople: Bool

  public init(
    plan: String, epoch: UInt64 = 0, steps: (lower: UInt64, upper: UInt64?) = (0, nil),
    share: StepShare? = nil, withTexts: Bool = false, forPeople: Bool = false
  ) {
    self.plan = plan
    self.epoch = epoch
    self.steps = steps
    self.share = share
    self.withTexts = withTexts
    self.forPeople = forPeople
  }

  /// Gives one row a step, in order, with the ids that its batch has (or this rank's share of them). `ids` are those that the
  /// plan was made with, as its digest and its readers count them; `deleted` are those of them that were deleted since: no
  /// trainer gets these, and nothing takes their place.
  /// - Throws: `store.unknown-plan`; `cli.no-such-step`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    try run(on: store) { record, _ in try row(record) }
  }

  /// The same with the samples of each step, if they are asked for: those that were deleted since are missing among them.
  public func run(
    on store: Store, _ row: (ReportRecord, _ samples: [SampleDescription]) throws -> Void
  ) throws {
    let stored = try PinnedPlan(store, named: plan)
    let count = stored.plan.stepsPerEpoch
    if steps.lower > 0 || steps.upper != nil, steps.lower >= count {
      throw CohortError(
        .cliNoSuchStep, "Plan '\(plan)' has no step \(steps.lower)",
        hint: count == 0 ? "Its epochs have no steps" : "The steps of an epoch go from 0 to \(count - 1)")
    }
    let end = min(steps.upper ?? count, count)
    for index in min(steps.lower, end)..<end {
      var (record, ids) = try record(try stored.plan.step(epoch: epoch, step: index), stored)
      let (deleted, samples) = try store.read { transaction in
        let deleted = try ids.filter { try transaction.isDeleted($0) }
        guard withTexts else { return (deleted, [SampleDescription]()) }
        return (
          deleted,
          try ids.compactMap { id in try transaction.sample(id).map { try SampleDescription($0, in: transaction) } }
        )
      }
      if forPeople, !deleted.isEmpty {
        let gone = Set(deleted)
        record["ids"] = .list(ids.map { gone.contains($0) ? .text("\($0) (deleted)") : .id($0) })
      }
      record.append("deleted", .list(deleted.map { .id($0) }))
      if withTexts { record.append("samples", .list(samples.map { .record($0.record) })) }
      try row(record, samples)
    }
  }

  private func record(_ step: PlannedStep, _ stored: PinnedPlan) throws -> (ReportRecord, ids: [SampleID]) {
    let parts = try share?.parts(of: step).map { Array(step.positions[$0]) } ?? [step.positions]
    let ids = try parts.map { try stored.ids(at: $0) }
    let all = ids.flatMap { $0 }
    var record: ReportRecord = [
      "epoch": .count(step.epoch), "step": .count(step.step), "group": .id(step.group),
      "ids": .list(all.map { .id($0) }), "size": .count(all.count), "mixed": .boolean(step.isMixed),
      "groups": .count(Set(try parts.joined().map { try stored.plan.group(ofPosition: $0) }).count),
    ]
    if share != nil { record.append("micro_batches", .list(ids.map { .list($0.map { .id($0) }) })) }
    return (record, all)
  }
}

/// `plan digest`: one hash over all ids of some epochs, in order.
public struct PlanDigestAction: RecordAction {
  public static let name = "plan digest"
  public var access: ActionAccess { .reads }
  /// Name of the plan; it is read with its snapshot before the first id is hashed.
  public var plan: String
  /// How many epochs are hashed, from epoch 0 on.
  public var epochs: UInt64
  /// The digest is the same for every number of ranks and of micro-batches: the ids are put together from their parts.
  public var world: Int
  /// Micro-batches that each rank cuts its share of a step into.
  public var accumulation: Int

  public init(plan: String, epochs: UInt64, world: Int = 1, accumulation: Int = 1) {
    self.plan = plan
    self.epochs = epochs
    self.world = world
    self.accumulation = accumulation
  }

  /// Hashes the ids of the epochs in their order.
  /// - Throws: `store.unknown-plan`; `pipeline.interrupted`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let stored = try PinnedPlan(store, named: plan)
    let digest = try PlanDigestJob.run(
      stored, epochs: 0..<epochs, world: world, accumulation: accumulation, control: control)
    return PlainReport([
      "plan": .text(plan), "epochs": .count(epochs), "digest": .digest(digest), "plan_hash": .digest(stored.plan.hash),
      "steps": .count(stored.plan.stepsPerEpoch),
    ])
  }
}
