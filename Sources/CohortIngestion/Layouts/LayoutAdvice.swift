internal import CohortCore

/// What was seen in the first rows besides how the known shapes do: what advice is made from.
struct DetectionEvidence {
  /// Keys by the number of rows in which they hold a list of turns, and those in which they hold a text, with the bytes.
  private(set) var turns: [String: Int] = [:]
  private(set) var texts: [String: (rows: Int, bytes: Int)] = [:]
  /// Keys with sounds, or with names of sound files.
  private(set) var sounds: Set<String> = []

  mutating func add(_ row: RowKeys, _ record: Int, of tape: UnsafeTape, _ words: TurnKeys) {
    guard row.isRecord else { return }
    tape.forEachMember(of: record) { key, value in
      let name = tape.string(key)
      switch tape.kind(value) {
      case .string:
        let known = texts[name] ?? (0, 0)
        if texts.count < 256 { texts[name] = (known.rows + 1, known.bytes + tape.text(value).count) }
        if Transcript.holdsTurns(tape.text(value)) { turns[name, default: 0] += 1 }
      // Lists of strings may be anything.
      case .array
      where RecordShape.Kinds([.roleTurns, .fromTurns, .pairs]).accepts(value, of: tape, words)
        && !tape.isEmptyContainer(value):
        turns[name, default: 0] += 1
      case .object:
        // One level down: a list of turns, or the description of a sound.
        tape.forEachMember(of: value) { inner, deep in
          if tape.kind(deep) == .array, !tape.isEmptyContainer(deep),
            RecordShape.Kinds([.roleTurns, .fromTurns]).accepts(deep, of: tape, words)
          {
            turns["\(name).\(tape.string(inner))", default: 0] += 1
          }
          return true
        }
      default: break
      }
      if ["audio", "speech", "wav", "sound"].contains(KeyFolding.folded(name)) { sounds.insert(name) }
      return true
    }
  }
}

extension LayoutDetection {
  /// What the user should know about a choice: a text that was left over and could as well be the response.
  func notes(on best: Candidate) -> [String] {
    var notes: [String] = []
    if best.shape.body == .preference {
      let rejected = best.shape.field(in: .rejected)?.key ?? "rejected"
      notes.append("preference pairs: the chosen response is read, '\(rejected)' is kept as an attribute")
    }
    if best.shape.name == Layout.kto.name {
      let label = best.shape.field(in: .label)?.key ?? "label"
      notes.append("responses with '\(label)': false are kept with weight 0: they never count as good ones")
    }
    guard best.shape.body == .pair, let taken = best.shape.field(in: .response)?.key else { return notes }
    let own = Set(best.fields.map(\.folded))
    let left = keyOrder.filter { key in
      let folded = KeyFolding.folded(key)
      return Self.responseKeys.contains(folded) && folded != "text" && !own.contains(folded)
        && (evidence.texts[key]?.rows ?? 0) * 2 >= rows
    }
    for key in left {
      notes.append(
        "the response is '\(taken)'; '\(key)' is left over as an attribute "
          + "(--layout \(best.shape.name) --map response=\(key) takes it instead)")
    }
    return notes
  }

  /// Two shapes explain the rows equally well.
  func ambiguous(_ best: Candidate, _ other: Candidate) -> CohortError {
    func flags(_ candidate: Candidate) -> String {
      let prompt = candidate.shape.field(in: .prompt)?.key ?? ""
      return "--layout pair --map prompt=\(prompt),response=\(candidate.shape.field(in: .response)?.key ?? "")"
    }
    return CohortError(
      .ingestionAmbiguousLayout, "the records can be read in two ways, and neither explains more", place: path,
      cause: keysSeen, hint: "Choose one: \(flags(best)) or \(flags(other))")
  }

  /// A layout that was asked for fits no row.
  func mismatch(_ best: Candidate) -> CohortError {
    let missing = best.shape.fields.filter { field in
      field.isRequired && keys[field.key.split(separator: ".").first.map(String.init) ?? field.key] == nil
        && keys[field.key] == nil
    }
    let meant = missing.compactMap { field in
      Spelling.nearest(to: field.key, among: keyOrder).map { "Did you mean '\($0)' for '\(field.key)'? " }
    }
    let detail =
      missing.isEmpty
      ? "the fields are there, but not of the right type" : "missing: " + missing.map(\.key).joined(separator: ", ")
    return CohortError(
      .ingestionLayoutMismatch, "none of the first \(rows) records fits the layout '\(best.shape.name)'", place: path,
      cause: detail, hint: meant.joined() + keysSeen)
  }

  /// No shape fits most of the rows.
  func unknownLayout(_ best: Candidate?) -> CohortError {
    if let sound = evidence.sounds.min(), guesses.isEmpty {
      return CohortError(
        .ingestionUnknownLayout, "the records hold sound ('\(sound)') and no text to train on", place: path,
        hint: "Cohort keeps texts. Transcribe the sound, and name the field: --map prompt=KEY,response=KEY")
    }
    let fits = best.map { "the nearest layout is '\($0.shape.name)', which fits \($0.matches) of them" }
    let advice =
      guesses.isEmpty
      ? "Say which fields hold the texts: --map prompt=KEY,response=KEY, or --map messages=KEY for a list of turns"
      : "Say which fields hold the texts, perhaps " + guesses.joined(separator: " or ")
    return CohortError(
      .ingestionUnknownLayout, "no known layout fits half of the first \(rows) records", place: path,
      cause: fits, hint: didYouMean + advice + " (dotted paths reach into objects). " + keysSeen)
  }

  /// At most two guesses, as the flags to write.
  private var guesses: [String] {
    let turns = evidence.turns.filter { $0.value * 2 >= rows && !Self.looksWrong($0.key) }.keys.sorted()
    if !turns.isEmpty { return turns.prefix(2).map { "--map messages=\($0)" } }
    // Identifiers and dates are short and alike; texts are what is long.
    let texts = keyOrder.filter { key in
      guard let known = evidence.texts[key] else { return false }
      return known.rows * 2 >= rows && !Self.looksLikeAnID(key) && !Self.looksWrong(key)
    }
    let long = texts.sorted { (evidence.texts[$0]?.bytes ?? 0) > (evidence.texts[$1]?.bytes ?? 0) }.prefix(2)
    let ordered = texts.filter { long.contains($0) }
    switch ordered.count {
    case 2:
      return [(0, 1), (1, 0)].map { "--map prompt=\(ordered[$0.0]),response=\(ordered[$0.1])" }
    case 1: return ["--map response=\(ordered[0])"]
    default: return []
    }
  }

  /// Whether a key names what nobody should train on.
  private static func looksWrong(_ key: String) -> Bool {
    let folded = KeyFolding.folded(key)
    return ["reject", "non_preferred", "incorrect", "wrong", "distractor", "negative", "bad_"].contains {
      folded.contains($0)
    }
  }

  private static func looksLikeAnID(_ key: String) -> Bool {
    let folded = KeyFolding.folded(key)
    return ["id", "uuid", "hash", "url", "date", "timestamp", "lang", "language", "source", "split"].contains(folded)
      || folded.hasSuffix("_id") || folded.hasSuffix("_hash")
  }

  /// Misspelt keys of known layouts.
  private var didYouMean: String {
    let known = Set(candidates.flatMap { $0.shape.fields.filter(\.isRequired).map(\.key) })
    // What differs in case only, in an ending or a number is no slip of the keys.
    let folded = Set(candidates.flatMap { $0.fields.map(\.folded) })
    let unknown = keyOrder.filter { key in
      let name = KeyFolding.folded(key)
      return name.utf8.count > 3 && !folded.contains(name) && !folded.contains(name + "s")
        && !(name.utf8.last.map { (0x30...0x39).contains($0) } ?? false)
    }
    let meant = unknown.compactMap { key in
      Spelling.nearest(to: key, among: known.sorted()).map { "'\($0)' for '\(key)'" }
    }
    return meant.isEmpty ? "" : "Did you mean " + meant.joined(separator: ", ") + "? "
  }

  private var keysSeen: String {
    if keyOrder.isEmpty { return "The records are lists" }
    let shown = keyOrder.prefix(20).map { key in
      let short = key.count > 40 ? key.prefix(40) + "…" : key[...]
      return "\(short) (\(keys[key] ?? 0))"
    }
    return "Keys seen: " + shown.joined(separator: ", ") + (keyOrder.count > 20 ? ", …" : "")
  }
}
