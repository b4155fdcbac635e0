public import CohortCore
internal import CohortEmbedding
public import CohortStore
internal import Foundation

/// The tokenizer that a store counts lengths with: a copy of its file beside the store's data, known by its hash.
public struct LengthTokenizer: Sendable {
  /// What `StoreConfiguration.tokenizer` keeps.
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

  /// The tokenizer of a store; nil when its lengths count something else.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public init?(of store: Store) throws {
    guard let expected = store.configuration.tokenizer else { return nil }
    let path = Self.path(in: store)
    guard FileManager.default.fileExists(atPath: path) else {
      throw PipelineError(
        code: "no-tokenizer", category: .notFound, message: "The tokenizer of the store's lengths is gone", place: path,
        hint: "Put the tokenizer.json back that the store was created with")
    }
    try self.init(contentsOf: path)
    guard digest == expected else {
      throw PipelineError(
        code: "other-tokenizer", category: .corruption, message: "The tokenizer is not the one the store counts with",
        place: path, cause: "its hash is \(digest), not \(expected)",
        hint: "Put the tokenizer.json back that the store was created with")
    }
  }

  /// Puts a copy beside a store's data, durably.
  public func save(in store: Store) throws {
    do {
      try file.write(to: URL(fileURLWithPath: Self.path(in: store)), options: .atomic)
      for path in [Self.path(in: store), store.path] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 || errno == EINVAL else { throw CocoaError(.fileWriteUnknown) }
      }
    } catch {
      throw PipelineError(
        code: "no-tokenizer", category: .failure, message: "The tokenizer cannot be copied into the store",
        place: Self.path(in: store), cause: error.localizedDescription)
    }
  }

  /// Tokens of a text in UTF-8, special tokens that its markup would add left out.
  func count(_ text: UnsafeRawBufferPointer) -> Int {
    text.withMemoryRebound(to: UInt8.self) { tokenizer.count($0) }
  }

  private static func path(in store: Store) -> String { store.path + "/tokenizer.json" }
}
