internal import CohortCore
internal import CohortLMDB
internal import CohortSystem

/// The folder that a store lives in.
enum StoreFolder {
  static func options(mapSize: UInt64?) -> Environment.Options {
    var options = Environment.Options()
    if let mapSize { options.mapSize = mapSize }
    return options
  }

  /// Makes the folder and its parents; refuses one that holds anything but what may be there before a store.
  static func create(_ path: String) throws {
    do throws(Errno) {
      try SystemCall.makeFolder(path)
      guard try SystemCall.status(of: path).kind == .folder else {
        throw Errno(ENOTDIR)
      }
    } catch {
      if error.number == ENOTDIR, (try? SystemCall.status(of: path))?.kind == .regular {
        throw CohortError(.storeNotAFolder, "A store is a folder, and this is a file", place: path)
      }
      throw failure("made", path, error)
    }
    let foreign = try foreignNames(in: path)
    guard foreign.isEmpty else {
      throw CohortError(
        .storeNotEmpty, "The folder is not empty", place: path,
        cause: "it holds \(foreign.prefix(3).joined(separator: ", "))",
        hint: "Choose an empty or new folder")
    }
  }

  /// What keeps a store from being made here. Models and tokenizers may be left of a creation that was cut short: then the
  /// owner's lock file and the data file are there, too. Without data they may be all that is left of a store.
  private static func foreignNames(in path: String) throws -> [String] {
    let names = try names(in: path)
    let isCutShort = names.contains(StoreLayout.ownerName) && names.contains(StoreLayout.dataName)
    let left = isCutShort ? StoreLayout.leftNames : []
    return names.filter { !StoreLayout.firstNames.contains($0) && !left.contains($0) }
  }

  /// Removes the models and tokenizers that a creation left which was cut short.
  static func clearCompanions(_ path: String) {
    for name in StoreLayout.leftNames { SystemCall.removeTree("\(path)/\(name)") }
  }

  /// Refuses a folder that holds a data file, whatever is in it.
  static func refuseData(_ path: String) throws {
    guard (try? SystemCall.status(of: StoreLayout(path).data)) == nil else { throw exists(path) }
  }

  /// There is a store where one was to be made.
  static func exists(_ path: String) -> CohortError {
    CohortError(.storeExists, "There is already a store here", place: path, hint: "Use it, or choose another folder")
  }

  /// Checks that the folder holds a store, before anything is opened or created.
  static func check(_ path: String) throws {
    let size: Int64
    do throws(Errno) {
      size = try SystemCall.status(of: StoreLayout(path).data).size
    } catch {
      guard error.number == ENOENT || error.number == ENOTDIR else { throw failure("opened", path, error) }
      throw CohortError(
        .storeNoStore, "There is no store here", place: path,
        hint: "Create one with cohort init, or name another with --store")
    }
    guard size > 0 else {
      if try foreignNames(in: path).isEmpty {
        throw CohortError(
          .storeNoStore, "There is no store here: the data file is empty", place: path,
          hint: "If its creation was cut short, run cohort init again; otherwise restore the last backup")
      }
      throw CohortError(
        .storeCorrupted, "The store's data file is empty", place: StoreLayout(path).data,
        hint: "Restore the last backup")
    }
  }

  /// Makes the data file, the folder's entries and the folder's own entry durable.
  static func synchronize(_ path: String) throws {
    for name in [StoreLayout(path).data, path, path + "/.."] {
      do throws(Errno) { try DurableFile.synchronize(name) } catch { throw failure("synchronised", name, error) }
    }
  }

  static func names(in path: String) throws -> [String] {
    do throws(Errno) { return try SystemCall.names(in: path) } catch { throw failure("read", path, error) }
  }

  static func failure(_ action: String, _ path: String, _ reason: Errno) -> CohortError {
    CohortError(.storeFolder, "The store's folder cannot be \(action)", place: path, cause: reason.text)
  }
}
