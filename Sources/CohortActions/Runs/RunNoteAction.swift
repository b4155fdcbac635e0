internal import CohortCore
public import CohortPipeline
internal import CohortPlanning
internal import CohortReading
public import CohortStore
internal import CohortTrainer

/// `run note`: keeps how far a training in another program is, and its losses by group, task and source.
public struct RunNoteAction: RecordAction {
  public static let name = "run note"
  public var access: ActionAccess { .writes }

  /// The losses of one group, task or source over a run so far.
  public struct Loss: Sendable {
    /// What the losses are told apart by.
    public enum Kind: String, CaseIterable, Sendable {
      case group, task, source
    }

    /// Group, task or source.
    public var by: Kind
    /// Which one: a group's number, or "mixed" for steps that are of no single group; a task's or a source's name.
    public var name: String
    /// Steps that had something of it to predict.
    public var steps: UInt64
    /// What was predicted in them.
    public var tokens: UInt64
    /// Of a token over all these steps, in nats. As the next two, nil for a loss that is no number any more.
    public var mean: Double?
    /// Of the first step.
    public var first: Double?
    /// Of the latest step.
    public var last: Double?

    public init(
      by: Kind, name: String, steps: UInt64, tokens: UInt64, mean: Double?, first: Double?, last: Double?
    ) {
      self.by = by
      self.name = name
      self.steps = steps
      self.tokens = tokens
      self.mean = mean
      self.first = first
      self.last = last
    }
  }

  /// The name of the run, which is made if it is not there.
  public var run: String
  /// The plan that it follows.
  public var plan: String
  /// The hash of the plan that the steps were counted in, as 32 hexadecimal digits; nil for whatever has the plan's name.
  public var planHash: String?
  /// The next step to train on. The number of steps of an epoch is the beginning of the next one.
  public var place: (epoch: UInt64, step: UInt64)
  /// What the run consumed from its beginning on.
  public var steps: UInt64
  public var samples: UInt64
  public var tokens: UInt64
  /// All of the run so far.
  public var losses: [Loss]

  public init(
    run: String, plan: String, planHash: String? = nil, place: (epoch: UInt64, step: UInt64), steps: UInt64,
    samples: UInt64, tokens: UInt64, losses: [Loss]
  ) {
    self.run = run
    self.plan = plan
    self.planHash = planHash
    self.place = place
    self.steps = steps
    self.samples = samples
    self.tokens = tokens
    self.losses = losses
  }

  /// A request as JSON: the parameters of this verb but the run.
  /// - Throws: as `Verb.arguments(path:query:body:)`.
  public init(run: String, request: [UInt8]) throws {
    guard let verb = VerbRegistry.verb(named: Self.name) else { throw CohortError.usage("There is no \(Self.name)") }
    try self.init(try verb.arguments(path: ["run": run], body: request))
  }

  init(_ arguments: VerbArguments) throws {
    guard case .list(let losses) = arguments.values["losses"] else {
      throw CohortError.argument("losses", "'losses' takes a list")
    }
    self.init(
      run: try arguments.text("run"), plan: try arguments.text("plan"),
      planHash: try arguments.text(ifGiven: "plan_hash"),
      place: (try arguments.count("epoch"), try arguments.count("step")), steps: try arguments.count("steps"),
      samples: try arguments.count("samples"),
      tokens: try arguments.count("tokens"), losses: try losses.map(Self.loss))
  }

  private static func loss(_ value: ReportValue) throws -> Loss {
    guard case .record(let record) = value else { throw CohortError.argument("losses", "'losses' takes objects") }
    let fields = VerbArguments(
      Dictionary(record.fields.filter(\.value.isThere).map { ($0.name, $0.value) }) { first, _ in first })
    guard let by = Loss.Kind(rawValue: try fields.text("by")) else {
      throw CohortError.argument("losses.by", "'by' takes group, task or source")
    }
    return Loss(
      by: by, name: try fields.text("name"), steps: try fields.count("steps"), tokens: try fields.count("tokens"),
      mean: try fields.number(ifGiven: "mean"), first: try fields.number(ifGiven: "first"),
      last: try fields.number(ifGiven: "last"))
  }

  /// Keeps the note, durably; the store has the last three of a run.
  /// - Throws: `store.name`; `cli.argument` for losses that make no sense; `store.unknown-plan`; `planning.invalid-cursor`
  ///   for a step that the plan does not have; `trainer.foreign-run` for another plan's hash or run, `trainer.other-learner`
  ///   for a run of `train`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NameRule.check(run, of: "run")
    let (groups, noted) = try sorted()
    let pinned = try PinnedPlan(store, named: plan)
    guard planHash == nil || planHash == pinned.plan.hash.description else {
      throw CohortError(
        .trainerForeignRun, "the steps were counted in another plan than '\(plan)' is now", place: "run \(run)",
        cause: "the trainer follows plan \(planHash ?? ""), the store's is \(pinned.plan.hash)",
        hint: "Give the plan of now another name, or note under the name that the trainer's plan has")
    }
    let cursor = try pinned.plan.cursor(epoch: place.epoch, step: place.step)
    let progress = TrainingProgress(steps: steps, samples: samples, tokens: tokens, losses: LossByGroup(groups))
    let checkpoint = Checkpoint(
      cursor: cursor, progress: progress, learner: NotedLosses.learner, state: noted.encode())
    let number = try StoreCheckpoints.note(checkpoint, run: run, plan: pinned.record, in: store)
    return PlainReport([
      "run": .text(run), "plan": .text(plan), "plan_hash": .digest(pinned.plan.hash), "note": .count(number),
      "epoch": .count(cursor.epoch), "step": .count(cursor.step), "steps": .count(steps),
      "losses": .count(losses.count),
    ])
  }

  private func sorted() throws -> ([GroupID: LossByGroup.Statistics], NotedLosses) {
    var groups: [GroupID: LossByGroup.Statistics] = [:]
    var noted = NotedLosses()
    for loss in losses {
      let statistics = LossByGroup.Statistics(
        steps: loss.steps, tokens: loss.tokens, mean: loss.mean ?? .nan, first: loss.first ?? .nan,
        last: loss.last ?? .nan)
      let former: LossByGroup.Statistics? =
        switch loss.by {
        case .group: groups.updateValue(statistics, forKey: try RunLosses.group(loss.name))
        case .task: noted.tasks.updateValue(statistics, forKey: loss.name)
        case .source: noted.sources.updateValue(statistics, forKey: loss.name)
        }
      guard former == nil else {
        throw CohortError.argument("losses", "'losses' has \(loss.by.rawValue) '\(loss.name)' twice")
      }
    }
    return (groups, noted)
  }
}

/// The losses of a run as reports have them.
enum RunLosses {
  /// Steps that are of no single group.
  static let mixed = "mixed"

  /// A group by its number as text.
  /// - Throws: `cli.argument`.
  static func group(_ name: String) throws -> GroupID {
    if name == mixed { return .unassigned }
    guard let number = UInt32(name), GroupID(number) != .unassigned, String(number) == name else {
      throw CohortError.argument(
        "losses", "'losses' names groups by their numbers or as \(mixed), not as '\(name.prefix(100))'")
    }
    return GroupID(number)
  }

  /// By group, then by task, then by source; each in order.
  /// - Throws: `trainer.unreadable` for a state that is damaged.
  static func rows(of checkpoint: Checkpoint) throws -> [ReportRecord] {
    let losses = checkpoint.progress.losses
    let groups = losses.groups.compactMap { group in
      losses[group].map { row("group", group == .unassigned ? mixed : "\(group)", $0) }
    }
    guard checkpoint.learner == NotedLosses.learner else { return groups }
    let noted = try NotedLosses(decoding: checkpoint.state)
    func rows(_ by: String, _ losses: [String: LossByGroup.Statistics]) -> [ReportRecord] {
      losses.sorted { $0.key < $1.key }.map { row(by, $0.key, $0.value) }
    }
    return groups + rows("task", noted.tasks) + rows("source", noted.sources)
  }

  private static func row(_ by: String, _ name: String, _ statistics: LossByGroup.Statistics) -> ReportRecord {
    func loss(_ value: Double) -> ReportValue { value.isFinite ? .number(value) : .null }
    return [
      "by": .text(by), "name": .text(name), "steps": .count(statistics.steps), "tokens": .count(statistics.tokens),
      "mean": loss(statistics.mean), "first": loss(statistics.first), "last": loss(statistics.last),
    ]
  }
}

extension ReportValue {
  /// Whether it is not null.
  fileprivate var isThere: Bool {
    if case .null = self { false } else { true }
  }
}
