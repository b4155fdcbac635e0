internal import CohortClustering
internal import CohortCore
internal import CohortStore

/// A product computed from its factors' columns, as far as it differs from what is stored.
struct ProductComputation {
  var assignments: [CohortStore.Assignment] = []
  var groups: [CohortStore.GroupRecord] = []
  var events: [GroupEvent] = []
  var state: ProductState
  var openGroups: Int
  /// Samples of which one of the two groups is provisional.
  var provisional: UInt64 = 0

  /// - Throws: `clustering.product-size`, and `pipeline.no-factor` when a factor is gone.
  /// - Complexity: two scans of the factors' columns and one of the product's; memory for the rows that differ.
  init(_ product: GroupingRecord, _ transaction: borrowing ReadTransaction) throws {
    let (first, second, minimum) = try transaction.factors(of: product)
    let before = product.engineState.isEmpty ? nil : try ProductState(decoding: product.engineState)
    var cells = ProductCells(minimum: minimum)
    let scan = ProductScan(first: first, second: second, product: product)
    try scan.forEach(transaction) { row in
      if !row.isDeleted { cells.add(row.first, row.second) }
    }
    try cells.decide()
    state = ProductState(
      updates: (before?.updates ?? 0) + 1,
      stamp: try transaction.stamp(of: product), digest: cells.digest)
    openGroups = cells.sizes.count
    var changed: [CohortStore.Assignment] = []
    var tentative: UInt64 = 0
    try scan.forEach(transaction) { row in
      let group = row.isDeleted ? .unassigned : cells.group(row.first, row.second)
      let isProvisional = row.isProvisional && group != .unassigned
      if isProvisional { tentative += 1 }
      let distance: Float = isProvisional ? -0.0 : 0
      if group != row.group || distance.bitPattern != row.distance.bitPattern {
        changed.append(CohortStore.Assignment(id: row.id, group: group, distance: distance))
      }
    }
    assignments = changed
    provisional = tentative
    let names = try (transaction.labels(of: first), transaction.labels(of: second))
    try compareGroups(cells, with: transaction.groups(of: product.id), names)
  }

  /// Records and events of groups that came, went, or have another label.
  private mutating func compareGroups(
    _ cells: ProductCells, with stored: [CohortStore.GroupRecord], _ names: ([GroupID: String], [GroupID: String])
  ) throws {
    let known = Dictionary(uniqueKeysWithValues: stored.map { ($0.id, $0) })
    func isOpen(_ group: GroupID) -> Bool { known[group]?.isOpen ?? false }
    // Rests first: cells come out of them and fold into them.
    let current = cells.cells.sorted {
      ($0.value.second == nil ? 0 : 1, $0.key) < ($1.value.second == nil ? 0 : 1, $1.key)
    }
    for (group, cell) in current {
      let label =
        "\(names.0[cell.first] ?? "\(cell.first)") x \(cell.second.map { names.1[$0] ?? "\($0)" } ?? "(rest)")"
      let size = cells.sizes[group] ?? 0
      if var record = known[group], record.isOpen {
        guard record.geometry != .label(label) else { continue }
        record.geometry = .label(label)
        groups.append(record)
        events.append(GroupEvent(.republished, position: state.updates, child: group, count: size))
      } else {
        let parent = cell.second == nil ? nil : try ProductCells.rest(of: group)
        let origin = parent.flatMap { isOpen($0) ? $0 : nil }
        groups.append(
          CohortStore.GroupRecord(id: group, geometry: .label(label), parent: origin, born: state.updates))
        events.append(
          origin.map { GroupEvent(.split, position: state.updates, parent: $0, child: group, count: size) }
            ?? GroupEvent(.born, position: state.updates, child: group, count: size))
      }
    }
    for record in stored where record.isOpen && cells.cells[record.id] == nil {
      var record = record
      let heir = try ProductCells.rest(of: record.id)
      record.isOpen = false
      record.heir = heir != record.id && cells.cells[heir] != nil ? heir : nil
      groups.append(record)
      events.append(
        record.heir.map {
          GroupEvent(.merged, position: state.updates, parent: $0, child: record.id, count: record.size)
        } ?? GroupEvent(.closed, position: state.updates, child: record.id, count: 0))
    }
  }
}

extension ReadTransaction {
  /// The factors of a product, and the least size of its cells.
  func factors(of product: GroupingRecord) throws -> (first: GroupingRecord, second: GroupingRecord, minimum: Int) {
    guard let kind = product.definition.criterion as? ProductKind else {
      throw CohortError(.pipelineNoProduct, "Grouping \"\(product.name)\" is not a product")
    }
    guard let first = try grouping(named: kind.first), let second = try grouping(named: kind.second) else {
      throw CohortError(
        .pipelineNoFactor, "A factor of grouping \"\(product.name)\" is gone", place: "\(kind.first) or \(kind.second)")
    }
    return (first, second, kind.minimum)
  }

  /// What people call the groups of a factor.
  func labels(of factor: GroupingRecord) throws -> [GroupID: String] {
    let names = try groups(of: factor.id).map { group in
      switch group.geometry {
      case .label(let text): (group.id, text.isEmpty ? "(no label)" : text)
      case .interval(let lower, let upper): (group.id, upper == .max ? "\(lower)+" : "\(lower)..<\(upper)")
      case .centroid: (group.id, "\(factor.name) \(group.id)")
      }
    }
    return Dictionary(uniqueKeysWithValues: names)
  }
}
