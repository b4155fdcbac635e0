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
    guard let resolved = SystemCall.resolved(path) else {
      throw .system(.daemonInbox, "The inbox cannot be found", place: path, .last)
    }
    self.path = resolved
    guard SystemCall.isFolder(self.path) else {
      throw CohortError(.daemonInbox, "The inbox is not a folder", place: path)
    }
    for name in [Self.doneName, Self.failedName] { try Self.makeFolder(self.path + "/" + name) }
  }

  func path(of name: InboxName) -> String { "\(path)/\(name)" }

  /// Whether users other than the owner can put files here.
  var isOpenToOthers: Bool { ((try? SystemCall.status(of: path))?.mode ?? 0) & 0o022 != 0 }

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
    let names = try CohortError.describing({
      .system(.daemonInbox, "The folder cannot be listed", place: place, $0)
    }) { () throws(Errno) in try SystemCall.rawNames(in: place, O_NOFOLLOW) }
    var found = Entries()
    for bytes in names {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        found.ignored.append((String(decoding: bytes, as: UTF8.self), "the name is not UTF-8"))
        continue
      }
      if InboxName.isIgnored(name) { continue }
      guard SystemCall.isFolder("\(place)/\(name)") else {
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
    func isFree(_ number: Int) -> Bool { places(number).allSatisfy { !SystemCall.exists($0) } }
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
      try CohortError.describing({
        .system(.daemonConsume, "The file cannot be deleted", place: path, $0)
      }) { () throws(Errno) in try SystemCall.remove(path) }
    }
  }

  /// Moves a file and its vectors to `.failed`; what is known about the reason lies beside it before.
  /// - Returns: where the file is now.
  func fail(_ name: InboxName, with vectors: InboxName?, note: FailureNote) throws(CohortError) -> String {
    let names = [name] + (vectors.map { [$0] } ?? [])
    let places = try freePlaces(names, in: Self.failedName)
    guard let place = places.first else { return path(of: name) }
    try note.write(to: Self.notePlace(of: place))
    for (name, place) in zip(names, places) { try move(path(of: name), to: place) }
    return place
  }

  /// Where the reason of a failure lies: beside the file, with its name and `.error.json`; of a name that has no room for that,
  /// the first bytes and a hash of all of it. The draft that it is written to first has a longer name still.
  static func notePlace(of place: String) -> String {
    let ending = ".error.json"
    let start = place.lastIndex(of: "/").map { place.index(after: $0) } ?? place.startIndex
    let (folder, name) = (place[..<start], place[start...])
    let room = InboxName.longest - ending.utf8.count - DurableFile.draftSuffix.utf8.count
    guard name.utf8.count > room else { return place + ending }
    let hash = String(XXH3.hash64(Array(name.utf8)), radix: 16)
    var kept = name
    while kept.utf8.count > room - hash.utf8.count - 1 { kept.removeLast() }
    return "\(folder)\(kept)~\(hash)\(ending)"
  }

  /// Takes a file back out of `.done`: somebody went on writing to it.
  func takeBack(_ place: String, as name: InboxName) throws(CohortError) -> InboxName {
    func back(_ number: Int) -> InboxName { InboxName(folder: name.folder, name.numbered(number)) }
    let unused = back(Self.firstFree { !SystemCall.exists(path(of: back($0))) })
    try move(place, to: path(of: unused))
    return unused
  }

  private func move(_ from: String, to place: String) throws(CohortError) {
    try CohortError.describing({
      .system(
        .daemonConsume, "The file cannot be moved", place: "\(from) to \(place)", $0,
        hint: "Its samples are in the store, or it is noted as failed. Move it away yourself, or let the daemon do so")
    }) { () throws(Errno) in try SystemCall.rename(from, to: place) }
  }

  private static func makeFolder(_ path: String) throws(CohortError) {
    try CohortError.describing({
      .system(.daemonInbox, "The folder cannot be made", place: path, $0)
    }) { () throws(Errno) in try SystemCall.makeFolder(path) }
  }
}
