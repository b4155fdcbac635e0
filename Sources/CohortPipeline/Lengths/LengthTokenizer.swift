public import CohortCore
internal import CohortEmbedding
public import CohortStore
internal import CohortSystem
internal import Foundation

/// A tokenizer that a store counts lengths with: a copy of its file beside the store's data, known by its hash.
public struct LengthTokenizer: Sendable {
  /// XXH3-128 of the file: what the store's configuration and its length measures keep.
  public let digest: Digest128
  private let file: Data
  private let tokenizer: Tokenizer

  /// Reads a `tokenizer.json` that a user gives.
  /// - Throws: `embedding.not-a-tokenizer` for a file that is none; `embedding.unreadable`;
  ///   `embedding.unsupported-tokenizer` for one of a kind that is not known.
  public init(contentsOf path: String) throws {
    do throws(CohortError) {
      tokenizer = try Tokenizer(contentsOf: path)
    } catch {
      throw Self.refusal(error)
    }
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

  /// The error of reading a model's file, said of a file that somebody gave as a tokenizer: nothing stored is damaged.
  private static func refusal(_ error: CohortError) -> CohortError {
    switch error.code {
    case .embeddingDamagedModel:
      return CohortError(
        .embeddingNotATokenizer, "The file is not a tokenizer", place: error.place,
        cause: [error.message, error.cause].compactMap(\.self).joined(separator: ": "),
        hint: "Give the tokenizer.json of a model, as Hugging Face's tokenizers writes it")
    case .embeddingUnreadable:
      var refusal = error
      refusal.message = "The tokenizer cannot be read"
      refusal.cause = error.cause ?? "it is not a regular file"
      return refusal
    default: return error
    }
  }

  private init(at path: String, expecting expected: Digest128) throws {
    // Before it is parsed: another file may not even be a tokenizer.
    file = try Self.read(path, expecting: expected)
    digest = expected
    tokenizer = try Tokenizer(contentsOf: path)
  }

  /// The bytes of a file, if it is the one that is expected.
  private static func read(_ path: String, expecting expected: Digest128) throws -> Data {
    guard let file = FileManager.default.contents(atPath: path) else {
      throw CohortError(
        .pipelineNoTokenizer, "A tokenizer that the store counts with is gone", place: path, hint: remedy)
    }
    let digest = XXH3.hash128([UInt8](file))
    guard digest == expected else {
      throw CohortError(
        .pipelineOtherTokenizer, "The tokenizer is not the one the store counts with", place: path,
        cause: "its hash is \(digest), not \(expected)", hint: remedy)
    }
    return file
  }

  private static let remedy = "Put the tokenizer.json back there that the store was given, or take it from a backup"

  /// Reads the files of all tokenizers that a store counts with.
  /// - Returns: `pipeline.no-tokenizer` or `pipeline.other-tokenizer` for each that is gone or was changed.
  static func problems(in store: Store) throws -> [CohortError] {
    var needed = try store.read { try $0.measures() }.compactMap(\.tokenizer).map { (path(of: $0, in: store.path), $0) }
    if let digest = store.configuration.tokenizer { needed.append((path(in: store.path), digest)) }
    var problems: [String: CohortError] = [:]
    for (path, digest) in needed {
      do { _ = try read(path, expecting: digest) } catch let error as CohortError { problems[path] = error }
    }
    guard !problems.isEmpty else { return [] }
    // The copy of a measure that was dropped since its record was read is gone, and that is right.
    let now = Set(try store.read { try $0.measures() }.compactMap(\.tokenizer).map { path(of: $0, in: store.path) })
    return problems.filter { $0.key == path(in: store.path) || now.contains($0.key) }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// Puts a copy into the folder of a store whose own measure it is for, durably.
  public func save(in folder: String) throws { try Self.write(file, to: Self.path(in: folder), in: folder) }

  /// Puts a copy beside the data of a store, durably, for its further measures.
  func keep(in store: Store) throws { try Self.keep(file, digest, in: store.path) }

  private static func keep(_ file: Data, _ digest: Digest128, in store: String) throws {
    try write(file, to: path(of: digest, in: store), in: folder(in: store), store)
  }

  /// Removes the copy of a tokenizer that no measure needs any more.
  static func forget(_ digest: Digest128, in store: Store) {
    try? FileManager.default.removeItem(atPath: path(of: digest, in: store.path))
  }

  /// Copies the files of all tokenizers of a store, for a backup. None is parsed: each is what its hash says.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public static func copyAll(of store: Store, to copy: Store) throws {
    if let digest = store.configuration.tokenizer {
      try write(read(path(in: store.path), expecting: digest), to: path(in: copy.path), in: copy.path)
    }
    for digest in Set(try copy.read { try $0.measures() }.compactMap(\.tokenizer)) {
      try keep(read(path(of: digest, in: store.path), expecting: digest), digest, in: copy.path)
    }
  }

  /// Tokens of a text in UTF-8, special tokens that its markup would add left out.
  func count(_ text: UnsafeRawBufferPointer) -> Int {
    text.withMemoryRebound(to: UInt8.self) { tokenizer.count($0) }
  }

  private static func write(_ file: Data, to path: String, in folders: String...) throws {
    do {
      for folder in folders { try SystemCall.makeFolder(folder) }
      try DurableFile.replace(path, with: [UInt8](file))
      for folder in folders { try DurableFile.synchronize(folder) }
    } catch {
      throw CohortError.copying("The tokenizer", error, code: .pipelineNoTokenizer, place: path)
    }
  }

  private static func path(in store: String) -> String { StoreLayout(store).tokenizer }
  private static func folder(in store: String) -> String { StoreLayout(store).tokenizers }
  private static func path(of digest: Digest128, in store: String) -> String { "\(folder(in: store))/\(digest).json" }
}
