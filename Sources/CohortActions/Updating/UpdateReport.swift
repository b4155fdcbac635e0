public import CohortCore
public import CohortPipeline

/// A part of a store that can be in trouble without the others.
public struct UpdatePart: Hashable, Sendable {
  /// What can be in trouble alone: an encoder, a tokenizer or a grouping's own state.
  public enum Kind: String, Sendable {
    /// An embedding space, a length measure or a grouping.
    case space, measure, grouping
    /// A map; its samples wait until the next update.
    case map
  }

  /// Together with `name`, this tells parts apart.
  public var kind: Kind
  /// The name that the part has in the store.
  public var name: String

  public init(kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }
}

/// Something that an update did, or could not do.
public enum UpdateEvent: Sendable {
  /// What was pending in a space is embedded; not reported when nothing was.
  case embedded(EmbedReport, seconds: Double)
  /// What was pending by a measure is measured; not reported when nothing was.
  case measured(MeasureReport, seconds: Double)
  /// A grouping is at the end of its feed; `digest` is that of its engine's state.
  case grouped(GroupingUpdate, digest: UInt64, seconds: Double)
  /// A part could not be brought up to date; the others go on.
  case trouble(UpdatePart, CohortError)
}

/// What bringing a store up to date did.
public struct UpdateReport: Sendable {
  /// A part that could not be brought up to date, and why.
  public struct Trouble: Sendable {
    /// What is in trouble.
    public var part: UpdatePart
    /// Why; the others went on all the same.
    public var error: CohortError
  }

  /// One report for each space in which something was pending.
  public internal(set) var embedded: [EmbedReport] = []
  /// One report for each measure by which something was pending.
  public internal(set) var measured: [MeasureReport] = []
  /// One report for each grouping that was brought up to date, changed or not.
  public internal(set) var groupings: [GroupingUpdate] = []
  /// One report for each map of these groupings, changed or not.
  public internal(set) var maps: [MapReport] = []
  /// Parts that could not be brought up to date, in the order in which they were tried.
  public internal(set) var troubles: [Trouble] = []
  /// Groupings that wait for a space or a measure in trouble.
  public internal(set) var waiting: [String] = []

  /// Whether an encoder refused texts.
  public var hasRefusals: Bool { embedded.contains { $0.refused > 0 } }

  /// Sentences about texts that were refused.
  public var notes: [String] {
    embedded.filter { $0.refused > 0 }.map {
      "\($0.refused) samples got no vector in space \"\($0.space)\": 'cohort space show \($0.space)' shows why"
    }
  }

  /// The first trouble, with all that it and others left undone; nil when there was none.
  public var failure: CohortError? {
    guard var error = troubles.first?.error else { return nil }
    func names(_ kind: UpdatePart.Kind) -> [String] { troubles.filter { $0.part.kind == kind }.map(\.part.name) }
    // What only a grouping is to blame for names it already.
    if troubles.allSatisfy({ $0.part.kind == .grouping }) { return error }
    let parts = [
      ("embedding spaces", names(.space)), ("length measures", names(.measure)),
      ("groupings", waiting + names(.grouping).filter { !waiting.contains($0) }),
      ("maps", names(.map)),
    ].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
    error.message += ". Not up to date: \(parts.joined(separator: "; ")). The rest is done"
    return error
  }
}

extension UpdateReport: RecordReport {
  public var record: ReportRecord {
    var record: ReportRecord = ["spaces": .list(embedded.map { .record($0.record) })]
    appendParts(to: &record)
    return record
  }

  public var isPartial: Bool { hasRefusals }

  /// What was measured, and what could not be brought up to date.
  func appendParts(to record: inout ReportRecord) {
    record.append(
      "measured",
      .list(measured.map { .record(["measure": .text($0.measure), "measured": .count($0.measured)]) }))
    record.append(
      "troubles",
      .list(
        troubles.map { trouble in
          .record([
            "kind": .text(trouble.part.kind.rawValue), "name": .text(trouble.part.name),
            "code": .text(trouble.error.code.name), "message": .text(trouble.error.message),
          ])
        }))
    record.append("waiting", .list(waiting.map { .text($0) }))
    if !maps.isEmpty { record.append("maps", .list(maps.map { .record($0.record) })) }
  }
}
