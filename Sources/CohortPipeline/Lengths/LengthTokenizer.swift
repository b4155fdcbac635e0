public import CohortCore
internal import CohortEmbedding
public import CohortStore
internal import Foundation

/// A tokenizer that a store counts lengths with: a copy of its file beside the store's data, known by its hash.
public struct LengthTokenizer: Sendable {
  /// XXH3-128 of the file: what the store's configuration and its length measures keep.
  public let digest: Digest128
  private let file: Data
  private let tokenizer: Tokenizer

  /// Reads a `tokenizer.json`.
  /// - Throws: `EmbeddingError` for a file that cannot be read or is of a kind that is not known.
  public init(contentsOf path: String) throws {
    tokenizer = try Tokenizer(contentsOf: path)
    file = try Data(contentsOf: URL(fileURLWithPath: path))
    digest = XXH3.hash128([UInt8](file))
  }

  /// The tokenizer of a store's own measure; nil when that counts something else.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public init?(of store: Store) throws {
    guard let expected = store.configuration.tokenizer else { return nil }
    try self.init(at: Self.path(in: store.path), expecting: expected)
  }

  /// The tokenizer of a further measure; nil when that counts something else.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public init?(of measure: LengthMeasure, in store: Store) throws {
    guard let expected = measure.tokenizer else { return nil }
    try self.init(at: Self.path(of: expected, in: store.path), expecting: expected)
  }

  private init(at path: String, expecting expected: Digest128) throws {
    guard let file = FileManager.default.contents(atPath: path) else {
      throw PipelineError(
        code: "no-tokenizer", category: .notFound, message: "A tokenizer that the store counts with is gone",
        place: path, hint: "Put the tokenizer.json back that the store was given")
    }
    // Before it is read: another file may not even be a tokenizer.
    let digest = XXH3.hash128([UInt8](file))
    guard digest == expected else {
      throw PipelineError(
        code: "other-tokenizer", category: .corruption, message: "The tokenizer is not the one the store counts with",
        place: path, cause: "its hash is \(digest), not \(expected)",
        hint: "Put the tokenizer.json back that the store was given")
    }
    self.file = file
    self.digest = digest
    tokenizer = try Tokenizer(contentsOf: path)
  }

  /// Puts a copy beside the data of a store whose own measure it is for, durably.
  public func save(in store: Store) throws { try write(to: Self.path(in: store.path), in: store.path) }

  /// Puts a copy beside the data of a store, durably, for its further measures.
  func keep(in store: String) throws {
    let folder = Self.folder(in: store)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(to: Self.path(of: digest, in: store), in: folder, store)
  }

  /// Removes the copy of a tokenizer that no measure needs any more.
  static func forget(_ digest: Digest128, in store: Store) {
    try? FileManager.default.removeItem(atPath: path(of: digest, in: store.path))
  }

  /// Copies all tokenizers of a store, for a backup.
  public static func copyAll(of store: Store, to copy: Store) throws {
    try LengthTokenizer(of: store)?.save(in: copy)
    for measure in try copy.read({ try $0.measures() }) {
      try LengthTokenizer(of: measure, in: store)?.keep(in: copy.path)
    }
  }

  /// Tokens of a text in UTF-8, special tokens that its markup would add left out.
  func count(_ text: UnsafeRawBufferPointer) -> Int {
    text.withMemoryRebound(to: UInt8.self) { tokenizer.count($0) }
  }

  private func write(to path: String, in folders: String...) throws {
    do {
      try file.write(to: URL(fileURLWithPath: path), options: .atomic)
      for path in [path] + folders {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 || errno == EINVAL else { throw CocoaError(.fileWriteUnknown) }
      }
    } catch {
      throw PipelineError(
        code: "no-tokenizer", category: .failure, message: "The tokenizer cannot be copied into the store",
        place: path, cause: error.localizedDescription)
    }
  }

  private static func path(in store: String) -> String { store + "/tokenizer.json" }
  private static func folder(in store: String) -> String { store + "/tokenizers" }
  private static func path(of digest: Digest128, in store: String) -> String { "\(folder(in: store))/\(digest).json" }
}
