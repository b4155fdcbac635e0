/// How many requests may be on their way to each of several stores, so that one that stalls does not fill the server: a
/// store always gets a share of its own, and beyond that what nobody's share needs.
struct ForwardingShares: Sendable {
  /// Requests at the same time, of all stores together.
  let total: Int
  /// Of these, what each store has for itself.
  let share: Int
  private(set) var used: [String: Int]

  init(total: Int, stores: [String]) {
    self.total = max(total, stores.count)
    // Half of all is dealt out: a single busy store of two may use three quarters.
    share = max(self.total / (2 * max(stores.count, 1)), 1)
    used = Dictionary(stores.map { ($0, 0) }) { first, _ in first }
  }

  /// Takes a place. - Returns: false when there is none for this store.
  mutating func enter(_ store: String) -> Bool {
    let mine = used[store] ?? 0
    if mine >= share {
      let others = used.reduce(0) { sum, other in other.key == store ? sum : sum + max(other.value, share) }
      guard mine + others < total else { return false }
    }
    used[store] = mine + 1
    return true
  }

  /// Gives it back.
  mutating func leave(_ store: String) { used[store] = max((used[store] ?? 0) - 1, 0) }
}
