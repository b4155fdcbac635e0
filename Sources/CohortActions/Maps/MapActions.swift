internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `map create`: gives every sample of a grouping by embedding a place in the plane, for good.
public struct MapCreateAction: RecordAction {
  public static let name = "map create"
  public var access: ActionAccess { .updates }
  /// Name of the new map: unique in the store.
  public var map: String
  /// The grouping by embedding that it follows.
  public var grouping: String

  public init(_ map: String, grouping: String) { (self.map, self.grouping) = (map, grouping) }

  /// - Throws: as `MapJob.create`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    PlainReport(try MapJob.create(store, name: map, grouping: grouping, control: control).record)
  }
}

/// `map update`: places what came since; nothing else moves, but for events that the log tells of.
public struct MapUpdateAction: RecordAction {
  public static let name = "map update"
  public var access: ActionAccess { .updates }
  /// Name of the map.
  public var map: String
  /// Whether samples of a round that is not whole get places, too.
  public var isTailPlaced: Bool

  public init(_ map: String, isTailPlaced: Bool = false) { (self.map, self.isTailPlaced) = (map, isTailPlaced) }

  /// - Throws: as `MapJob.update`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let report = try MapJob.update(store, map: map, isTailPlaced: isTailPlaced, control: control)
    let notes =
      report.waiting > 0
      ? ["\(report.waiting) samples wait until their round of the grouping is whole: --tail places them now"] : []
    return PlainReport(report.record, notes: notes)
  }
}

/// `map create --refit`: lays a map out anew. All its samples move.
public struct MapRefitAction: RecordAction {
  public static let name = "map refit"
  public var access: ActionAccess { .updates }
  /// Name of the map.
  public var map: String

  public init(_ map: String) { self.map = map }

  /// - Throws: as `MapJob.refit`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    PlainReport(try MapJob.refit(store, map: map, control: control).record)
  }
}

/// `map list`: each map with the grouping that it follows and its samples.
public struct MapListAction: ListAction {
  public static let name = "map list"
  public static let columns: [ReportColumn] = [
    "map", "grouping", "samples", "edition", "created", "digest",
  ]

  /// Lists every map of the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let rows = try store.read { transaction in
      let names = Dictionary(uniqueKeysWithValues: try transaction.groupings().map { ($0.id, $0.name) })
      return try transaction.maps().map { map -> ReportRecord in
        [
          "map": .text(map.name), "grouping": .optional(names[map.grouping]), "samples": .count(map.count),
          "edition": .count(map.edition), "created": .time(map.created), "digest": .digest(map.digest),
        ]
      }
    }
    try rows.forEach(row)
  }
}

/// `map show`: what a map holds and how far it has come.
public struct MapShowAction: RecordAction {
  public static let name = "map show"
  public var access: ActionAccess { .reads }
  /// Name of the map.
  public var map: String

  public init(_ map: String) { self.map = map }

  /// - Throws: `store.unknown-map`, `store.dropped`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let points = try MapPoints(store, map: map)
    let (record, xs, ys) = (points.map, points.xs, points.ys)
    return PlainReport([
      "map": .text(record.name), "grouping": .text(points.grouping), "samples": .count(record.count),
      "live": .count(points.ids.count), "edition": .count(record.edition), "created": .time(record.created),
      "rules": .count(record.rules), "cells": .count(record.cells), "settled": .count(record.settled),
      "new_land": .count(record.drifted), "through": .sequence(record.through.sequence),
      "left": .number(Double(xs.min() ?? 0)), "right": .number(Double(xs.max() ?? 0)),
      "bottom": .number(Double(ys.min() ?? 0)), "top": .number(Double(ys.max() ?? 0)),
      "digest": .digest(record.digest),
    ])
  }
}

/// `map show --rows`: where each sample is, with its group, by ids.
public struct MapPlacesAction: ListAction {
  public static let name = "map places"
  public static let columns: [ReportColumn] = ["id", "x", "y", "group"]
  /// Name of the map.
  public var map: String

  public init(_ map: String) { self.map = map }

  /// - Throws: `store.unknown-map`, `store.dropped`.
  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    let points = try MapPoints(store, map: map)
    for i in points.ids.indices {
      try row([
        "id": .id(SampleID(points.ids[i])), "x": .number(Double(points.xs[i])), "y": .number(Double(points.ys[i])),
        "group": .id(GroupID(points.groups[i])),
      ])
    }
  }
}

extension MapReport {
  /// What people and programs are told of work on a map.
  var record: ReportRecord {
    [
      "map": .text(map.name), "grouping": .text(grouping), "samples": .count(map.count), "placed": .count(placed),
      "events": .count(events), "waiting": .count(waiting), "edition": .count(map.edition),
      "digest": .digest(map.digest),
    ]
  }
}
