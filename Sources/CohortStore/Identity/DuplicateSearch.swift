internal import CohortCore
internal import CohortSystem

/// What the rows of a batch are, before any of them is stored. Hashes are looked up in ascending order: each chunk of the
/// index is read once.
struct DuplicateSearch {
  enum Origin {
    case new
    /// It has the content of a stored sample.
    case sample(UInt64)
    /// It has the content of an earlier row of the batch.
    case row(Int)
  }

  /// A row in the order of the hashes, then of the batch.
  struct Place {
    var hash: UInt64
    var row: Int
  }

  private let order: [Place]
  /// What each row is.
  private(set) var origins: [Origin]

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

  fileprivate mutating func set(_ origin: Origin, ofRow row: Int) { origins[row] = origin }
}

extension WriteTransaction {
  /// Finds the rows of a batch that are duplicates as far as `scope` looks.
  func search(_ batch: SampleBatch, source: SourceID, scope: DedupeScope) throws -> DuplicateSearch {
    var search = DuplicateSearch(batch)
    guard scope != .none else { return search }
    let plan = search
    try identity.withSearch { index in
      try plan.forEachHash { hash, places in
        let ids = try index.ids(of: hash)
        guard !ids.isEmpty || places.count > 1 else { return }
        var new: [Int] = []
        for place in places {
          let content = batch.rows[place.row].content
          if let id = try stored(content, of: batch, among: ids, source: source, scope: scope) {
            search.set(.sample(id), ofRow: place.row)
          } else if let row = new.first(where: { batch.hasEqualContent(batch.rows[$0].content, content) }) {
            search.set(.row(row), ofRow: place.row)
          } else {
            new.append(place.row)
          }
        }
      }
    }
    return search
  }

  /// The sample among `known` that has the same content.
  private func stored(
    _ content: Range<Int>, of batch: SampleBatch, among known: [UInt64], source: SourceID, scope: DedupeScope
  ) throws -> UInt64? {
    for id in known {
      let same = try reading.withSample(SampleID(id)) { view in
        guard let view, scope == .store || view.source == source else { return false }
        return batch.arena.withUnsafeBytes { arena in
          UnsafeRawBufferPointer(rebasing: arena[content]).isEqual(to: view.content)
        }
      }
      if same { return id }
    }
    return nil
  }
}

extension SampleBatch {
  fileprivate func hasEqualContent(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    arena.withUnsafeBytes {
      UnsafeRawBufferPointer(rebasing: $0[a]).isEqual(to: UnsafeRawBufferPointer(rebasing: $0[b]))
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
