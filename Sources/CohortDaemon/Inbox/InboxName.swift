/// Where a file lies in an inbox: directly in it, or in one of its folders.
struct InboxName: Hashable, Sendable, Comparable, CustomStringConvertible {
  let folder: String?
  let name: String

  init(folder: String? = nil, _ name: String) {
    self.folder = folder
    self.name = name
  }

  /// Relative to the inbox.
  var description: String { folder.map { "\($0)/\(name)" } ?? name }

  static func < (one: Self, other: Self) -> Bool {
    one.description.utf8.lexicographicallyPrecedes(other.description.utf8)
  }

  /// Hidden, or still being written: never looked at.
  static func isIgnored(_ name: String) -> Bool {
    let lower = name.lowercased()
    return name.hasPrefix(".") || name.hasSuffix("~") || [".part", ".tmp"].contains { lower.hasSuffix($0) }
  }

  /// Vectors wait for the records that they belong to.
  var isVectors: Bool { name.lowercased().hasSuffix(".npy") }

  /// Vectors for the records of this file, if there are any.
  var vectors: InboxName { InboxName(folder: folder, stem + ".npy") }

  /// The name without its data and compression extensions.
  var stem: String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    for known in [["gz", "gzip", "zst", "zstd"], ["jsonl", "ndjson", "json", "csv", "tsv", "tab", "txt", "npy"]] {
      if parts.count > 1, let last = parts.last, known.contains(last.lowercased()) { parts.removeLast() }
    }
    return parts.joined(separator: ".")
  }

  /// Whether the name says that this is data.
  var hasDataExtension: Bool { stem.utf8.count < name.utf8.count }

  /// The name of the n-th file that has this name: `a.jsonl`, `a.2.jsonl`, `a.3.jsonl`.
  /// A name that has no room for the number loses the end of its stem.
  func numbered(_ number: Int) -> String {
    guard number >= 2 else { return name }
    let ending = ".\(number)\(name.dropFirst(stem.count))"
    var kept = stem
    while kept.utf8.count + ending.utf8.count > Self.longest, !kept.isEmpty { kept.removeLast() }
    return kept + ending
  }

  /// What a name may have in bytes, on the file systems that there are.
  static let longest = 255
}
