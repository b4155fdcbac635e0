public import CohortCore

/// A layout of instruction data: where the parts of a sample are in a record. `Docs/formats.md` shows one record of each
/// known layout; users describe their own with the same words.
public struct Layout: Hashable, Sendable {
  /// What `--layout` and reports call it.
  public let name: String
  /// The shapes that it comes in, the usual one first.
  let shapes: [RecordShape]

  init(_ name: String, _ shapes: [RecordShape]) {
    self.name = name
    self.shapes = shapes.map { shape in
      var shape = shape
      shape.name = name
      return shape
    }
  }

  /// The top-level keys that its usual shape takes for parts of a sample, or for partners of them. What else a record has
  /// stays beside the texts.
  public var partKeys: [String] {
    guard let shape = shapes.first else { return [] }
    return shape.fields.filter { !$0.slot.staysAttribute && !$0.key.isEmpty }.map { field in
      field.key.split(separator: ".").first.map(String.init) ?? field.key
    }
  }

  /// The known layout of a name; nil when there is none.
  public static func named(_ name: String) -> Layout? { known.first { $0.name == name } }
}

extension IngestionOptions {
  /// Takes the value of `--layout`: `auto`, the name of a layout, or a text format (`csv`, `tsv`, `jsonl`) whose layout
  /// is then detected.
  /// - Parameter own: the user's layouts; they count before the known ones.
  /// - Throws: `ingestion.unknown-layout-name`.
  public mutating func setLayout(named name: String, own: [Layout] = []) throws(CohortError) {
    if name == "auto" { return }
    if let known = own.first(where: { $0.name == name }) ?? Layout.named(name) {
      layout = known
    } else if let known = TextFormat(rawValue: name) {
      format = known
    } else {
      let names = ["auto"] + (own + Layout.known).map(\.name) + TextFormat.allCases.map(\.rawValue)
      let near = Spelling.nearest(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
      throw .usage(
        .ingestionUnknownLayoutName, "there is no layout '\(name)'",
        hint: near + "Known are " + names.joined(separator: ", ")
      )
    }
  }
}
