internal import CohortCore
internal import CohortStore

/// What `cohort_groups_json` says of the groups of a grouping.
enum GroupDescription {
  /// The open groups as they are now.
  static func json(ofGroupsIn name: String, _ transaction: borrowing ReadTransaction) throws -> String {
    let grouping = try transaction.existingGrouping(name)
    return JSONObject.list(
      try transaction.groups(of: grouping.id).filter(\.isOpen).map { group in
        var object = described(group.id, group.geometry)
        object.add("size", group.size)
        object.add("open", group.isOpen)
        object.add("parent", group.parent.map { UInt64($0.rawValue) })
        object.add("heir", group.heir.map { UInt64($0.rawValue) })
        object.add("born", group.born)
        return object.text
      })
  }

  /// The groups as a snapshot pinned them.
  static func json(
    ofGroupsIn name: String, snapshot: String, _ transaction: borrowing ReadTransaction
  ) throws -> String {
    let snapshot = try transaction.existingSnapshot(snapshot)
    guard let grouping = snapshot.groupings.first(where: { $0.name == name }) else {
      throw CohortError.unknown("grouping", name, known: snapshot.groupings.map(\.name))
    }
    return JSONObject.list(
      try transaction.groups(of: grouping.id, in: snapshot.id).map { group in
        var object = described(group.id, group.geometry)
        object.add("size", group.size)
        object.add("offset", group.offset)
        object.add("longest", UInt64(group.longest))
        object.add("mean_length", group.meanLength)
        return object.text
      })
  }

  private static func described(_ id: GroupID, _ geometry: GroupGeometry) -> JSONObject {
    var object = JSONObject()
    guard id != .unassigned else {
      object.add("id", nil as UInt64?)
      object.add("label", nil as String?)
      return object
    }
    object.add("id", UInt64(id.rawValue))
    object.add("label", geometry.text)
    switch geometry {
    case .label: break
    case .interval(let lower, let upper):
      object.add("interval", list: ["\(lower)", upper == .max ? "null" : "\(upper)"])
    case .centroid(let values): object.add("dimension", UInt64(values.count))
    }
    return object
  }
}
