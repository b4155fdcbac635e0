internal import CSQLiteTables
internal import CohortCore
internal import CohortPlanning
internal import CohortReading
internal import CohortStore

/// `steps`: what a plan draws in an epoch, computed and not stored. With `world` and `accumulation`, who trains on it in which
/// of its micro-batches.
enum StepsTable: StoreTable {
  static let name = "steps"
  static let declaration = """
    CREATE TABLE x(plan TEXT NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, position INTEGER NOT NULL, \
    id INTEGER, group_id INTEGER, rank INTEGER, micro INTEGER, world INTEGER HIDDEN, accumulation INTEGER HIDDEN, \
    PRIMARY KEY(plan, epoch, step, position, world, accumulation)) WITHOUT ROWID
    """
  static let integers: Set = [epoch, step, id, world, accumulation]
  static let texts: Set = [planName]

  static let (planName, epoch, step, position, id, group) = (0, 1, 2, 3, 4, 5)
  static let (rank, micro, world, accumulation) = (6, 7, 8, 9)

  static func plan(_ request: TablePlan, _ statistics: StoreStatistics) throws {
    guard request.hasEqual(planName), request.hasEqual(epoch) else { return request.setMissing() }
    let isGiven = [planName, epoch].map { request.takeEqual($0) }
    guard !isGiven.contains(.nothing) else { return request.refuse() }
    for column in [world, accumulation] where request.takeEqual(column) == .nothing && request.hasEqual(column) {
      return request.refuse()
    }
    var rows = statistics.samples
    // Where a sample comes is computed, too, and no step has to be.
    if request.takeEqual(id, isExact: false) == .one { return request.set(cost: 100, rows: 1) }
    let isOneStep = request.takeEqual(step) == .one
    if isOneStep { rows = min(rows, 64) } else { for _ in 0..<request.takeRange(step) { rows /= 4 } }
    request.set(cost: 50 + rows * 2, rows: rows)
    request.setOrdered(by: [step, position], fixed: [planName, epoch, world, accumulation])
  }

  static func scan(_ session: TableSession) -> Scan { StepsScan(session) }
}

private final class StepsScan: Scan {
  private typealias Table = StepsTable
  private var pinned: PinnedPlan?
  private var epoch: UInt64 = 0
  /// The steps that are looked at, in order: all of a range, or those that are listed.
  private var next: UInt64 = 0
  private var end: UInt64 = 0
  private var listed: [UInt64]?
  private var share = StepShare()
  private let name = KeptBytes()
  private var room = 0
  private var ids = UnsafeMutablePointer<UInt64>.allocate(capacity: 0)
  private var ranks = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)
  private var micros = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)

  deinit {
    ids.deallocate()
    ranks.deallocate()
    micros.deallocate()
  }

  override func begin(_ arguments: ScanArguments) throws {
    (pinned, next, end, listed) = (nil, 0, 0, nil)
    guard let name = arguments.value(Table.planName), arguments.value(Table.epoch) != nil else {
      throw CohortError(
        .tablesRequired, "The table steps needs a plan and an epoch",
        hint: "WHERE plan = 'NAME' AND epoch = 0; steps are computed, so they begin with those")
    }
    guard let plan = name.text, let epoch = arguments.integers(Table.epoch).single,
      let epoch = UInt64(exactly: epoch)
    else { return }
    share = StepShare(
      world: try Self.count(arguments, Table.world, "world"),
      accumulation: try Self.count(arguments, Table.accumulation, "accumulation"))
    try share.validate()
    let wanted = arguments.integers(Table.step)
    guard !wanted.isEmpty else { return }
    let pinned = try session.read { try PinnedPlan(session.store, try $0.existingPlan(plan), $0) }
    self.pinned = pinned
    self.epoch = epoch
    self.name.set(text: plan)
    let ids = arguments.integers(Table.id)
    if !ids.isAnything {
      // Those of a sample: each once, though it may come more than once in it.
      let places = try session.read { transaction in
        try ids.single.flatMap { UInt64(exactly: $0) }.flatMap { try pinned.position(of: SampleID($0), transaction) }
          .map { try pinned.plan.places(of: $0, epoch: epoch) } ?? []
      }
      listed = Set(places.map(\.step)).filter { wanted.contains($0) }.sorted()
      (next, end) = (0, UInt64(listed?.count ?? 0))
      return
    }
    next = UInt64(max(wanted.low, 0))
    end = wanted.high < 0 ? 0 : min(pinned.plan.stepsPerEpoch, UInt64(wanted.high) + 1)
  }

  /// A number from 1 on; 1 where none is given.
  private static func count(_ arguments: ScanArguments, _ column: Int, _ name: String) throws -> Int {
    guard arguments.value(column) != nil else { return 1 }
    guard let number = arguments.integers(column).single, (1...(1 << 20)).contains(number) else {
      throw CohortError.argument(name, "it is no number from 1 to \(1 << 20)")
    }
    return Int(number)
  }

  override func advance(_ batch: UnsafeBatch) throws {
    try session.checkStop()
    guard let pinned, next < end else { return }
    let number = listed.map { $0[Int(next)] } ?? next
    let step = try pinned.plan.step(epoch: epoch, step: number)
    let found = try session.read { try pinned.ids(at: step.positions, $0) }
    reserve(found.count)
    for (index, id) in found.enumerated() {
      let part = try PlannedStep.part(
        ofIndex: index, count: found.count, world: share.world, accumulation: share.accumulation)
      ids[index] = id.rawValue
      (ranks[index], micros[index]) = (UInt32(part.rank), UInt32(part.micro))
    }
    batch.setRows(found.count)
    batch.setSame(Table.planName, name.value)
    batch.setSame(Table.epoch, .integer(epoch))
    batch.setSame(Table.step, .integer(number))
    batch.setCounted(Table.position, from: 0)
    batch.set(Table.id, COHORT_SQL_LONGS, ids)
    batch.setSame(Table.group, step.isMixed || step.group == .unassigned ? .null : .integer(step.group.rawValue))
    batch.set(Table.rank, COHORT_SQL_WORDS, ranks)
    batch.set(Table.micro, COHORT_SQL_WORDS, micros)
    batch.setSame(Table.world, .integer(share.world))
    batch.setSame(Table.accumulation, .integer(share.accumulation))
    next += 1
  }

  private func reserve(_ count: Int) {
    guard count > room else { return }
    ids.deallocate()
    ranks.deallocate()
    micros.deallocate()
    room = count
    ids = .allocate(capacity: count)
    ranks = .allocate(capacity: count)
    micros = .allocate(capacity: count)
    ranks.initialize(repeating: 0, count: count)
    micros.initialize(repeating: 0, count: count)
  }
}
