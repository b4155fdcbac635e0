internal import CohortCore
public import CohortPipeline
public import CohortSelection
public import CohortStore

/// `selection create`: chooses a core set of a snapshot, and reports what it covers beside random draws.
public struct SelectionCreateAction: RecordAction {
  public static let name = "selection create"
  public var access: ActionAccess { .writes }
  /// Name of the new selection: unique in the store.
  public var selection: String
  public var request: SelectionRequest

  public init(selection: String, request: SelectionRequest) {
    self.selection = selection
    self.request = request
  }

  /// Chooses the samples, stores them in one transaction, and gives the report.
  /// - Throws: as `SelectionJob.create`.
  public func run(on store: Store, _ control: JobControl) throws -> SelectionReportView {
    try SelectionReportView(
      try SelectionJob.create(store, name: selection, request: request, control: control) { space in
        try space.openEncoder(in: store, workers: control.workers)
      })
  }
}

/// `selection grow`: chooses again from another snapshot, and keeps what was chosen.
public struct SelectionGrowAction: RecordAction {
  public static let name = "selection grow"
  public var access: ActionAccess { .writes }
  /// Name of the selection that grows; it stays as it is.
  public var selection: String
  /// Name of the snapshot that the new one is chosen from.
  public var snapshot: String
  /// Name of the new selection; nil for `SELECTION.SNAPSHOT`.
  public var newName: String?
  /// In all; nil for the same share of the snapshot.
  public var budget: SelectionRequest.Budget?
  /// What must not be near: to be given again where the selection was made with it.
  public var avoided: AvoidedItems?

  public init(
    selection: String, snapshot: String, newName: String? = nil, budget: SelectionRequest.Budget? = nil,
    avoided: AvoidedItems? = nil
  ) {
    self.avoided = avoided
    (self.selection, self.snapshot, self.newName, self.budget) = (selection, snapshot, newName, budget)
  }

  /// - Throws: as `SelectionJob.grow`.
  public func run(on store: Store, _ control: JobControl) throws -> SelectionReportView {
    try SelectionReportView(
      try SelectionJob.grow(
        store, from: selection, name: newName ?? "\(selection).\(snapshot)", snapshot: snapshot, budget: budget,
        avoided: avoided, control: control
      ) { space in
        try space.openEncoder(in: store, workers: control.workers)
      })
  }
}

/// `selection list`: each selection with its snapshot, its method and its size.
public struct SelectionListAction: ListAction {
  public static let name = "selection list"
  public static let columns: [ReportColumn] = [
    "selection", "snapshot", "method", "count", "created", "digest",
  ]

  /// Lists every selection of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction in
      try transaction.selections().map { record -> ReportRecord in
        [
          "selection": .text(record.name), "snapshot": .optional(try transaction.snapshot(record.snapshot)?.name),
          "method": .text(record.method), "count": .count(record.count), "created": .time(record.created),
          "digest": .digest(record.digest),
        ]
      }
    }
    try rows.forEach(row)
  }
}

/// `selection show`: the report that was made with a selection.
public struct SelectionShowAction: RecordAction {
  public static let name = "selection show"
  public var access: ActionAccess { .reads }
  /// Name of the selection.
  public var selection: String

  public init(selection: String) { self.selection = selection }

  /// - Throws: `store.unknown-selection`.
  public func run(on store: Store, _ control: JobControl) throws -> SelectionReportView {
    let record = try store.read { try $0.existingSelection(selection) }
    return try SelectionReportView(json: record.report)
  }
}

/// `selection show --rows`: the ids of a selection in its order; every beginning is a smaller selection.
public struct SelectionRowsAction: ListAction {
  public static let name = "selection rows"
  public static let columns: [ReportColumn] = ["rank", "id"]
  /// Name of the selection.
  public var selection: String

  public init(selection: String) { self.selection = selection }

  /// - Throws: `store.unknown-selection`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let ids = try store.read { try $0.ids(of: try $0.existingSelection(selection)) }
    for (rank, id) in ids.enumerated() { try row(["rank": .count(rank), "id": .id(id)]) }
  }
}

/// `selection compare`: how much two selections have in common.
public struct SelectionCompareAction: RecordAction {
  public static let name = "selection compare"
  public var access: ActionAccess { .reads }
  /// Names of the selections.
  public var first: String
  public var second: String

  public init(_ first: String, _ second: String) { (self.first, self.second) = (first, second) }

  /// - Throws: `store.unknown-selection`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let found = try SelectionComparison.run(store, first, second)
    return PlainReport([
      "first": .text(first), "second": .text(second), "first_count": .count(found.first.count),
      "second_count": .count(found.second.count), "common": .count(found.common),
      "only_first": .count(found.first.count - found.common), "only_second": .count(found.second.count - found.common),
      "jaccard": .number(found.jaccard), "expected_common": .optional(found.expected),
      "common_beginning": .count(found.commonBeginning), "same": .boolean(found.first.digest == found.second.digest),
    ])
  }
}

/// `selection split`: makes two selections for training and validation without near-duplicates in common.
public struct SelectionSplitAction: RecordAction {
  public static let name = "selection split"
  public var access: ActionAccess { .writes }
  /// What both names begin with: `NAME.train`, `NAME.validation`.
  public var selection: String
  public var request: SplitRequest

  public init(selection: String, request: SplitRequest) { (self.selection, self.request) = (selection, request) }

  /// - Throws: as `SplitJob.run`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let report = try SplitJob.run(store, name: selection, request: request, control: control) { space in
      try space.openEncoder(in: store, workers: control.workers)
    }
    var notes: [String] = []
    if report.validation.count != report.wanted {
      notes.append("\(report.wanted) samples were asked for validation; what stays together did not fit exactly")
    }
    if report.blind > 0, report.apart != nil {
      notes.append("\(report.blind) samples have no vector: they are near-duplicates of nothing")
    }
    return PlainReport(
      [
        "train": .text(report.training.name), "train_count": .count(report.training.count),
        "train_digest": .digest(report.training.digest), "validation": .text(report.validation.name),
        "validation_count": .count(report.validation.count), "validation_digest": .digest(report.validation.digest),
        "wanted": .count(report.wanted), "units": .count(report.units), "apart": .optional(report.apart),
        "without_vector": .count(report.blind), "avoided": .count(report.avoided.count),
        "avoided_ids": .list(report.avoided.map { .unsigned($0) }),
      ], notes: notes)
  }
}

/// `selection sweep`: measures methods at several budgets beside random draws, and stores nothing.
public struct SelectionSweepAction: ListAction {
  public static let name = "selection sweep"
  public static let columns: [ReportColumn] = [
    "method", "share", "count", "figure", .hidden("seeds"), "mean", .hidden("deviation"), .hidden("draws"),
    "random_mean", .hidden("random_deviation"), "difference", "half_width",
  ]
  /// What is measured where nothing is said. K-center over all is left out: it takes long.
  public static let usualMethods: [SelectionMethod] = SelectionMethod.allCases.filter { $0 != .kcenter }
  public static let usualShares = [0.005, 0.01, 0.02, 0.05]
  /// All but method and budget; the seed is the first one.
  public var request: SelectionRequest
  public var methods: [SelectionMethod]
  /// Of the snapshot.
  public var shares: [Double]
  public var seeds: Int
  public var draws: Int

  public init(request: SelectionRequest, methods: [SelectionMethod], shares: [Double], seeds: Int = 5, draws: Int = 10)
  {
    (self.request, self.methods, self.shares, self.seeds, self.draws) = (request, methods, shares, seeds, draws)
  }

  /// - Throws: as `SelectionSweep.run`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    func rounded(_ value: Double) -> ReportValue { .number((value * 1e5).rounded() / 1e5) }
    try SelectionSweep.run(
      store, request, methods: methods, shares: shares, seeds: seeds, draws: draws, control: control
    ) { found in
      try row([
        "method": .text(found.method), "share": .number(found.share), "count": .count(found.count),
        "figure": .text(found.figure), "seeds": .count(found.seeds), "mean": rounded(found.mean),
        "deviation": rounded(found.deviation), "draws": .count(found.draws), "random_mean": rounded(found.randomMean),
        "random_deviation": rounded(found.randomDeviation), "difference": rounded(found.difference),
        "half_width": rounded(found.halfWidth),
      ])
    }
  }
}
