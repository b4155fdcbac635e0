internal import CohortCore

/// Finds out which layout some rows follow, and says what it saw when none fits.
struct LayoutDetection {
  static let rowLimit = 200
  /// At least this share of the rows must fit, in percent.
  static let threshold = 95

  private let options: IngestionOptions
  private let path: String
  private var candidates: [(shape: RecordShape, matcher: ShapeMatcher, matches: Int)]
  private(set) var rows = 0
  private var keys: [String: Int] = [:]
  private var keyOrder: [String] = []

  /// - Parameter given: what `dataset_info.json` says; the options have priority.
  init(options: IngestionOptions, given: RecordShape?, path: String) {
    self.options = options
    self.path = path
    let shapes: [RecordShape]
    if let layout = options.layout {
      shapes = layout.shapes.map { shape in options.map.map { shape.replacing(with: $0) } ?? shape }
    } else if let map = options.map, let response = map.response {
      shapes = [RecordShape(map: map, response: response)]
    } else if let given {
      shapes = [options.map.map { given.replacing(with: $0) } ?? given]
    } else {
      shapes = Layout.detectionOrder.flatMap(\.shapes)
    }
    candidates = shapes.map { ($0, ShapeMatcher($0), 0) }
  }

  /// Whether the shape was chosen by the caller and not by the rows.
  private var isGiven: Bool { options.layout != nil || options.map?.response != nil || candidates.count == 1 }

  /// Counts one row, which is an object.
  mutating func add(_ object: Int, of tape: UnsafeTape) {
    rows += 1
    tape.forEachMember(of: object) { key, _ in
      let name = tape.string(key)
      if keys.count < 256 || keys[name] != nil {
        if keys[name] == nil { keyOrder.append(name) }
        keys[name, default: 0] += 1
      }
      return true
    }
    for index in candidates.indices where candidates[index].matcher.fits(object, of: tape) {
      candidates[index].matches += 1
    }
  }

  /// The shape of the rows.
  /// - Parameter isWhole: the rows counted are all there are.
  /// - Returns: nil when there was no row to judge by, which is only possible when `isWhole`.
  func result(isWhole: Bool) throws(CohortError) -> RecordShape? {
    if rows == 0 {
      if isGiven { return candidates.first?.shape }
      if isWhole { return nil }
      throw CohortError(
        .ingestionNoRecords, "none of the first records is a JSON object", place: path,
        hint: "If it is another format, convert it; known are JSONL, JSON arrays, CSV and TSV")
    }
    if isGiven { return try givenResult() }
    guard let found = candidates.first(where: { $0.matches * 100 >= rows * Self.threshold }) else {
      throw unknownLayout()
    }
    if found.shape.layout == .preference {
      throw .usage(
        .ingestionPreferenceData, "the records are preference pairs (chosen, rejected)", place: path,
        hint: "Use --layout preference to take the chosen response and keep the rejected one as an attribute")
    }
    return found.shape
  }

  private func givenResult() throws(CohortError) -> RecordShape {
    var best = candidates[0]
    for candidate in candidates where candidate.matches > best.matches { best = candidate }
    if best.matches > 0 { return best.shape }
    let missing = best.shape.fields.filter {
      $0.isRequired && keys[Self.topLevel($0.key)] == nil && keys[$0.key] == nil
    }
    let meant = missing.compactMap { field in
      Spelling.nearest(to: field.key, among: keyOrder).map { "Did you mean '\($0)' for '\(field.key)'? " }
    }
    let detail =
      missing.isEmpty
      ? "the fields are there, but not of the right type"
      : "missing: " + missing.map(\.key).joined(separator: ", ")
    throw CohortError(
      .ingestionLayoutMismatch, "none of the first \(rows) records fits the layout '\(best.shape.name)'", place: path,
      cause: detail, hint: meant.joined() + keysSeen)
  }

  private func unknownLayout() -> CohortError {
    let best = candidates.max { $0.matches < $1.matches }.flatMap { $0.matches > 0 ? $0 : nil }
    let cause = best.map { "the nearest is '\($0.shape.name)', which fits \($0.matches) of them" }
    return CohortError(
      .ingestionUnknownLayout, "no layout fits \(Self.threshold) % of the first \(rows) records", place: path,
      cause: cause,
      hint: didYouMean + keysSeen
        + ". Say which fields hold the texts: --map prompt=KEY,response=KEY (dotted paths reach into objects)")
  }

  /// Misspelt keys of known layouts.
  private var didYouMean: String {
    let known = Set(candidates.flatMap { $0.shape.fields.filter(\.isRequired).map(\.key) })
    let unknown = keyOrder.filter { !known.contains($0) && $0.utf8.count > 3 }
    let meant = unknown.compactMap { key in
      Spelling.nearest(to: key, among: known.sorted()).map { "'\($0)' for '\(key)'" }
    }
    return meant.isEmpty ? "" : "Did you mean " + meant.joined(separator: ", ") + "? "
  }

  private var keysSeen: String {
    let shown = keyOrder.prefix(20).map { key in
      let short = key.count > 40 ? key.prefix(40) + "…" : key[...]
      return "\(short) (\(keys[key] ?? 0))"
    }
    return "Keys seen: " + shown.joined(separator: ", ") + (keyOrder.count > 20 ? ", …" : "")
  }

  private static func topLevel(_ key: String) -> String {
    key.split(separator: ".").first.map(String.init) ?? key
  }
}

/// The fields of a shape, ready to be looked for in many rows.
private struct ShapeMatcher {
  private let fields: [(key: [UInt8], path: [[UInt8]], kinds: RecordShape.Kinds, isRequired: Bool)]
  private let roleKey: [UInt8]

  init(_ shape: RecordShape) {
    fields = shape.fields.map { field in
      let isPath = field.key.utf8.contains(UInt8(ascii: "."))
      let path = isPath ? field.key.split(separator: ".").map { Array($0.utf8) } : []
      return (Array(field.key.utf8), path, field.kinds, field.isRequired)
    }
    roleKey = Array(shape.dialect.roleKey.utf8)
  }

  /// Whether an object has the fields of the shape with the right types.
  func fits(_ object: Int, of tape: UnsafeTape) -> Bool {
    fields.allSatisfy { field in
      let value =
        tape.member(field.key, of: object) ?? (field.path.isEmpty ? nil : tape.value(at: field.path, of: object))
      guard let value else { return !field.isRequired }
      return accepts(value, field.kinds, of: tape)
    }
  }

  private func accepts(_ value: Int, _ kinds: RecordShape.Kinds, of tape: UnsafeTape) -> Bool {
    if kinds.contains(.any) { return true }
    switch tape.kind(value) {
    case .string: return kinds.contains(.string)
    case .null: return kinds.contains(.null)
    case .array:
      if kinds.contains(.list) { return true }
      guard let first = tape.firstElement(of: value) else { return !kinds.isDisjoint(with: [.messages, .strings]) }
      switch tape.kind(first) {
      case .string: return kinds.contains(.strings)
      case .object: return kinds.contains(.messages) && tape.member(roleKey, of: first) != nil
      default: return false
      }
    default: return false
    }
  }
}
