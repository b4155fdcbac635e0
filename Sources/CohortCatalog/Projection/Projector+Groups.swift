internal import CohortClustering
internal import CohortCore
internal import CohortStore
internal import GRDB

/// Rounds of groupings and what they did to the groups.
extension Projector {
  func round(_ event: LogEvent.Round) throws {
    let grouping = event.grouping.rawValue
    let applied = (try cell(event.applied.sequence.rawValue), try cell(event.applied.offset))
    try run(
      """
      INSERT INTO rounds
        (sequence, grouping, time, applied_sequence, applied_offset, provisional, assigned, events, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        sequence, grouping, time, applied.0, applied.1, event.provisional ? 1 : 0, try cell(event.assigned),
        event.events.count, event.state.hexadecimal,
      ])
    var change = 0
    for (ordinal, bytes) in event.events.enumerated() {
      let groupEvent: GroupEvent
      do {
        groupEvent = try ByteReader.decode(bytes) { try GroupEvent(from: &$0) }
      } catch let error as CohortError where error.isFormat {
        throw CohortError.unreadable(item.entry.sequence, "Group event \(ordinal)", cause: error.description)
      }
      change += try apply(groupEvent, ordinal: ordinal, grouping: grouping)
    }
    if change != 0 {
      try run("UPDATE groupings SET open_groups = open_groups + ? WHERE id = ?", [change, grouping])
    }
    if !event.provisional {
      try run(
        "UPDATE groupings SET rounds = rounds + 1, applied_sequence = ?, applied_offset = ? WHERE id = ?",
        [applied.0, applied.1, grouping])
    }
  }

  /// - Returns: by how much the number of open groups changed.
  private func apply(_ event: GroupEvent, ordinal: Int, grouping: UInt32) throws -> Int {
    let parent = event.parent == .unassigned ? nil : event.parent.rawValue
    let child = event.child == .unassigned ? nil : event.child.rawValue
    try run(
      """
      INSERT INTO group_events (sequence, ordinal, grouping, kind, position, parent, child, members, gain)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        sequence, ordinal, grouping, event.kind.name, try cell(event.position), parent, child,
        try cell(event.count), event.gain.isNaN ? nil : event.gain,
      ])
    switch event.kind {
    case .born, .split:
      // A cell of a product that was folded away can come back.
      try run(
        """
        INSERT INTO lineage (grouping, group_id, born_sequence, parent) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET closed_sequence = NULL, heir = NULL, parent = excluded.parent
        WHERE closed_sequence IS NOT NULL
        """,
        [grouping, event.child.rawValue, sequence, parent])
      return database.changesCount
    case .merged, .closed:
      try run(
        """
        UPDATE lineage SET closed_sequence = ?, heir = ? WHERE grouping = ? AND group_id = ? AND closed_sequence IS NULL
        """, [sequence, parent, grouping, event.child.rawValue])
      return -database.changesCount
    case .republished, .refined, .guarded, .reclustered, .ruled: return 0
    }
  }
}
