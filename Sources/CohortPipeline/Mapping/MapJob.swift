package import CohortCore
internal import CohortMapping
public import CohortStore

/// What was done to a map.
public struct MapReport: Hashable, Sendable {
  /// The map's record afterwards.
  public var map: MapRecord
  /// Name of the grouping that it follows.
  public var grouping: String
  /// Samples that got a place.
  public var placed: UInt64 = 0
  /// How often all samples moved a little.
  public var events = 0
  /// Samples of the grouping that wait for their round to be whole.
  public var waiting: UInt64 = 0
}

/// Makes maps and keeps them up to date. A place is a function of the log: of the vectors, of the rounds of the grouping in
/// which samples came, and of what was asked for. Workers and processors do not show.
public enum MapJob {
  /// Lays out all samples that a grouping by embedding has assigned.
  /// - Throws: `store.name`, `store.map-exists`, `store.unknown-grouping`; `pipeline.not-by-embedding`;
  ///   `pipeline.no-vector` when there are no samples; `pipeline.interrupted`.
  /// - Complexity: neighbours among the 16 nearest groups of each sample, then 400 steps over all.
  public static func create(
    _ store: Store, name: String, grouping: String, control: JobControl = JobControl()
  ) throws -> MapReport {
    try store.read { try $0.checkNew(map: name) }
    let inputs = try MapInputs(store, grouping: grouping)
    let through = inputs.end
    let samples = try inputs.live(inputs.samples(from: .start, to: through))
    let state = try inputs.layout(samples, control)
    let new = NewMap(
      name: name, grouping: inputs.grouping.id, space: inputs.space.id, dimension: inputs.space.dimension,
      rules: MapEngine.rulesVersion, through: through, places: state.stored, cells: state.cells)
    let record = try store.write { try $0.createMap(new) }
    return MapReport(map: record, grouping: inputs.grouping.name, placed: record.count)
  }

  /// Places what came since, a whole round of the grouping at a time; when much has come into new land, all samples move a
  /// little. Each round is committed, so a job that is stopped keeps what it has done.
  /// - Parameter isTailPlaced: places the samples of the round that is not whole yet, too. Then the map depends on when
  ///   that was asked for; the log says when.
  /// - Throws: `store.unknown-map`; `store.dropped`; `store.map-moved` when another program changes it;
  ///   `pipeline.map-rules` for a map of other rules; `pipeline.interrupted`.
  public static func update(
    _ store: Store, map name: String, isTailPlaced: Bool = false, control: JobControl = JobControl()
  ) throws -> MapReport {
    var record = try store.read { try $0.existingMap(name) }
    let inputs = try MapInputs(store, record)
    var report = MapReport(map: record, grouping: inputs.grouping.name)
    var ends = try inputs.rounds(after: record.through)
    if isTailPlaced, inputs.end > ends.last ?? record.through { ends.append(inputs.end) }
    if !ends.isEmpty {
      guard record.rules == MapEngine.rulesVersion else {
        throw CohortError(
          .pipelineMapRules,
          "Map \"\(name)\" was made by version \(record.rules) of the rules, not \(MapEngine.rulesVersion)",
          hint: "Lay it out anew: cohort map create \(name) --refit")
      }
      // Read again with the places: it may have changed.
      let (map, places, cells) = try stored(store, name)
      record = map
      var state = MapState(record, places, cells: cells)
      try inputs.withEngine(control) { engine in
        for end in ends where end > record.through {
          let known = Set(state.samples)
          let new = try inputs.samples(from: record.through, to: end).filter { !known.contains($0) }
          guard !new.isEmpty else { continue }
          try engine.place(new, in: &state, inputs.source) { try MapInputs.tell(control, "placing", $0) }
          let placed = state.change(.placed, through: end)
          var settled: MapChange?
          if state.isDue {
            try engine.settle(&state, inputs.source) { try MapInputs.tell(control, "settling", $0) }
            settled = state.change(.settled, through: end)
            report.events += 1
          }
          record = try store.write { transaction in
            var next = try transaction.changeMap(record, to: placed)
            if let settled { next = try transaction.changeMap(next, to: settled) }
            return next
          }
          report.placed += UInt64(new.count)
        }
      }
    }
    report.map = record
    report.waiting = UInt64(try inputs.samples(from: record.through, to: inputs.end).count)
    return report
  }

  /// Lays a map out anew, with all samples that have a place and were not deleted: a new edition, turned so that it looks
  /// like the former one where it can.
  /// - Throws: as `update`.
  public static func refit(_ store: Store, map name: String, control: JobControl = JobControl()) throws -> MapReport {
    let (record, places, _) = try stored(store, name)
    let inputs = try MapInputs(store, record)
    let through = max(inputs.end, record.through)
    let samples = try inputs.live(inputs.samples(from: .start, to: through))
    var state = try inputs.layout(samples, control)
    let turn = state.turn(towards: places)
    state.apply(turn)
    var change = state.change(.laidOut, through: through)
    change.turn = turn.coefficients
    let (laidOut, grouping) = (change, inputs.grouping.name)
    let next = try store.write { try $0.changeMap(record, to: laidOut) }
    return MapReport(map: next, grouping: grouping, placed: next.count)
  }

  /// Whether an error of one map leaves others as they are: what was stored of it is damaged, what it is made of is gone, another
  /// program moves it, its rules are others.
  package static func concernsOneMap(_ error: CohortError) -> Bool {
    error.code.module == .pipeline || [.storeCorrupted, .storeDropped, .storeMapMoved].contains(error.code)
  }

  static func stored(_ store: Store, _ name: String) throws -> (MapRecord, [MapPlace], [[Float]]) {
    try store.read { transaction in
      let record = try transaction.existingMap(name)
      return (record, try transaction.places(of: record), try transaction.cells(of: record))
    }
  }
}

extension MapInputs {
  /// How far the grouping has assigned samples, a round that is not whole included.
  var end: FeedPosition { max(grouping.applied, grouping.provisional) }

  fileprivate func layout(_ samples: [UInt64], _ control: JobControl) throws -> MapState {
    guard !samples.isEmpty else {
      throw CohortError(
        .pipelineNoVector, "Grouping \"\(grouping.name)\" has assigned no samples",
        hint: "Bring it up to date: cohort update")
    }
    let cells = try cells(of: samples)
    return try withEngine(control) { engine in
      try engine.layout(samples, source, around: cells) { try Self.tell(control, "layout", $0) }
    }
  }
}

extension MapState {
  /// How the map is to be turned towards places that samples had before.
  fileprivate func turn(towards former: [MapPlace]) -> Registration {
    let index = Dictionary(uniqueKeysWithValues: samples.enumerated().map { ($1, $0) })
    return Registration(
      places, towards: former.compactMap { place in index[place.id].map { ($0, SIMD2(place.x, place.y)) } })
  }

  mutating func apply(_ turn: Registration) { places = places.map(turn.turned) }
}
