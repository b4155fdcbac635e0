public import CohortCore
internal import CohortMapping
public import CohortStore

/// Shows that a map is a function of the log: makes it again from its vectors, as the log says that it came about, and
/// compares the digest after each entry.
public struct MapReplay: Hashable, Sendable {
  /// Name of the map that was made again.
  public var map: String
  public var count: UInt64
  /// Of the places that came out; nil where it could not be made again.
  public var digest: Digest128?
  /// What differs, in words.
  public var difference: String?
  /// Why it cannot be made again.
  public var obstacle: String?

  /// What the log tells of a map since it was laid out last.
  private struct Step {
    let change: LogEvent.MapChanged.Change
    let sequence: LogSequence
    let rules: UInt32
    let count: Int
    let cells: Int
    let digest: Digest128
    var turn: [Double] = []
  }

  /// - Throws: `store.unknown-map`; `pipeline.interrupted`; what reading vectors throws.
  /// - Complexity: what it cost to make it.
  public static func run(_ store: Store, map name: String, control: JobControl = JobControl()) throws -> Self {
    let (record, places, cells) = try MapJob.stored(store, name)
    var replay = MapReplay(map: name, count: record.count)
    let steps = try steps(of: record, store)
    guard let first = steps.first, first.change == .laidOut else {
      replay.obstacle = "the log does not tell of its layout"
      return replay
    }
    guard steps.allSatisfy({ $0.rules == MapEngine.rulesVersion }) else {
      replay.obstacle = "it was made by other rules than version \(MapEngine.rulesVersion)"
      return replay
    }
    let inputs: MapInputs
    do {
      inputs = try MapInputs(store, record)
    } catch let error as CohortError where error.category == .notFound {
      replay.obstacle = error.message
      return replay
    }
    let missing = try places.reduce(0) { try $0 + (inputs.source.vector(of: $1.id) == nil ? 1 : 0) }
    guard missing == 0 else {
      replay.obstacle = "\(missing) of its samples have no vector any more"
      return replay
    }
    let ids = places.map(\.id)
    try inputs.withEngine(control) { engine in
      var state = MapState(cells: [])
      for step in steps {
        func tell(_ share: Double) throws { try MapInputs.tell(control, "replaying \(name)", share) }
        switch step.change {
        case .laidOut:
          state = try engine.layout(
            Array(ids.prefix(step.count)), inputs.source, around: Array(cells.prefix(step.cells)), tell)
          if let turn = Registration(coefficients: step.turn) { state.apply(turn) }
        case .placed:
          try engine.place(
            Array(ids[min(state.samples.count, step.count)..<min(step.count, ids.count)]), in: &state, inputs.source,
            tell)
        case .settled: try engine.settle(&state, inputs.source, tell)
        }
        let digest = MapRecord.digest(state.stored)
        replay.digest = digest
        guard digest == step.digest else {
          replay.difference = "entry \(step.sequence) comes out with digest \(digest), not \(step.digest)"
          return
        }
      }
    }
    return replay
  }

  /// What happened since the last layout.
  private static func steps(of map: MapRecord, _ store: Store) throws -> [Step] {
    var steps: [Step] = []
    try store.read { transaction in
      _ = try transaction.forEachEntry(of: [LogEvent.MapCreated.kind, LogEvent.MapChanged.kind]) { entry in
        if let event = entry.event as? LogEvent.MapCreated, event.id == map.id {
          steps.append(
            Step(
              change: .laidOut, sequence: entry.sequence, rules: event.rules, count: Int(clamping: event.count),
              cells: Int(event.cells), digest: event.digest))
        } else if let event = entry.event as? LogEvent.MapChanged, event.id == map.id {
          if event.change == .laidOut { steps = [] }
          steps.append(
            Step(
              change: event.change, sequence: entry.sequence, rules: event.rules, count: Int(clamping: event.count),
              cells: Int(event.cells), digest: event.digest, turn: event.turn))
        }
        return true
      }
    }
    return steps
  }
}
