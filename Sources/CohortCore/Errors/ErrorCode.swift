/// What went wrong, as programs tell it apart: `store.newer-format`. Two codes are equal when their names are.
///
/// Each module lists its own as constants (`ErrorCode.storeNewerFormat`); code compares these, never text. A name that was
/// released keeps its meaning.
public struct ErrorCode: Hashable, Sendable, CustomStringConvertible {
  /// The part of the program that found the failure: the first word of a code's name.
  public enum Module: String, Sendable {
    /// Libraries, each named as in `CohortStore`; providers of vectors use `embedding`, too.
    case core, system, lmdb, store, reading, planning, clustering, selection, ingestion, embedding, search, tables,
      catalog, trainer
    /// Pictures of what the store holds.
    case drawing
    /// The jobs that join libraries, and the programs.
    case pipeline, server, cli, daemon
    /// The library for other languages.
    case library
  }

  /// Who found the failure; two modules may use the same reason for different things.
  public let module: Module
  /// The rest of the name: small letters and hyphens.
  public let reason: String
  /// The category of errors with this code, unless one of them says otherwise.
  public let category: ErrorCategory
  /// What the user can do, unless the error knows better.
  public let hint: String?

  public init(_ module: Module, _ reason: String, _ category: ErrorCategory, hint: String? = nil) {
    self.module = module
    self.reason = reason
    self.category = category
    self.hint = hint
  }

  /// `module.reason`: what users and programs see.
  public var name: String { "\(module.rawValue).\(reason)" }
  public var description: String { name }

  public static func == (one: Self, other: Self) -> Bool { one.module == other.module && one.reason == other.reason }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(module)
    hasher.combine(reason)
  }
}
