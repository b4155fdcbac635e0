import CohortCore
import CohortSystem

/// The folder that a store takes files from, and the two in it where they end.
struct InboxFolder: Sendable {
  static let doneName = ".done"
  static let failedName = ".failed"

  /// Without symbolic links, `.` and `..`.
  let path: String

  /// Makes what is missing, for this user only.
  init(at path: String) throws(CohortError) {
    try Self.makeFolder(path)
    guard let resolved = realpath(path, nil) else {
      throw .system(.daemonInbox, "The inbox cannot be found", place: path, number: errno)
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    guard FileStamp(at: self.path)?.kind == .folder else {
      throw CohortError(.daemonInbox, "The inbox is not a folder", place: path)
    }
    for name in [Self.doneName, Self.failedName] { try Self.makeFolder(self.path + "/" + name) }
  }

  func path(of name: InboxName) -> String { "\(path)/\(name)" }

  /// Whether users other than the owner can put files here.
  var isOpenToOthers: Bool {
    var raw = stat()
    return stat(path, &raw) == 0 && raw.st_mode & 0o022 != 0
  }

  /// What a folder holds, as far as an inbox looks at it.
  struct Entries {
    /// Files and whatever is neither file nor folder.
    var files: [InboxName] = []
    var folders: [String] = []
    /// Names that are left alone, and why.
    var ignored: [(name: String, reason: String)] = []
  }

  /// The entries of the inbox, or of one of its folders.
  /// - Complexity: O(entries) system calls.
  func entries(in folder: String? = nil) throws(CohortError) -> Entries {
    let place = folder.map { "\(path)/\($0)" } ?? path
    let descriptor = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0, let directory = fdopendir(descriptor) else {
      let reason = errno
      if descriptor >= 0 { close(descriptor) }
      throw .system(.daemonInbox, "The folder cannot be listed", place: place, number: reason)
    }
    defer { closedir(directory) }
    var found = Entries()
    while let entry = readdir(directory) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        found.ignored.append((String(decoding: bytes, as: UTF8.self), "the name is not UTF-8"))
        continue
      }
      if InboxName.isIgnored(name) { continue }
      guard FileStamp(at: "\(place)/\(name)")?.kind == .folder else {
        found.files.append(InboxName(folder: folder, name))
        continue
      }
      if let folder {
        found.ignored.append(("\(folder)/\(name)", "folders are looked into one level deep"))
      } else {
        found.folders.append(name)
      }
    }
    return found
  }

  // MARK: Putting away

  /// Places in `.done` or `.failed` that are free, with the same number for all names.
  /// - Complexity: O(log n) look-ups where n files of this name lie there.
  private func freePlaces(_ names: [InboxName], in kept: String) throws(CohortError) -> [String] {
    let target = names.first?.folder.map { "\(path)/\(kept)/\($0)" } ?? "\(path)/\(kept)"
    try Self.makeFolder(target)
    func places(_ number: Int) -> [String] { names.map { "\(target)/\($0.numbered(number))" } }
    func isFree(_ number: Int) -> Bool { places(number).allSatisfy { FileStamp(at: $0) == nil } }
    return places(Self.firstFree(isFree))
  }

  /// A number for which `isFree` holds: the first one, if all after it are free, too.
  private static func firstFree(_ isFree: (Int) -> Bool) -> Int {
    var (taken, free) = (0, 1)
    while !isFree(free) { (taken, free) = (free, free * 2) }
    while free - taken > 1 {
      let middle = (taken + free) / 2
      if isFree(middle) { free = middle } else { taken = middle }
    }
    return free
  }

  /// Moves a file (its vectors go first, so that a crash in between leaves the records in the inbox) to `.done`.
  /// - Returns: where the file is now.
  func keep(_ name: InboxName, with vectors: InboxName?) throws(CohortError) -> String {
    let names = (vectors.map { [$0] } ?? []) + [name]
    let places = try freePlaces(names, in: Self.doneName)
    for (name, place) in zip(names, places) { try move(path(of: name), to: place) }
    return places.last ?? path(of: name)
  }

  /// Deletes a file and its vectors.
  func delete(_ name: InboxName, with vectors: InboxName?) throws(CohortError) {
    for name in (vectors.map { [$0] } ?? []) + [name] {
      let path = path(of: name)
      guard unlink(path) == 0 || errno == ENOENT else {
        throw .system(.daemonConsume, "The file cannot be deleted", place: path, number: errno)
      }
    }
  }

  /// Moves a file and its vectors to `.failed`; what is known about the reason lies beside it before.
  /// - Returns: where the file is now.
  func fail(_ name: InboxName, with vectors: InboxName?, note: FailureNote) throws(CohortError) -> String {
    let names = [name] + (vectors.map { [$0] } ?? [])
    let places = try freePlaces(names, in: Self.failedName)
    guard let place = places.first else { return path(of: name) }
    try note.write(to: place + ".error.json")
    for (name, place) in zip(names, places) { try move(path(of: name), to: place) }
    return place
  }

  /// Takes a file back out of `.done`: somebody went on writing to it.
  func takeBack(_ place: String, as name: InboxName) throws(CohortError) -> InboxName {
    func back(_ number: Int) -> InboxName { InboxName(folder: name.folder, name.numbered(number)) }
    let unused = back(Self.firstFree { FileStamp(at: path(of: back($0))) == nil })
    try move(place, to: path(of: unused))
    return unused
  }

  private func move(_ from: String, to place: String) throws(CohortError) {
    guard rename(from, place) == 0 else {
      throw .system(
        .daemonConsume, "The file cannot be moved", place: "\(from) to \(place)", number: errno,
        hint: "Its samples are in the store, or it is noted as failed. Move it away yourself, or let the daemon do so")
    }
  }

  private static func makeFolder(_ path: String) throws(CohortError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw .system(.daemonInbox, "The folder cannot be made", place: path, number: errno)
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw .system(.daemonInbox, "The folder cannot be made", place: path, number: errno)
    }
  }
}
