/// Where things lie in the folder of a store.
public struct StoreLayout: Hashable, Sendable {
  /// The store's folder.
  public let folder: String

  public init(_ folder: String) { self.folder = folder }

  /// The LMDB environment: all that the store holds.
  public var data: String { "\(folder)/\(Self.dataName)" }
  /// Who may write.
  public var owner: String { "\(folder)/\(Self.ownerName)" }
  /// Where the process that owns the store has its sockets.
  public var run: String { "\(folder)/\(Self.runName)" }
  /// Where it lends turns to write.
  public var ownerSocket: String { "\(run)/owner.sock" }
  /// Where it answers HTTP.
  public var httpSocket: String { "\(run)/http.sock" }
  /// Who may write the catalog's file.
  public var catalogLock: String { "\(folder)/catalog.lock" }
  /// The projection of the log for SQL.
  public var catalog: String { "\(folder)/catalog.sqlite" }
  /// The full-text index of the samples.
  public var search: String { "\(folder)/search.sqlite" }
  /// Who may write its file.
  public var searchLock: String { "\(folder)/search.lock" }
  /// The settings that hold for this store, in TOML.
  public var configuration: String { "\(folder)/cohort.toml" }
  /// Where the daemon takes files from, unless it is told otherwise.
  public var inbox: String { "\(folder)/inbox" }
  /// The models that make vectors, a folder each.
  public var models: String { "\(folder)/models" }
  /// The tokenizer of the store's own length measure.
  public var tokenizer: String { "\(folder)/tokenizer.json" }
  /// Those of further length measures, by their hashes.
  public var tokenizers: String { "\(folder)/tokenizers" }

  /// Name of the data file in the store's folder.
  public static let dataName = "data.mdb"

  /// Name of the file whose lock is the right to write.
  public static let ownerName = "owner.lock"

  /// Name of the folder with sockets.
  public static let runName = "run"

  /// What may be in a folder before a store is made in it.
  public static let firstNames: Set<String> = [dataName, "lock.mdb", ownerName, "cohort.toml", "inbox", runName]

  /// What a store has beside its data and cannot do without.
  public static let companionNames = ["models", "tokenizers", "tokenizer.json"]

  /// What a creation that was cut short may have left beside the data: those, and the draft of one.
  public static let leftNames = companionNames + ["tokenizer.json" + DurableFile.draftSuffix]
}
