internal import CBundledModel
internal import CohortCore
public import CohortEmbedding
public import CohortStore
internal import CohortSystem
internal import Foundation

/// The models that a store makes its vectors with: folders in `models` beside its data. A model is copied there when it is
/// added, so the store makes the same vectors next year, on another machine, and with a later Cohort.
public struct ModelLibrary: Sendable {
  /// A model that lies in the store and can be used.
  public struct Model: Hashable, Sendable {
    /// Its folder's name, unique in the store: letters, digits, `.`, `-` and `_`.
    public var name: String
    /// Where its files are.
    public var path: String
    /// Values in a vector that it makes.
    public var dimension: Int
    /// Tokens that it knows.
    public var tokens: Int
    /// Hash of the files that decide its vectors: another fingerprint makes another space.
    public var fingerprint: String
    /// Size of its files, papers included.
    public var bytes: UInt64
  }

  /// The name of the model that is part of the program.
  public static let bundledName = String(cString: cohort_model_name)

  /// Nil while the store is being created: then no space needs a model yet.
  private let store: Store?
  private let folder: String

  /// The library of an existing store. Reads nothing yet.
  public init(_ store: Store) {
    self.store = store
    folder = StoreLayout(store.path).models
  }

  /// The library of a store that is being created.
  public init(ofNewStore path: String) {
    store = nil
    folder = StoreLayout(path).models
  }

  /// All models in the order of their names.
  public func models() throws -> [Model] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
    return try names.sorted().map { try model(named: $0) }
  }

  /// Opens a model and tells what it is.
  /// - Throws: `pipeline.no-model`; `embedding.damaged-model`, `embedding.unreadable`, `embedding.unsupported-model`,
  ///   `embedding.unsupported-tokenizer` for files that cannot be used.
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
      throw CohortError(
        .pipelineNoModel, "The store has no model \"\(name)\"", place: path(of: name), hint: Self.remedy(name))
    }
    do {
      return try StaticEncoder(folder: path(of: name), name: name, concurrency: concurrency)
    } catch {
      var error = error
      error.hint = Self.remedy(name)
      throw error
    }
  }

  /// Loads the model that makes a space's vectors.
  /// - Throws: as `encoder(named:concurrency:)`; `pipeline.other-model` when it is not the one that made them.
  func encoder(named name: String, makes space: EmbeddingSpace, concurrency: Int = 1) throws -> StaticEncoder {
    let encoder = try encoder(named: name, concurrency: concurrency)
    guard encoder.identity.fingerprint == space.fingerprint else {
      throw CohortError(
        .pipelineOtherModel, category: .corruption,
        "The store's model \"\(name)\" is not the one that makes the vectors of space \"\(space.name)\"",
        place: path(of: name), cause: "its hash is \(encoder.identity.fingerprint), not \(space.fingerprint)",
        hint: Self.remedy(name))
    }
    return encoder
  }

  private static func remedy(_ name: String) -> String {
    name == bundledName
      ? "'cohort model add builtin' puts it back" : "'cohort model add FOLDER --name \(name)' puts it back"
  }

  /// Loads every model that a space of the store needs.
  /// - Returns: what `encoder(named:makes:concurrency:)` throws for each that is gone, damaged or another one.
  func problems() throws -> [CohortError] {
    var problems: [String: CohortError] = [:]
    for space in try spaces() {
      guard let model = space.storedModel, problems[model] == nil else { continue }
      do {
        _ = try encoder(named: model, makes: space)
      } catch let error as CohortError {
        problems[model] = error
      }
    }
    return problems.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Copies a model's folder into the store. The same model under the same name again changes nothing; one that is damaged
  /// or is not what the spaces need is replaced by the one that they do.
  /// - Throws: what reading the folder's model throws; `pipeline.model-name`; `pipeline.model-exists`;
  ///   `pipeline.other-model` when spaces need another one of this name.
  public func add(folder source: String, name: String? = nil) throws -> Model {
    // Before anything is made: is it a model?
    _ = try StaticEncoder(folder: source)
    let name = name ?? URL(fileURLWithPath: source).standardizedFileURL.lastPathComponent
    return try add(name) { target in
      for file in try Self.files(in: source) where file.isModel {
        let place = URL(fileURLWithPath: "\(target)/\(file.path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(source)/\(file.path)", toPath: place.path)
      }
    }
  }

  /// Puts the model that is part of the program into the store, unless spaces go on with another version that is there. One
  /// that is damaged, or that no space needs, is replaced.
  /// - Throws: `pipeline.other-model` when spaces need another version, and it is gone or damaged.
  public func addBundled() throws -> Model {
    if let known = try? model(named: Self.bundledName), try needed(Self.bundledName).contains(known.fingerprint) {
      return known
    }
    return try add(Self.bundledName) { target in
      for file in UnsafeBufferPointer(start: cohort_model_files, count: cohort_model_file_count) {
        try Data(bytes: file.bytes, count: file.size).write(
          to: URL(fileURLWithPath: "\(target)/\(String(cString: file.name))"))
      }
    }
  }

  /// Whether the files that decide a model's vectors are those of the one that is part of the program.
  public func isBundled(_ model: Model) -> Bool {
    UnsafeBufferPointer(start: cohort_model_files, count: cohort_model_file_count).allSatisfy { file in
      let name = String(cString: file.name)
      guard name.hasSuffix(".json") || name.hasSuffix(".safetensors") else { return true }
      let stored = FileManager.default.contents(atPath: "\(model.path)/\(name)")
      return stored == Data(bytes: file.bytes, count: file.size)
    }
  }

  /// Copies all models to another folder of a store, for a backup.
  public func copy(toStore path: String) throws {
    guard FileManager.default.fileExists(atPath: folder) else { return }
    let copy = StoreLayout(path).models
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
    // Hidden ones are what an addition left that was killed.
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.hasPrefix(".") {
      try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(copy)/\(name)")
    }
    try DurableFile.synchronizeTree(copy)
    try DurableFile.synchronize(path)
  }

  private func spaces() throws -> [EmbeddingSpace] { try store?.read { try $0.spaces() } ?? [] }

  private func path(of name: String) -> String { "\(folder)/\(name)" }

  /// Fingerprints of the models of this name that spaces go on with.
  private func needed(_ name: String) throws -> Set<String> {
    Set(try spaces().filter { $0.storedModel == name }.map(\.fingerprint))
  }

  /// Fills a folder of another name, and gives it its name when everything is durable.
  private func add(_ name: String, fill: (String) throws -> Void) throws -> Model {
    guard Self.isName(name) else {
      throw CohortError(
        .pipelineModelName, "A model cannot be called \"\(name)\"",
        hint: "Letters, digits, '.', '-' and '_', beginning with a letter or digit: choose one with --name")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // Others, of this process or of another one, may add a model of the same name: one after the other.
      return try FileLock.whileHeld(path(of: Self.lockName)) { try put(name, fill) }
    } catch {
      if error is CohortError { throw error }
      throw CohortError.copying("The model", error, code: .pipelineModelCopy, place: folder)
    }
  }

  /// The file whose lock is the right to change the library. No model is called so, and no draft of one.
  private static let lockName = "..lock"

  private func put(_ name: String, _ fill: (String) throws -> Void) throws -> Model {
    let temporary = path(of: ".\(name)")
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    try? FileManager.default.removeItem(atPath: temporary)
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    try fill(temporary)
    let fingerprint = try StaticEncoder(folder: temporary).identity.fingerprint
    if let known = try? model(named: name), known.fingerprint == fingerprint { return known }
    try check(fingerprint, mayBe: name)
    try DurableFile.synchronizeTree(temporary)
    try replace(path(of: name), by: temporary)
    return try model(named: name)
  }

  /// Refuses a model in the place of one that is needed.
  private func check(_ fingerprint: String, mayBe name: String) throws {
    let needed = try needed(name)
    let known = try? model(named: name)
    if let known, needed.contains(known.fingerprint) || needed.isEmpty && name != Self.bundledName {
      throw CohortError(
        .pipelineModelExists, "The store has another model \"\(name)\"", place: known.path,
        hint: "Choose another name with --name: spaces may need the one that is there")
    }
    guard needed.isSubset(of: [fingerprint]) else {
      throw CohortError(
        .pipelineOtherModel,
        "This is another version of model \"\(name)\" than the store's spaces need; nothing was changed",
        place: path(of: name), cause: "its hash is \(fingerprint), not \(needed.sorted().joined(separator: " or "))",
        hint: "Take models/\(name) from a backup of the store, or put it back with the program that made the space")
    }
  }

  /// Gives a folder its name, whatever has it; killed in between, nothing has it.
  private func replace(_ path: String, by new: String) throws {
    // No model's name ends so.
    let old = new + "~"
    try? FileManager.default.removeItem(atPath: old)
    let isThere = FileManager.default.fileExists(atPath: path)
    if isThere { try FileManager.default.moveItem(atPath: path, toPath: old) }
    do {
      try FileManager.default.moveItem(atPath: new, toPath: path)
    } catch {
      if isThere { try? FileManager.default.moveItem(atPath: old, toPath: path) }
      throw error
    }
    try DurableFile.synchronize(folder)
    try? FileManager.default.removeItem(atPath: old)
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

  /// Names are folders' names.
  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 100 else { return false }
    func isPlain(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
    return isPlain(first) && name.utf8.allSatisfy { isPlain($0) || [0x2d, 0x2e, 0x5f].contains($0) }
  }
}
