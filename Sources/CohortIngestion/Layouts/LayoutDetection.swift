internal import CohortCore

/// Finds out which layout some rows follow, and says what it saw when none fits.
///
/// Each shape that is known is tried on each row. A shape that fits a row explains some of its fields; texts that might as
/// well be a prompt or a response and are left over count against it. The shape that explains most of all rows wins.
struct LayoutDetection {
  static let rowLimit = 200
  /// At least this share of the rows must fit, in percent.
  static let threshold = 50

  /// A shape, and how it does.
  struct Candidate {
    let shape: RecordShape
    let fields: [TriedField]
    let turns: TurnKeys
    var matches = 0
    var score = 0

    init(_ shape: RecordShape, _ turns: TurnKeys) {
      self.shape = shape
      fields = shape.fields.map { TriedField($0) }
      self.turns = turns
    }
  }

  let options: IngestionOptions
  let path: String
  private(set) var candidates: [Candidate]
  /// Whether the shape was chosen by the caller and not by the rows.
  let isGiven: Bool
  private(set) var rows = 0
  /// Rows by their keys, and the keys in the order of their first appearance.
  private(set) var keys: [String: Int] = [:]
  private(set) var keyOrder: [String] = []
  private(set) var evidence = DetectionEvidence()

  /// - Parameter given: what `dataset_info.json` says; the options have priority.
  init(options: IngestionOptions, given: RecordShape?, path: String) {
    self.options = options
    self.path = path
    func corrected(_ shape: RecordShape) -> RecordShape { options.map.map { shape.replacing(with: $0) } ?? shape }
    let words = { (shape: RecordShape) -> TurnKeys in
      shape.words == TurnWords() ? Self.usualTurns : TurnKeys(shape.words)
    }
    if let layout = options.layout {
      candidates = layout.shapes.map { Candidate(corrected($0), words($0)) }
      isGiven = true
    } else if let map = options.map, map.standsAlone {
      candidates = [Candidate(RecordShape(map: map), Self.usualTurns)]
      isGiven = true
    } else if let given {
      candidates = [Candidate(corrected(given), words(given))]
      isGiven = true
    } else {
      let own = options.ownLayouts.flatMap(\.shapes).map { Candidate(corrected($0), words($0)) }
      candidates =
        own
        + (options.map == nil
          ? Self.known : Self.known.map { Candidate(corrected($0.shape), Self.usualTurns) })
      isGiven = false
    }
  }

  private static let usualTurns = TurnKeys()
  private static let known = Layout.known.flatMap(\.shapes).map { Candidate($0, usualTurns) }
  /// Keys of texts that could be a response or a prompt.
  private static let textKeys = Set(
    known.flatMap(\.fields).filter { [.prompt, .response].contains($0.slot) && $0.kinds.contains(.string) }
      .map(\.folded))
  static let responseKeys = Set(
    known.filter { $0.shape.body == .pair }.flatMap(\.fields).filter { $0.slot == .response }.map(\.folded))

  /// Counts one row.
  mutating func add(_ record: Int, of tape: UnsafeTape) {
    let row = RowKeys(record, of: tape)
    // A list is a record only if it may be one of turns.
    let first = tape.kind(record) == .array ? tape.firstElement(of: record) : nil
    guard row.isRecord || first.map({ [.object, .string].contains(tape.kind($0)) }) == true else { return }
    rows += 1
    if row.isRecord {
      tape.forEachMember(of: record) { key, _ in
        let name = tape.string(key)
        if keys.count < 256 || keys[name] != nil {
          if keys[name] == nil { keyOrder.append(name) }
          keys[name, default: 0] += 1
        }
        return true
      }
    }
    var texts = 0
    for name in row.names where Self.textKeys.contains(KeyFolding.folded(name)) { texts += 1 }
    for index in candidates.indices {
      guard let explained = explained(row, by: candidates[index], texts: texts, tape) else { continue }
      candidates[index].matches += 1
      candidates[index].score += max(1, explained)
    }
    evidence.add(row, record, of: tape, Self.usualTurns)
  }

  /// How much of a row a shape explains; nil when it does not fit.
  private func explained(_ row: RowKeys, by candidate: Candidate, texts: Int, _ tape: UnsafeTape) -> Int? {
    var explained = 0
    var leftOver = texts
    var filled: UInt32 = 0
    for field in candidate.fields {
      guard let value = row.value(field), field.kinds.accepts(value, of: tape, candidate.turns) else {
        if field.isRequired { return nil }
        continue
      }
      // Of several keys for one part the first counts.
      if !field.isRequired, field.slot != .ignored, filled & field.slot.bit != 0 { continue }
      filled |= field.slot.bit
      if field.path == nil, Self.textKeys.contains(field.folded) { leftOver -= 1 }
      if tape.kind(value) != .null { explained += field.weight }
    }
    if candidate.shape.body == .tree, !holdsReplies(row, candidate, tape) { return nil }
    return explained - max(0, leftOver)
  }

  private func holdsReplies(_ row: RowKeys, _ candidate: Candidate, _ tape: UnsafeTape) -> Bool {
    guard let field = candidate.fields.first, let root = row.value(field) else { return false }
    return tape.member(Array("replies".utf8), of: root) != nil
  }

  /// What the rows are read as, and what the user should know about the choice.
  struct Choice {
    var shape: RecordShape
    var notes: [String] = []
  }

  /// The shape of the rows.
  /// - Parameter isWhole: the rows counted are all there are.
  /// - Returns: nil when there was no row to judge by, which is only possible when `isWhole`.
  /// - Throws: `ingestion.unknown-layout`, `ingestion.ambiguous-layout`, `ingestion.layout-mismatch`,
  ///   `ingestion.no-records`.
  func result(isWhole: Bool) throws(CohortError) -> Choice? {
    if rows == 0 {
      if isGiven { return candidates.first.map { Choice(shape: $0.shape) } }
      if isWhole { return nil }
      throw CohortError(
        .ingestionNoRecords, "none of the first records is a JSON object", place: path,
        hint: "If it is another format, convert it; known are JSONL, JSON arrays, CSV and TSV")
    }
    if isGiven { return Choice(shape: try givenResult()) }
    // The first of those that explain most, and of these the one with the highest rank.
    var best: Candidate?
    for candidate in candidates where candidate.matches > 0 {
      guard let known = best else {
        best = candidate
        continue
      }
      if (candidate.score, candidate.shape.rank) > (known.score, known.shape.rank) { best = candidate }
    }
    guard let best, best.matches * 100 >= rows * Self.threshold else { throw unknownLayout(best) }
    if let other = candidates.first(where: { $0.isEqual(to: best) }) { throw ambiguous(best, other) }
    return Choice(shape: best.shape, notes: notes(on: best))
  }

  private func givenResult() throws(CohortError) -> RecordShape {
    var best = candidates[0]
    for candidate in candidates where candidate.score > best.score { best = candidate }
    if best.matches > 0 { return best.shape }
    throw mismatch(best)
  }
}

extension LayoutDetection.Candidate {
  /// Whether another shape explains as much, and takes another text for the response or the prompt.
  fileprivate func isEqual(to best: Self) -> Bool {
    func key(_ shape: RecordShape, _ slot: FieldSlot) -> String? { shape.field(in: slot)?.key }
    return score == best.score && matches == best.matches && shape.rank == best.shape.rank
      && shape.body == .pair && best.shape.body == .pair
      && (key(shape, .response) != key(best.shape, .response) || key(shape, .prompt) != key(best.shape, .prompt))
  }
}
