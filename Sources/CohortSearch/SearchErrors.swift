package import CohortCore

extension ErrorCode {
  /// The index shows too little of the store to answer by it.
  package static let searchBehind = ErrorCode(.search, "behind", .temporary)
  /// Another process writes the index at the moment.
  package static let searchBusy = ErrorCode(.search, "busy", .temporary)
  /// The index and the samples do not fit together, or SQLite found it damaged.
  package static let searchDamaged = ErrorCode(.search, "damaged", .corruption)
  package static let searchDiskFull = ErrorCode(.search, "disk-full", .temporary)
  package static let searchFailed = ErrorCode(.search, "failed", .failure)
  /// The SQLite that would read the index has no FTS5.
  package static let searchNoEngine = ErrorCode(.search, "no-fts5", .failure)
  package static let searchNotWritable = ErrorCode(.search, "not-writable", .failure)
  package static let searchTooLong = ErrorCode(.search, "too-long", .usage)
}

extension SearchQuery {
  /// Reads a query that somebody typed.
  /// - Throws: `search.too-long` for one of more than 4,096 bytes; there are no others that cannot be read.
  package init(checking text: String) throws {
    guard text.utf8.count <= Self.mostBytes else {
      throw CohortError(
        .searchTooLong, "The query is longer than \(Self.mostBytes) bytes", cause: "it has \(text.utf8.count)",
        hint: "Search for some words of it; cohort sample near --text finds what is like a whole text")
    }
    self.init(text)
  }
}
