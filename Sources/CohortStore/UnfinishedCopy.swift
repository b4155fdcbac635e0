internal import CohortCore
internal import CohortSystem

/// A copy of a store on its way into a folder. Its files lie in a folder within that one until all are there; the data,
/// which makes a folder a store, moves last. Killed in between, what is there is no store, and the next copy clears it.
struct UnfinishedCopy {
  /// Where its files are put.
  let parts: String
  private let folder: String
  private let isNew: Bool

  /// - Throws: `store.exists`, `store.not-empty`, `store.folder`.
  init(in folder: String) throws {
    self.folder = folder
    parts = folder + "/.unfinished"
    isNew = !SystemCall.exists(folder)
    try StoreFolder.refuseData(folder)
    if SystemCall.exists(parts) { clear() }
    try StoreFolder.create(folder)
    try StoreFolder.create(parts)
  }

  /// Makes the copy a store, durably.
  func finish() throws {
    try StoreFolder.synchronize(parts)
    for name in StoreLayout.companionNames where SystemCall.exists("\(parts)/\(name)") { try move(name) }
    try StoreFolder.synchronize(parts)
    try move(StoreLayout.dataName)
    try StoreFolder.synchronize(folder)
    SystemCall.removeTree(parts)
  }

  /// Removes what was made.
  func remove() {
    try? SystemCall.remove(StoreLayout(folder).data)
    clear()
    if isNew { rmdir(folder) }
  }

  private func clear() {
    for name in StoreLayout.companionNames { SystemCall.removeTree("\(folder)/\(name)") }
    SystemCall.removeTree(parts)
  }

  private func move(_ name: String) throws {
    do throws(Errno) {
      try SystemCall.rename("\(parts)/\(name)", to: "\(folder)/\(name)")
    } catch {
      throw StoreFolder.failure("completed", folder, error)
    }
  }
}
