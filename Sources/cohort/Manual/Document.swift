import CDocuments

/// A page of Docs, as it is part of the program.
struct Document {
  /// As `cohort man` takes it: `catalog`.
  let name: String
  /// In Markdown.
  let text: String

  /// All pages, in the order of their names.
  static let all: [Document] = (0..<cohort_document_count).map { index in
    let found = cohort_documents[index]
    return Document(
      name: String(cString: found.name),
      text: String(decoding: UnsafeBufferPointer(start: found.bytes, count: found.size), as: UTF8.self))
  }

  /// The page of a name, with or without its folder and its ending: `catalog`, `catalog.md`, `Docs/catalog.md`.
  static func named(_ name: String) -> Document? {
    var name = name[...]
    if name.hasPrefix("Docs/") { name = name.dropFirst("Docs/".count) }
    if name.hasSuffix(".md") { name = name.dropLast(".md".count) }
    return all.first { $0.name == name }
  }

  /// Its first heading.
  var title: String {
    String(text.split(separator: "\n").first { $0.hasPrefix("# ") }?.dropFirst(2) ?? name[...])
  }
}
