internal import CohortCore
internal import CohortPlanning
internal import CohortStore

/// What `cohort_store_json` says of a store.
enum StoreDescription {
  static func json(of store: Store) throws -> String {
    let bytes = try store.sizes().fileBytes
    return try store.read { transaction in
      let counters = try transaction.counters
      var object = JSONObject()
      object.add("id", "\(store.id)")
      object.add("path", store.path)
      object.add("created", raw: seconds(store.created))
      object.add("samples", counters.nextSample)
      object.add("deleted", counters.deleted)
      object.add("bytes", bytes)
      object.add("spaces", list: try spaces(transaction))
      object.add("measures", list: try measures(transaction, own: store.configuration))
      object.add("groupings", list: try transaction.groupings().map { try json(of: $0, transaction) })
      let snapshots = try transaction.snapshots()
      object.add("snapshots", list: snapshots.map(json))
      object.add("plans", list: try transaction.plans().map { json(of: $0, snapshots) })
      object.add("tasks", list: try transaction.tasks().map { named(UInt64($0.id.rawValue), $0.name).text })
      object.add("sources", list: try transaction.sources().map(json))
      return object.text
    }
  }

  /// Milliseconds as seconds with three decimals, to the last digit.
  static func seconds(_ milliseconds: Int64) -> String {
    let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
    let digits = String(rest)
    return "\(milliseconds < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }

  private static func named(_ id: UInt64, _ name: String) -> JSONObject {
    var object = JSONObject()
    object.add("id", id)
    object.add("name", name)
    return object
  }

  private static func spaces(_ transaction: borrowing ReadTransaction) throws -> [String] {
    let preferred = try transaction.defaultSpace()?.id
    return try transaction.spaces().map { space in
      var object = JSONObject()
      object.add("name", space.name)
      object.add("dimension", UInt64(space.dimension))
      object.add("element", space.element == .float16 ? "float16" : "float32")
      object.add("vectors", try transaction.vectorCounts(in: space).present)
      object.add("model", space.fingerprint)
      object.add("default", space.id == preferred)
      return object.text
    }
  }

  private static func measures(
    _ transaction: borrowing ReadTransaction, own: StoreConfiguration
  ) throws -> [String] {
    func measure(_ name: String, _ unit: LengthUnit, _ part: MessageParts.Part) -> String {
      var object = JSONObject()
      object.add("name", name)
      object.add("unit", unit.name)
      object.add("part", part.name)
      return object.text
    }
    return [measure(SampleLengths.ownMeasure, own.lengthUnit, .everything)]
      + (try transaction.measures().map { measure($0.name, $0.unit, $0.part) })
  }

  private static func json(of grouping: GroupingRecord, _ transaction: borrowing ReadTransaction) throws -> String {
    var object = JSONObject()
    object.add("name", grouping.name)
    object.add("kind", grouping.definition.criterion.spelling)
    object.add("definition", grouping.definition.text)
    object.add("groups", UInt64(try transaction.groups(of: grouping.id).count { $0.isOpen }))
    object.add("space", grouping.definition.space)
    object.add("measure", grouping.definition.measure)
    return object.text
  }

  private static func json(of snapshot: SnapshotRecord) -> String {
    var object = JSONObject()
    object.add("name", snapshot.name)
    object.add("samples", snapshot.samples)
    object.add("digest", "\(snapshot.digest)")
    object.add("created", raw: seconds(snapshot.created))
    object.add("groupings", list: snapshot.groupings.map { JSONString.quoted($0.name) })
    return object.text
  }

  /// A plan whose bytes cannot be read has no number of steps: the rest of the store is to be seen all the same.
  private static func json(of plan: PlanRecord, _ snapshots: [SnapshotRecord]) -> String {
    let snapshot = snapshots.first { $0.id == plan.snapshot }
    var object = JSONObject()
    object.add("name", plan.name)
    object.add("hash", "\(plan.hash)")
    object.add("snapshot", snapshot?.name)
    object.add("grouping", snapshot?.groupings.first { $0.id == plan.grouping }?.name)
    object.add("steps_per_epoch", (try? Plan(decoding: plan.plan))?.stepsPerEpoch)
    object.add("created", raw: seconds(plan.created))
    return object.text
  }

  private static func json(of source: SourceRecord) -> String {
    var object = named(UInt64(source.id.rawValue), source.name)
    object.add("origin", source.origin)
    object.add("licence", source.terms.licence)
    object.add("owner", source.terms.owner)
    return object.text
  }
}
