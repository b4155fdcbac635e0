public import CohortPipeline
public import CohortStore

/// `model add`: copies a model into the store, or puts back one that is gone or damaged.
public struct ModelAddAction: RecordAction {
  /// Stands for the model that is part of the program.
  public static let bundled = "builtin"

  public static let name = "model add"
  public var access: ActionAccess { .writes }
  /// The model's folder, or `builtin`.
  public var folder: String
  /// What the store calls it; nil for the folder's name.
  public var model: String?

  public init(folder: String, model: String? = nil) {
    self.folder = folder
    self.model = model
  }

  /// Copies the model's files, durably, and gives it its name when all of them are there.
  /// - Throws: `pipeline.model-exists`, `pipeline.other-model`, what reading the model throws.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    let library = ModelLibrary(store)
    guard folder == Self.bundled else { return PlainReport(try library.add(folder: folder, name: model).record) }
    let added = try library.addBundled()
    let note =
      "The store's spaces go on with another version of the model than this program brings; nothing was changed."
    return PlainReport(added.record, notes: library.isBundled(added) ? [] : [note])
  }
}

/// `model list`: the models that lie in the store, by name.
public struct ModelListAction: ListAction {
  public static let name = "model list"
  public static let columns: [ReportColumn] = [
    "model", "dimension", "tokens", "bytes", "fingerprint", .hidden("path"),
  ]

  /// Lists every model that lies in the store.
  public init() {}

  public func run(on store: Store, _ control: JobControl, _ row: (ReportRecord) throws -> Void) throws {
    for model in try ModelLibrary(store).models() { try row(model.record) }
  }
}

/// `model info`: a model of the store, and the spaces that it makes vectors for.
public struct ModelInfoAction: RecordAction {
  public static let name = "model info"
  public var access: ActionAccess { .reads }
  /// The model's name in the store.
  public var model: String

  public init(model: String) { self.model = model }

  /// Reads the model's files and the store's spaces.
  /// - Throws: `pipeline.no-model`.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    var record = try ModelLibrary(store).model(named: model).record
    let spaces = try store.read { try $0.spaces() }.filter { $0.model == model }
    record.append("spaces", .list(spaces.map { .text($0.name) }))
    return PlainReport(record)
  }
}

extension ModelLibrary.Model {
  fileprivate var record: ReportRecord {
    [
      "model": .text(name), "dimension": .count(dimension), "tokens": .count(tokens), "bytes": .count(bytes),
      "fingerprint": .text(fingerprint), "path": .text(path),
    ]
  }
}
