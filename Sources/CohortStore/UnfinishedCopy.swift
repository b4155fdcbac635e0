internal import CLMDB
internal import CohortCore
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A copy of a store on its way into a folder. Its files lie in a folder within that one until all are there; the data,
/// which makes a folder a store, moves last. Killed in between, what is there is no store, and the next copy clears it.
struct UnfinishedCopy {
  /// Where its files are put.
  let parts: String
  private let folder: String
  private let isNew: Bool

  /// What a store has beside its data.
  private static let companions = ["models", "tokenizers", "tokenizer.json"]

  /// - Throws: `store.exists`, `store.not-empty`, `store.folder`.
  init(in folder: String) throws {
    self.folder = folder
    parts = folder + "/.unfinished"
    isNew = !Self.exists(folder)
    try StoreFolder.refuseData(folder)
    if Self.exists(parts) { clear() }
    try StoreFolder.create(folder)
    try StoreFolder.create(parts)
  }

  /// Makes the copy a store, durably.
  func finish() throws {
    try StoreFolder.synchronize(parts)
    for name in Self.companions where Self.exists("\(parts)/\(name)") { try move(name) }
    try StoreFolder.synchronize(parts)
    try move("data.mdb")
    try StoreFolder.synchronize(folder)
    Self.remove(parts)
  }

  /// Removes what was made.
  func remove() {
    StoreFolder.removeData(folder)
    clear()
    if isNew { rmdir(folder) }
  }

  private func clear() {
    for name in Self.companions { Self.remove("\(folder)/\(name)") }
    Self.remove(parts)
  }

  private func move(_ name: String) throws {
    guard rename("\(parts)/\(name)", "\(folder)/\(name)") == 0 else {
      throw StoreFolder.failure("completed", folder)
    }
  }

  private static func exists(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0
  }

  /// Removes a file, or a folder with all in it; links are not followed.
  private static func remove(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in StoreFolder.entries(path) ?? [] { remove("\(path)/\(name)") }
    rmdir(path)
  }
}
