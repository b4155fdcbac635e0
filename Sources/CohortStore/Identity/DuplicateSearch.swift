internal import CohortCore
internal import CohortSystem

/// What the rows of a batch are, before any of them is stored. Hashes are looked up in ascending order: each chunk of the
/// index is read once.
struct DuplicateSearch {
  enum Origin {
    case new
    /// It is a stored sample: content and what else counts are equal.
    case sample(UInt64)
    /// It is what an earlier row of the batch is.
    case row(Int)
  }

  /// In what a duplicate differs from what it duplicates.
  struct Difference {
    /// It has another task; coming without one says nothing.
    var task = false
    /// It has other attributes, which do not count for what it is.
    var attributes = false
  }

  /// A row in the order of the hashes, then of the batch.
  struct Place {
    var hash: UInt64
    var row: Int
  }

  private let order: [Place]
  /// What each row is.
  private(set) var origins: [Origin]
  /// The duplicates that differ in something.
  private(set) var differences: [Int: Difference] = [:]

  init(_ batch: SampleBatch) {
    var order: [Place] = []
    order.reserveCapacity(batch.rows.count)
    for (index, row) in batch.rows.enumerated() { order.append(Place(hash: row.contentHash, row: index)) }
    order.sort { ($0.hash, $0.row) < ($1.hash, $1.row) }
    self.order = order
    origins = [Origin](repeating: .new, count: order.count)
  }

  /// Calls `body` with each hash and the places that have it.
  func forEachHash(_ body: (UInt64, ArraySlice<Place>) throws -> Void) rethrows {
    var start = 0
    while start < order.count {
      let hash = order[start].hash
      var end = start + 1
      while end < order.count, order[end].hash == hash { end += 1 }
      try body(hash, order[start..<end])
      start = end
    }
  }

  /// The new rows with their ids, in the order of the hashes, then of the ids. `ids` has an id for each row; only those of
  /// new rows are looked at.
  func entries(_ ids: [UInt64]) -> [IdentityEntry] {
    var entries: [IdentityEntry] = []
    entries.reserveCapacity(order.count)
    for place in order {
      if case .new = origins[place.row] { entries.append(IdentityEntry(hash: place.hash, id: ids[place.row])) }
    }
    return entries
  }

  fileprivate mutating func set(_ origin: Origin, _ difference: Difference, ofRow row: Int) {
    origins[row] = origin
    if difference.task || difference.attributes { differences[row] = difference }
  }
}

extension WriteTransaction {
  /// Finds the rows of a batch that are duplicates as far as `scope` looks. Attributes are looked at only where contents are
  /// equal.
  /// - Parameter tasks: the numbers of the batch's tasks.
  func search(
    _ batch: SampleBatch, tasks: [TaskID], source: SourceID, scope: DedupeScope
  ) throws -> DuplicateSearch {
    var search = DuplicateSearch(batch)
    guard scope != .none else { return search }
    let plan = search
    try identity.withSearch { index in
      try plan.forEachHash { hash, places in
        let ids = try index.ids(of: hash)
        guard !ids.isEmpty || places.count > 1 else { return }
        // One content may come with very many images, say: what differs in them is not compared.
        let known = ids.count > Self.comparedSamples ? try byIdentity(ids, batch.identity) : nil
        var new: [UInt64: [Int]] = [:]
        for place in places {
          let digest = known == nil && places.count == 1 ? 0 : batch.identityDigest(of: place.row)
          if let (id, difference) = try stored(
            place.row, of: batch, tasks: tasks, among: known.map { $0[digest] ?? [] } ?? ids, source: source,
            scope: scope)
          {
            search.set(.sample(id), difference, ofRow: place.row)
          } else if let (row, difference) = batch.equal(to: place.row, among: new[digest] ?? []) {
            search.set(.row(row), difference, ofRow: place.row)
          } else {
            new[digest, default: []].append(place.row)
          }
        }
      }
    }
    return search
  }

  /// So many samples of one content are compared one by one.
  private static let comparedSamples = 4

  /// Samples by the digest of the attributes that count.
  private func byIdentity(_ ids: [UInt64], _ rule: IdentityRule) throws -> [UInt64: [UInt64]] {
    var known: [UInt64: [UInt64]] = [:]
    for id in ids {
      if let digest = try reading.withSample(SampleID(id), { $0.map { rule.digest(of: $0.attributes) } }) {
        known[digest, default: []].append(id)
      }
    }
    return known
  }

  /// The sample among `known` that a row is, and in what they differ.
  private func stored(
    _ row: Int, of batch: SampleBatch, tasks: [TaskID], among known: [UInt64], source: SourceID, scope: DedupeScope
  ) throws -> (UInt64, DuplicateSearch.Difference)? {
    let task = batch.rows[row].task.map { tasks[$0] }
    for id in known {
      let difference = try reading.withSample(SampleID(id)) { view -> DuplicateSearch.Difference? in
        guard let view, scope == .store || view.source == source else { return nil }
        return batch.withRow(row) { content, attributes in
          guard content.isEqual(to: view.content), batch.identity.agree(attributes, view.attributes) else { return nil }
          return DuplicateSearch.Difference(
            task: task != nil && task != view.task,
            attributes: !CanonicalObject.haveEqualMembers(attributes, view.attributes))
        }
      }
      if let difference { return (id, difference) }
    }
    return nil
  }
}

extension SampleBatch {
  fileprivate func withRow<R>(
    _ row: Int, _ body: (_ content: UnsafeRawBufferPointer, _ attributes: UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    try arena.withUnsafeBytes {
      try body(
        UnsafeRawBufferPointer(rebasing: $0[rows[row].content]),
        UnsafeRawBufferPointer(rebasing: $0[rows[row].attributes]))
    }
  }

  fileprivate func identityDigest(of row: Int) -> UInt64 {
    rows[row].attributes.isEmpty ? 0 : withRow(row) { identity.digest(of: $1) }
  }

  /// The row among `known` that is the same sample, and in what they differ.
  fileprivate func equal(to row: Int, among known: [Int]) -> (Int, DuplicateSearch.Difference)? {
    withRow(row) { content, attributes in
      for other in known {
        let difference = withRow(other) { known, knownAttributes -> DuplicateSearch.Difference? in
          guard content.isEqual(to: known), identity.agree(attributes, knownAttributes) else { return nil }
          let task = rows[row].task
          return DuplicateSearch.Difference(
            task: task != nil && task != rows[other].task,
            attributes: !CanonicalObject.haveEqualMembers(attributes, knownAttributes))
        }
        if let difference { return (other, difference) }
      }
      return nil
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard count > 0, let a = baseAddress, let b = other.baseAddress else { return true }
    return memcmp(a, b, count) == 0
  }
}
