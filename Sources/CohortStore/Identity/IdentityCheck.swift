/// Whether the content of every live sample leads to it. Filled while the samples are read, then compared with the index.
struct IdentityCheck {
  /// The lower half of each sample's hash; enough to tell that an entry is the sample's own.
  private var hashes: [UInt32]
  /// Samples whose content must lead to them, and of these the ones that were found.
  private var wanted: BitSet
  private var found: BitSet
  private(set) var wantedCount: UInt64 = 0

  init(samples: UInt64) {
    hashes = [UInt32](repeating: 0, count: Int(samples))
    wanted = BitSet(count: samples)
    found = BitSet(count: samples)
  }

  mutating func want(_ id: UInt64, _ hash: UInt64) {
    guard id < UInt64(hashes.count) else { return }
    hashes[Int(id)] = UInt32(truncatingIfNeeded: hash)
    if !wanted.insert(id) { wantedCount += 1 }
  }

  mutating func add(_ entry: IdentityEntry) {
    guard wanted.contains(entry.id), hashes[Int(entry.id)] == UInt32(truncatingIfNeeded: entry.hash) else { return }
    found.insert(entry.id)
  }

  /// Samples to which nothing leads.
  func forEachMissing(_ body: (UInt64) -> Void) {
    for id in 0..<UInt64(hashes.count) where wanted.contains(id) && !found.contains(id) { body(id) }
  }
}
