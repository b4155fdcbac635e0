public import CohortCore
internal import CohortSystem

/// What was found under some paths.
public struct Discovery: Sendable {
  /// In the order of the arguments, then of the names' bytes.
  public var sources: [InputSource] = []
  /// What was left out, and why. Nothing is left out silently.
  public var notes: [IngestionNote] = []
}

/// Something the user should know that is not an error.
public struct IngestionNote: Hashable, Sendable, CustomStringConvertible {
  /// What the note is about: a file or folder, as it was found.
  public var path: String
  /// What was done or left out, and why, in words.
  public var message: String

  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  public var description: String { "\(path): \(message)" }
}

extension InputSource {
  /// Finds the inputs under `paths`: files as they are, folders with all the data files in them, `-` for standard input.
  ///
  /// In a folder only regular files count. Hidden entries, files that are no data, and symbolic links that lead out of
  /// the folder are left out with a note, and so are files whose names say that they describe something (`config.json`).
  /// A `dataset_info.json` (LLaMA-Factory) describes the files beside it.
  /// - Throws: `ingestion.input-output` for a path that does not exist or cannot be read; `ingestion.not-a-file`.
  public static func discover(_ paths: [String], sourceName: String? = nil) throws(CohortError) -> Discovery {
    var found = Discovery()
    for path in paths {
      if path == "-" {
        found.sources.append(.standardInput(name: sourceName ?? "stdin"))
        continue
      }
      let status = try InputCall.status(of: path)
      if status.kind == .folder {
        guard let root = SystemCall.resolved(path) else {
          throw .system("cannot resolve the folder", path: path, Errno(ENOENT))
        }
        try walk(root, root: root, depth: 0, sourceName: sourceName, into: &found)
      } else {
        found.sources.append(try .file(path, name: sourceName))
      }
    }
    noteSharedNames(&found, sourceName: sourceName)
    return found
  }

  private static func walk(
    _ folder: String, root: String, depth: Int, sourceName: String?, into found: inout Discovery
  ) throws(CohortError) {
    guard depth < 64 else {
      found.notes.append(IngestionNote(path: folder, message: "skipped: folders nested more than 64 deep"))
      return
    }
    let names = try InputCall.names(in: folder)
    var described: [String: RecordShape] = [:]
    if names.contains(DatasetInfo.fileName) {
      described = describe(folder, names, into: &found)
    }
    for name in names where name != DatasetInfo.fileName {
      let path = folder + "/" + name
      func skip(_ reason: String) { found.notes.append(IngestionNote(path: path, message: "skipped: \(reason)")) }
      if name.hasPrefix(".") {
        skip("hidden")
        continue
      }
      guard let resolved = SystemCall.resolved(path) else {
        skip("a symbolic link that leads nowhere")
        continue
      }
      let isLink = (try? SystemCall.linkStatus(of: path))?.kind == .link
      if isLink, !resolved.hasPrefix(root == "/" ? root : root + "/") {
        skip("a symbolic link out of the folder")
        continue
      }
      let status = try InputCall.status(of: path)
      switch status.kind {
      case .folder where isLink: skip("a symbolic link to a folder")
      case .folder: try walk(path, root: root, depth: depth + 1, sourceName: sourceName, into: &found)
      case .regular:
        if let reason = try reasonToSkip(path, name: name) {
          skip(reason)
        } else {
          let description = SourceDescription(name: sourceName ?? defaultName(of: path), path: path)
          var source = InputSource(
            description: description, size: UInt64(status.size), origin: .file, givenShape: described[name])
          source.isFromFolder = true
          found.sources.append(source)
        }
      case .stream, .link, .other: skip("not a regular file")
      }
    }
  }

  /// What the folder's `dataset_info.json` says; one that cannot be read says nothing, and that is noted.
  private static func describe(
    _ folder: String, _ names: [String], into found: inout Discovery
  ) -> [String: RecordShape] {
    let path = folder + "/" + DatasetInfo.fileName
    do throws(CohortError) {
      let info = try DatasetInfo(reading: path)
      found.notes += info.notes
      for name in info.shapes.keys.sorted() where !name.contains("/") && !names.contains(name) {
        found.notes.append(IngestionNote(path: path, message: "names \(name), which is not there"))
      }
      return info.shapes
    } catch {
      let cause = error.cause.map { ": \($0)" } ?? ""
      found.notes.append(
        IngestionNote(
          path: path, message: "\(error.message)\(cause). The layouts of the files beside it are detected"))
      return [:]
    }
  }

  /// Why a file in a folder is no data; nil when it is.
  private static func reasonToSkip(_ path: String, name: String) throws(CohortError) -> String? {
    let description = MetadataFile.kind(of: name)
    if description == nil, FileName(name).format != nil { return nil }
    let input = RawInput(descriptor: try InputCall.openForReading(path), owned: true, path: path)
    let prefix = try input.peek(4096)
    if let description {
      // A list holds records, whatever it is called.
      let isList = prefix.first { !TextSniffing.isSpace($0) } == UInt8(ascii: "[")
      return isList ? nil : "\(description) (give its path to read it anyway)"
    }
    switch Container(prefix: prefix) {
    case .gzip, .zstd: return nil
    case .foreign(let name, let hint): return "\(name). \(hint)"
    case .plain: break
    }
    if ForeignText.isPointer(prefix) { return "a Git LFS pointer. If it stands for data, fetch them: git lfs pull" }
    if ForeignText.isPage(prefix.drop(while: TextSniffing.isSpace)) { return "a web page (HTML or XML)" }
    guard let first = prefix.first(where: { !TextSniffing.isSpace($0) }) else { return "no data" }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return nil }
    return prefix.contains(0) ? "unknown binary data" : "not a data file (give its path to read it anyway)"
  }

  private static func noteSharedNames(_ found: inout Discovery, sourceName: String?) {
    guard sourceName == nil else { return }
    var first: [String: String] = [:]
    for source in found.sources {
      let other = first.updateValue(source.description.path, forKey: source.description.name)
      if let other, other != source.description.path {
        found.notes.append(
          IngestionNote(
            path: source.description.path,
            message:
              "has the source name \(source.description.name) as \(other) has: the same sample in both counts once"))
      }
    }
  }
}
