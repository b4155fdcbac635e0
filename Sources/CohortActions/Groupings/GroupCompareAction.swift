internal import CohortClustering
internal import CohortCore
public import CohortPipeline
public import CohortStore

/// `group compare`: how two groupings, or one at two snapshots, divide the same samples.
public struct GroupCompareAction: RecordAction {
  public static let name = "group compare"
  public var access: ActionAccess { .reads }
  /// `GROUPING`, or `GROUPING@SNAPSHOT`.
  public var first: String
  /// The other one.
  public var second: String
  /// The greatest cells that are told; their number is told in any case.
  public var cells: Int
  /// The largest moves that are told.
  public var moves: Int

  public init(_ first: String, _ second: String, cells: Int = 1000, moves: Int = 20) {
    self.first = first
    self.second = second
    self.cells = cells
    self.moves = moves
  }

  /// Compares them in one state of the store.
  /// - Throws: `store.unknown-grouping`, `store.unknown-snapshot`.
  public func run(on store: Store, _ control: JobControl) throws -> GroupCompareReport {
    GroupCompareReport(self, try store.read { try GroupingComparison.make(first, second, $0) })
  }
}

/// How alike two divisions are, and which samples went where.
public struct GroupCompareReport: RecordReport {
  /// The keys of the rows of `table` and of `moves`.
  public static let tableColumns: [ReportColumn] = ["first", "first_label", "second", "second_label", "size"]
  public static let moveColumns: [ReportColumn] = [
    "from", "from_label", "to", "to_label", "size", "share_of_from",
  ]
  /// Pairs of groups with the samples that are in both, greatest first.
  public let table: [ReportRecord]
  /// Samples that are not where most of their first group is, greatest first.
  public let moves: [ReportRecord]
  private let comparison: GroupingComparison

  init(_ action: GroupCompareAction, _ comparison: GroupingComparison) {
    self.comparison = comparison
    func label(_ group: UInt32, _ side: GroupingComparison.Side) -> ReportValue { .optional(side.labels[group]) }
    let cells = comparison.table.cells.sorted { ($1.size, $0.pair) < ($0.size, $1.pair) }
    table = cells.prefix(action.cells).map { cell in
      [
        "first": .id(GroupID(cell.pair.first)), "first_label": label(cell.pair.first, comparison.first),
        "second": .id(GroupID(cell.pair.second)), "second_label": label(cell.pair.second, comparison.second),
        "size": .count(cell.size),
      ]
    }
    let moved = comparison.table.moves(isSame: comparison.isSame)
    moves = moved.prefix(action.moves).map { cell in
      [
        "from": .id(GroupID(cell.pair.first)), "from_label": label(cell.pair.first, comparison.first),
        "to": .id(GroupID(cell.pair.second)), "to_label": label(cell.pair.second, comparison.second),
        "size": .count(cell.size),
        "share_of_from": .number(
          Double(cell.size) / Double(comparison.table.firstSizes[cell.pair.first] ?? cell.size)),
      ]
    }
  }

  public var record: ReportRecord {
    var record = summary
    record.append("contingency", .list(table.map { .record($0) }))
    record.append("moves", .list(moves.map { .record($0) }))
    return record
  }

  public var summary: ReportRecord {
    func side(_ side: GroupingComparison.Side) -> ReportValue {
      .record([
        "grouping": .text(side.grouping), "snapshot": .optional(side.snapshot), "groups": .count(side.groups),
        "samples": .count(side.samples),
      ])
    }
    let table = comparison.table
    return [
      "first": side(comparison.first), "second": side(comparison.second), "samples": .count(table.samples),
      "only_first": .count(comparison.onlyFirst), "only_second": .count(comparison.onlySecond),
      "nmi": .number(table.normalizedMutualInformation), "adjusted_rand": .number(table.adjustedRandIndex),
      "homogeneity": .number(table.homogeneity), "completeness": .number(table.completeness),
      "v_measure": .number(table.vMeasure), "purity": .number(table.purity),
      "inverse_purity": .number(table.inversePurity),
      "moved": .count(table.moves(isSame: comparison.isSame).reduce(0) { $0 + $1.size }),
      "cells": .count(table.cells.count),
    ]
  }
}
