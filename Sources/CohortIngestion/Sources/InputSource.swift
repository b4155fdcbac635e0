public import CohortCore
internal import CohortSystem

/// What is known of a source besides its records: provenance, stored with every sample.
public struct SourceDescription: Hashable, Sendable {
  /// The source's name in the store: part of a sample's identity.
  public var name: String
  /// Where it was read: a resolved path, or `-` for standard input.
  public var path: String

  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}

/// One input: a file, standard input, bytes in memory, or bytes that come from elsewhere while they are read.
public struct InputSource: Sendable {
  enum Origin: Sendable {
    case file
    case held(HeldFile)
    case standardInput
    case memory([UInt8])
    case feed(any InputFeed)
  }

  public let description: SourceDescription
  /// Bytes on disk; nil when that is not known beforehand.
  public let size: UInt64?
  let origin: Origin
  /// What a `dataset_info.json` says about the file.
  var givenShape: RecordShape?
  /// It was found in a folder, and not named.
  var isFromFolder = false

  init(description: SourceDescription, size: UInt64?, origin: Origin, givenShape: RecordShape? = nil) {
    self.description = description
    self.size = size
    self.origin = origin
    self.givenShape = givenShape
  }

  /// Standard input, read to its end.
  public static func standardInput(name: String = "stdin") -> InputSource {
    InputSource(description: SourceDescription(name: name, path: "-"), size: nil, origin: .standardInput)
  }

  /// Bytes that are already here, for example the body of a request.
  public static func memory(_ bytes: [UInt8], name: String) -> InputSource {
    InputSource(
      description: SourceDescription(name: name, path: name), size: UInt64(bytes.count), origin: .memory(bytes))
  }

  /// The same for bytes that say where they come from.
  public static func memory(_ bytes: [UInt8], name: String, path: String) -> InputSource {
    InputSource(
      description: SourceDescription(name: name, path: path), size: UInt64(bytes.count), origin: .memory(bytes))
  }

  /// Bytes that arrive while they are read. They can be read once.
  /// - Parameter path: where they come from, for provenance and messages.
  public static func fed(by feed: any InputFeed, name: String, path: String) -> InputSource {
    InputSource(description: SourceDescription(name: name, path: path), size: nil, origin: .feed(feed))
  }

  /// One file, whatever its name is. Pipes and devices are read to their end.
  /// - Throws: `ingestion.input-output` when there is no such file; `ingestion.not-a-file` for a folder.
  public static func file(_ path: String, name: String? = nil) throws(CohortError) -> InputSource {
    let status = try InputCall.status(of: path)
    guard status.kind == .regular || status.kind == .stream else {
      throw .usage(.ingestionNotAFile, "the input is not a file", place: path)
    }
    let resolved = SystemCall.resolved(path) ?? path
    return InputSource(
      description: SourceDescription(name: name ?? defaultName(of: resolved), path: resolved),
      size: status.kind == .regular ? UInt64(status.size) : nil, origin: .file)
  }

  /// A regular file that the caller has open. It is read through the descriptor, whatever its path leads to by then: who
  /// can rename files in its folder cannot have another file read in its place.
  /// - Parameters:
  ///   - descriptor: open for reading; duplicated, so that it may be closed. Its offset stays as it is.
  ///   - path: where the file lies, for provenance and messages.
  public static func held(
    _ descriptor: Int32, path: String, name: String? = nil
  ) throws(CohortError) -> InputSource {
    let status = try InputCall.status(of: descriptor, path: path)
    guard status.kind == .regular else { throw .usage(.ingestionNotAFile, "the input is not a file", place: path) }
    return InputSource(
      description: SourceDescription(name: name ?? defaultName(of: path), path: path), size: UInt64(status.size),
      origin: .held(HeldFile(descriptor: try InputCall.duplicate(descriptor, path: path))))
  }

  /// The last two components of a path: `p3/glue_qqp_answer.jsonl`.
  static func defaultName(of path: String) -> String {
    path.split(separator: "/").suffix(2).joined(separator: "/")
  }

  func open() throws(CohortError) -> RawInput {
    switch origin {
    case .file:
      RawInput(descriptor: try InputCall.openForReading(description.path), owned: true, path: description.path)
    case .held(let file): RawInput(held: file, path: description.path)
    case .standardInput: RawInput(descriptor: 0, owned: false, path: "-")
    case .memory(let bytes): RawInput(bytes: bytes, path: description.path)
    case .feed(let feed): RawInput(feed: feed, path: description.path)
    }
  }

  /// The file's name without its compression and data extensions: the task of `--task-from-filename`.
  var taskFromFileName: String {
    let name = description.path.split(separator: "/").last.map(String.init) ?? description.path
    return FileName(name).stem
  }
}

/// Where the bytes of an input come from that arrive while it is read: the body of a request.
public protocol InputFeed: AnyObject, Sendable {
  /// Gives what comes next, at most `target.count` bytes; 0 only at the end. Blocks the calling thread until there is
  /// something. Never called by two threads at once.
  /// - Throws: an error of the module `ingestion`, which ends the input: what came before is whole as far as it goes.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CohortError) -> Int
}

/// A descriptor that is open as long as something refers to it.
final class HeldFile: Sendable {
  let descriptor: Int32

  /// Takes the descriptor over.
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { SystemCall.close(descriptor) }
}
