internal import GRDB

/// What the tables of a catalog must have in common. A page as it was some time ago has a right checksum and may hold a whole
/// table, but what other pages count has gone on since.
enum CatalogTotals {
  /// Numbers that are equal in every catalog that has applied whole entries of the log.
  private static let equal: [(String, String)] =
    [
      // What samples came, by batch, by source and in all.
      (
        "SELECT count(*) FROM (SELECT source FROM ingests GROUP BY source)",
        "SELECT count(*) FROM sources"
      ),
      ("SELECT coalesce(sum(inserted), 0) FROM sources", "SELECT coalesce(sum(samples), 0) FROM store"),
      ("SELECT coalesce(sum(inserted), 0) FROM sources", "SELECT coalesce(sum(inserted), 0) FROM tasks"),
      ("SELECT coalesce(sum(deleted), 0) FROM sources", "SELECT coalesce(sum(deleted), 0) FROM store"),
      ("SELECT coalesce(sum(deleted), 0) FROM sources", "SELECT coalesce(sum(deleted), 0) FROM tasks"),
      ("SELECT coalesce(sum(deleted), 0) FROM sources", "SELECT coalesce(sum(samples), 0) FROM deleted_samples"),
      ("SELECT coalesce(sum(deleted), 0) FROM sources", "SELECT coalesce(sum(samples), 0) FROM deletions"),
      // Groups.
      ("SELECT coalesce(sum(events), 0) FROM rounds", "SELECT count(*) FROM group_events"),
      ("SELECT count(*) FROM rounds WHERE provisional = 0", "SELECT coalesce(sum(rounds), 0) FROM groupings"),
      (
        "SELECT count(*) FROM lineage WHERE closed_sequence IS NULL",
        "SELECT coalesce(sum(open_groups), 0) FROM groupings"
      ),
      // Vectors, lengths and checkpoints.
      (
        "SELECT coalesce(sum(json_extract(summary, '$.vectors')), 0) FROM log WHERE kind = 'embed'",
        "SELECT coalesce(sum(vectors), 0) FROM spaces"
      ),
      (
        "SELECT coalesce(sum(json_extract(summary, '$.without')), 0) FROM log WHERE kind = 'embed'",
        "SELECT coalesce(sum(without), 0) FROM spaces"
      ),
      (
        "SELECT coalesce(sum(json_extract(summary, '$.samples')), 0) FROM log WHERE kind = 'measured'",
        "SELECT coalesce(sum(samples), 0) FROM length_measures"
      ),
      (
        "SELECT count(*) FROM checkpoints c JOIN runs r ON r.name = c.run AND r.created_sequence < c.sequence",
        "SELECT coalesce(sum(checkpoints), 0) FROM runs"
      ),
    ]
    + ["inserted", "duplicates", "quarantined"].map {
      ("SELECT coalesce(sum(\($0)), 0) FROM ingests", "SELECT coalesce(sum(\($0)), 0) FROM sources")
    }
    // An entry of the log makes a row, another one marks it.
    + [
      ("ingest", "ingests"), ("delete", "deletions"), ("grouping-created", "groupings"), ("round", "rounds"),
      ("snapshot-created", "snapshots"), ("plan-created", "plans"), ("selection-created", "selections"),
      ("space-created", "spaces"), ("length-created", "length_measures"), ("run-created", "runs"),
      ("checkpoint", "checkpoints"), ("dictionary-trained", "dictionaries"),
    ].map { ("SELECT count(*) FROM log WHERE kind = '\($0)'", "SELECT count(*) FROM \($1)") }
    + [
      ("grouping-dropped", "groupings"), ("snapshot-dropped", "snapshots"), ("plan-dropped", "plans"),
      ("selection-dropped", "selections"), ("space-dropped", "spaces"), ("length-dropped", "length_measures"),
    ].map {
      ("SELECT count(*) FROM log WHERE kind = '\($0)'", "SELECT count(*) FROM \($1) WHERE dropped_sequence IS NOT NULL")
    }

  /// - Returns: what does not fit together; nil where all does, and where there are no such tables, which others find out.
  /// - Complexity: O(rows).
  static func contradiction(_ database: Database) -> String? {
    for (one, other) in equal {
      guard let isEqual = try? Bool.fetchOne(database, sql: "SELECT (\(one)) = (\(other))") else { return nil }
      if !isEqual { return "what tables count differs: \(one); \(other)" }
    }
    return nil
  }
}
