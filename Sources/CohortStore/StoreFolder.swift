internal import CLMDB
internal import CohortCore
internal import CohortLMDB
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The folder that a store lives in.
enum StoreFolder {
  static func options(mapSize: UInt64?) -> Environment.Options {
    var options = Environment.Options()
    if let mapSize { options.mapSize = mapSize }
    return options
  }

  /// What may be in a folder before a store is made in it, and what a creation leaves that was cut short.
  private static let firstFiles = ["data.mdb", "owner.lock", "lock.mdb", "cohort.toml", "inbox"]

  /// Makes the folder and its parents; refuses one that holds anything but a store's own small files.
  static func create(_ path: String) throws {
    try makeFolder(path)
    guard let names = entries(path) else { throw failure("read", path) }
    let foreign = names.filter { !firstFiles.contains($0) }
    guard foreign.isEmpty else {
      throw StoreError(
        code: "not-empty", category: .usage, message: "The folder is not empty", place: path,
        cause: "it holds \(foreign.sorted().prefix(3).joined(separator: ", "))", hint: "Choose an empty or new folder")
    }
  }

  /// Refuses a folder that holds a data file, whatever is in it.
  static func refuseData(_ path: String) throws {
    var info = stat()
    guard stat(path + "/data.mdb", &info) != 0 else {
      throw StoreError(
        code: "exists", category: .usage, message: "There is already a store here", place: path,
        hint: "Use it, or choose another folder")
    }
  }

  static func removeData(_ path: String) { unlink(path + "/data.mdb") }

  /// Checks that the folder holds a store, before anything is opened or created.
  static func check(_ path: String) throws {
    var info = stat()
    guard stat(path + "/data.mdb", &info) == 0 else {
      if errno == ENOENT || errno == ENOTDIR {
        throw StoreError(
          code: "no-store", category: .notFound, message: "There is no store here", place: path,
          hint: "Create one with cohort init, or name another with --store")
      }
      throw failure("opened", path)
    }
    guard info.st_size > 0 else {
      if entries(path)?.allSatisfy(firstFiles.contains) ?? false {
        throw StoreError(
          code: "no-store", category: .notFound, message: "There is no store here: the data file is empty", place: path,
          hint: "If its creation was cut short, run cohort init again; otherwise restore the last backup")
      }
      throw StoreError(
        code: "corrupted", category: .corruption, message: "The store's data file is empty", place: path + "/data.mdb",
        hint: "Restore the last backup")
    }
  }

  /// Makes the data file, the folder's entries and the folder's own entry durable.
  static func synchronize(_ path: String) throws {
    for name in [path + "/data.mdb", path, path + "/.."] {
      let descriptor = open(name, O_RDONLY | O_CLOEXEC)
      // A parent that may be entered but not read cannot be synchronised.
      if descriptor < 0 && errno == EACCES && name != path { continue }
      guard descriptor >= 0 else { throw failure("opened", name) }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("synchronised", name) }
    }
  }

  private static func makeFolder(_ path: String) throws {
    var info = stat()
    if stat(path, &info) == 0 {
      guard info.st_mode & S_IFMT == S_IFDIR else {
        throw StoreError(
          code: "not-a-folder", category: .usage, message: "A store is a folder, and this is a file", place: path)
      }
      return
    }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("made", path) }
  }

  static func entries(_ path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  static func failure(_ action: String, _ path: String) -> StoreError {
    StoreError(
      code: "folder", category: .failure, message: "The store's folder cannot be \(action)", place: path,
      cause: String(cString: strerror(errno)))
  }
}
