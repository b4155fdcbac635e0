internal import CBundledModel
internal import CohortCore
public import CohortEmbedding
public import CohortStore
internal import Foundation

/// The models that a store makes its vectors with: folders in `models` beside its data. A model is copied there when it is
/// added, so the store makes the same vectors next year, on another machine, and with a later Cohort.
public struct ModelLibrary: Sendable {
  /// One model.
  public struct Model: Hashable, Sendable {
    public var name: String
    /// Where its files are.
    public var path: String
    public var dimension: Int
    /// Tokens that it knows.
    public var tokens: Int
    public var fingerprint: String
    public var bytes: UInt64
  }

  /// The name of the model that is part of the program.
  public static let bundledName = String(cString: cohort_model_name)

  private let folder: String

  public init(_ store: Store) { folder = store.path + "/models" }

  /// All models in the order of their names.
  public func models() throws -> [Model] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
    return try names.sorted().map { try model(named: $0) }
  }

  /// - Throws: `pipeline.no-model`, and `EmbeddingError` for one that is damaged.
  public func model(named name: String) throws -> Model {
    let encoder = try encoder(named: name)
    return Model(
      name: name, path: path(of: name), dimension: encoder.identity.dimension,
      tokens: encoder.tokenizer.vocabularySize, fingerprint: encoder.identity.fingerprint,
      bytes: try Self.files(in: path(of: name)).reduce(0) { $0 + UInt64($1.size) })
  }

  /// Loads a model.
  /// - Parameter concurrency: how many calls its user should have under way.
  public func encoder(named name: String, concurrency: Int = 1) throws -> StaticEncoder {
    guard Self.isName(name), FileManager.default.fileExists(atPath: path(of: name)) else {
      throw PipelineError(
        code: "no-model", category: .notFound, message: "The store has no model \"\(name)\"", place: path(of: name),
        hint: name == Self.bundledName
          ? "'cohort model add builtin' puts it back" : "'cohort model add FOLDER --name \(name)' puts it back")
    }
    return try StaticEncoder(folder: path(of: name), name: name, concurrency: concurrency)
  }

  /// Copies a model's folder into the store. The same model under the same name again changes nothing.
  /// - Throws: `EmbeddingError` when the folder holds no model that can be read; `pipeline.model-exists`.
  public func add(folder source: String, name: String? = nil) throws -> Model {
    let identity = try StaticEncoder(folder: source).identity
    let name = name ?? URL(fileURLWithPath: source).standardizedFileURL.lastPathComponent
    return try add(name, fingerprint: identity.fingerprint) { target in
      for file in try Self.files(in: source) where file.isModel {
        let place = URL(fileURLWithPath: "\(target)/\(file.path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(source)/\(file.path)", toPath: place.path)
      }
    }
  }

  /// Puts the model that is part of the program into the store.
  public func addBundled() throws -> Model {
    try add(Self.bundledName, fingerprint: nil) { target in
      for file in UnsafeBufferPointer(start: cohort_model_files, count: cohort_model_file_count) {
        try Data(bytes: file.bytes, count: file.size).write(
          to: URL(fileURLWithPath: "\(target)/\(String(cString: file.name))"))
      }
    }
  }

  /// Copies all models to another folder of a store, for a backup.
  public func copy(toStore path: String) throws {
    guard FileManager.default.fileExists(atPath: folder) else { return }
    try FileManager.default.copyItem(atPath: folder, toPath: path + "/models")
    try Self.synchronize(path + "/models")
    try Self.synchronize(path)
  }

  private func path(of name: String) -> String { "\(folder)/\(name)" }

  /// Fills a folder of another name, and gives it its name when everything is durable.
  private func add(_ name: String, fingerprint: String?, fill: (String) throws -> Void) throws -> Model {
    guard Self.isName(name) else {
      throw PipelineError(
        code: "model-name", category: .usage, message: "A model cannot be called \"\(name)\"",
        hint: "Letters, digits, '.', '-' and '_', beginning with a letter or digit: choose one with --name")
    }
    if FileManager.default.fileExists(atPath: path(of: name)) {
      let known = try model(named: name)
      guard fingerprint ?? known.fingerprint == known.fingerprint else {
        throw PipelineError(
          code: "model-exists", category: .usage, message: "The store has another model \"\(name)\"",
          place: known.path, hint: "Choose another name with --name: spaces may need the one that is there")
      }
      return known
    }
    let temporary = path(of: ".\(name)")
    do {
      try? FileManager.default.removeItem(atPath: temporary)
      try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
      try fill(temporary)
      _ = try StaticEncoder(folder: temporary)
      try Self.synchronize(temporary)
      try FileManager.default.moveItem(atPath: temporary, toPath: path(of: name))
      try Self.synchronize(folder)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      if error is EmbeddingError { throw error }
      throw PipelineError(
        code: "model-copy", category: .failure, message: "The model cannot be copied into the store", place: folder,
        cause: "\(error.localizedDescription)")
    }
    return try model(named: name)
  }

  private struct File {
    var path: String
    var size: Int
    /// What a model consists of, in the layouts that are known, and its papers.
    var isModel: Bool {
      let name = path.split(separator: "/").last ?? ""
      return name.hasSuffix(".json") || name == "model.safetensors" || name.hasPrefix("README")
        || name.hasPrefix("LICENSE")
    }
  }

  private static func files(in folder: String) throws -> [File] {
    let enumerator = FileManager.default.enumerator(atPath: folder)
    var files: [File] = []
    while let path = enumerator?.nextObject() as? String {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: "\(folder)/\(path)").resolvingSymlinksInPath().path)
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      files.append(File(path: path, size: attributes[.size] as? Int ?? 0))
    }
    return files
  }

  /// Makes a folder and all in it durable.
  private static func synchronize(_ folder: String) throws {
    for path in [folder] + (try files(in: folder).map { "\(folder)/\($0.path)" }) {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw CocoaError(.fileReadUnknown) }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 || errno == EINVAL else { throw CocoaError(.fileWriteUnknown) }
    }
  }

  /// Names are folders' names.
  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 100 else { return false }
    func isPlain(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
    return isPlain(first) && name.utf8.allSatisfy { isPlain($0) || [0x2d, 0x2e, 0x5f].contains($0) }
  }
}
