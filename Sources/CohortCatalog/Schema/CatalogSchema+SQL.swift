/// The catalog's tables; `Schemas/catalog.sql` holds the same text.
extension CatalogSchema {
  static let sql = """
    -- The catalog: a projection of the store's log into SQLite (catalog.sqlite). Nothing here is the truth: the file can be
    -- deleted at any time and comes back with the same content. Docs/catalog.md says how it is kept in step.
    --
    -- Times are milliseconds since 1970, UTC. Digests are 32 hexadecimal digits. Sequences are numbers of log entries.
    -- Summary, definition and report are JSON. NUL characters in names show as U+2400.

    -- How far the log is applied. One row.
    CREATE TABLE catalog_state (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      store_id TEXT NOT NULL,
      applied_sequence INTEGER NOT NULL,
      applied_mark TEXT NOT NULL -- digest of the entry applied last: tells two histories of one store apart
    ) STRICT;

    -- The store's configuration and totals. One row.
    CREATE TABLE store (
      id TEXT PRIMARY KEY,
      created INTEGER NOT NULL,
      length_unit TEXT NOT NULL,
      length_field TEXT,
      dedupe TEXT NOT NULL,
      samples INTEGER NOT NULL DEFAULT 0, -- ever inserted
      deleted INTEGER NOT NULL DEFAULT 0,
      duplicates INTEGER NOT NULL DEFAULT 0,
      quarantined INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- Every entry of the log.
    CREATE TABLE log (
      sequence INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      summary TEXT NOT NULL
    ) STRICT;

    CREATE TABLE sources (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      origin TEXT NOT NULL, -- the path or address it was first read from
      licence TEXT, -- what was told of it last; NULL when nothing was
      owner TEXT,
      first_sequence INTEGER NOT NULL,
      last_sequence INTEGER NOT NULL,
      inserted INTEGER NOT NULL DEFAULT 0,
      duplicates INTEGER NOT NULL DEFAULT 0,
      quarantined INTEGER NOT NULL DEFAULT 0,
      deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- Task 0, without a name, stands for the samples that came without a label.
    CREATE TABLE tasks (
      id INTEGER PRIMARY KEY,
      name TEXT,
      sequence INTEGER NOT NULL, -- the entry that brought the label
      inserted INTEGER NOT NULL DEFAULT 0,
      deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- One row for each ingested batch that changed something. Its samples are first_sample ..< first_sample + inserted.
    CREATE TABLE ingests (
      sequence INTEGER PRIMARY KEY,
      source INTEGER NOT NULL,
      first_sample INTEGER NOT NULL,
      inserted INTEGER NOT NULL,
      duplicates INTEGER NOT NULL,
      quarantined INTEGER NOT NULL,
      quarantined_before INTEGER NOT NULL -- refused records that were in quarantine already
    ) STRICT;
    CREATE INDEX ingests_by_sample ON ingests (first_sample) WHERE inserted > 0;

    -- Records that could not become samples. Their bytes stay in the store.
    CREATE TABLE quarantine (
      number INTEGER PRIMARY KEY,
      sequence INTEGER NOT NULL,
      source INTEGER NOT NULL,
      line INTEGER NOT NULL,
      reason TEXT NOT NULL, -- stable code
      detail TEXT NOT NULL,
      raw_size INTEGER NOT NULL, -- bytes of the whole record
      excerpt TEXT NOT NULL -- how it begins, at most 256 bytes; what is no UTF-8 text as U+FFFD
    ) STRICT;
    CREATE INDEX quarantine_by_source ON quarantine (source, line);

    CREATE TABLE deletions (
      sequence INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      reason TEXT NOT NULL,
      samples INTEGER NOT NULL
    ) STRICT;

    -- The deleted samples: first_sample ..< first_sample + samples.
    CREATE TABLE deleted_samples (
      first_sample INTEGER PRIMARY KEY,
      samples INTEGER NOT NULL,
      sequence INTEGER NOT NULL
    ) STRICT;

    -- Length measures beside the store's own, which table store tells of.
    CREATE TABLE length_measures (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      unit TEXT NOT NULL,
      tokenizer TEXT, -- XXH3-128 of its file; NULL for other units than tokens
      sequence INTEGER NOT NULL,
      samples INTEGER NOT NULL DEFAULT 0, -- ever measured
      dropped_sequence INTEGER
    ) STRICT;

    -- Embedding spaces, dropped ones included.
    CREATE TABLE spaces (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      provider TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      dimension INTEGER NOT NULL,
      element TEXT NOT NULL, -- float16 or float32
      text TEXT NOT NULL, -- which text is embedded: prompt, response or both
      model TEXT, -- the name of the model; NULL for vectors that are given
      sequence INTEGER NOT NULL,
      vectors INTEGER NOT NULL DEFAULT 0, -- ever stored
      without INTEGER NOT NULL DEFAULT 0, -- samples looked at that have no usable vector
      is_default INTEGER NOT NULL DEFAULT 0, -- 1: made the one that is taken where none is named
      dropped_sequence INTEGER
    ) STRICT;

    -- Samples whose text the encoder of a space refused, with the reason given last; gone when they got a vector after all,
    -- and when the space is dropped.
    CREATE TABLE refusals (
      space INTEGER NOT NULL,
      sample INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (space, sample)
    ) STRICT, WITHOUT ROWID;

    -- Groupings, dropped ones included.
    CREATE TABLE groupings (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      definition TEXT NOT NULL,
      created_sequence INTEGER NOT NULL,
      created INTEGER NOT NULL,
      dropped_sequence INTEGER,
      rounds INTEGER NOT NULL DEFAULT 0, -- full rounds
      applied_sequence INTEGER NOT NULL DEFAULT 1, -- records of the log that full rounds have consumed
      applied_offset INTEGER NOT NULL DEFAULT 0,
      open_groups INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    -- Rounds of a grouping. A provisional one, for a short tail, is done again when its round is full.
    CREATE TABLE rounds (
      sequence INTEGER PRIMARY KEY,
      grouping INTEGER NOT NULL,
      time INTEGER NOT NULL,
      applied_sequence INTEGER NOT NULL,
      applied_offset INTEGER NOT NULL,
      provisional INTEGER NOT NULL,
      assigned INTEGER NOT NULL,
      events INTEGER NOT NULL,
      state TEXT NOT NULL -- digest of the grouping's state after the round, 16 digits
    ) STRICT;
    CREATE INDEX rounds_by_grouping ON rounds (grouping, sequence);

    -- What happened to the groups, in order. Kinds: born, split, merged, republished, closed; and of many groups at once
    -- refined (a pass that someone asked for), guarded (compared with a fresh k-means), reclustered (started over), ruled
    -- (by other rules from here on).
    CREATE TABLE group_events (
      sequence INTEGER NOT NULL,
      ordinal INTEGER NOT NULL,
      grouping INTEGER NOT NULL,
      kind TEXT NOT NULL,
      position INTEGER NOT NULL, -- records of its feed that the grouping had applied
      parent INTEGER, -- split: the group that was divided; merged: the heir
      child INTEGER, -- split: the new group; merged, closed: the group that is gone; NULL: many groups; else the group
      members INTEGER NOT NULL, -- guarded: samples that were compared; ruled: the version of the rules
      gain REAL, -- decrease of the summed squared distances; guarded: the ratio; NULL where it is not a number
      PRIMARY KEY (sequence, ordinal)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX group_events_by_child ON group_events (grouping, child);
    CREATE INDEX group_events_by_parent ON group_events (grouping, parent);

    -- Every group that ever was: where it came from and where it went.
    CREATE TABLE lineage (
      grouping INTEGER NOT NULL,
      group_id INTEGER NOT NULL,
      born_sequence INTEGER NOT NULL,
      parent INTEGER, -- the group it was split from
      closed_sequence INTEGER,
      heir INTEGER, -- the group it was merged into
      PRIMARY KEY (grouping, group_id)
    ) STRICT, WITHOUT ROWID;

    -- Snapshots, dropped ones included.
    CREATE TABLE snapshots (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      sequence INTEGER NOT NULL, -- the state it shows: all entries up to this one
      created_sequence INTEGER NOT NULL,
      created INTEGER NOT NULL,
      samples INTEGER NOT NULL,
      digest TEXT NOT NULL,
      dropped_sequence INTEGER
    ) STRICT;

    CREATE TABLE snapshot_groupings (
      snapshot INTEGER NOT NULL,
      grouping INTEGER NOT NULL,
      PRIMARY KEY (snapshot, grouping)
    ) STRICT, WITHOUT ROWID;

    -- Plans, dropped ones included.
    CREATE TABLE plans (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      snapshot INTEGER NOT NULL,
      grouping INTEGER NOT NULL,
      selection INTEGER, -- NULL for all samples of the snapshot
      hash TEXT NOT NULL,
      report TEXT NOT NULL,
      created_sequence INTEGER NOT NULL,
      created INTEGER NOT NULL,
      dropped_sequence INTEGER
    ) STRICT;

    -- Core sets, dropped ones included.
    CREATE TABLE selections (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      snapshot INTEGER NOT NULL,
      method TEXT NOT NULL,
      samples INTEGER NOT NULL,
      digest TEXT NOT NULL, -- of the ids in their order
      created_sequence INTEGER NOT NULL,
      created INTEGER NOT NULL,
      dropped_sequence INTEGER
    ) STRICT;

    CREATE TABLE runs (
      created_sequence INTEGER PRIMARY KEY,
      created INTEGER NOT NULL,
      name TEXT NOT NULL,
      plan TEXT NOT NULL,
      plan_hash TEXT NOT NULL,
      checkpoints INTEGER NOT NULL DEFAULT 0 -- ever made; the store keeps the last ones
    ) STRICT;
    CREATE INDEX runs_by_name ON runs (name);

    CREATE TABLE checkpoints (
      sequence INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      run TEXT NOT NULL,
      number INTEGER NOT NULL,
      plan TEXT NOT NULL,
      plan_hash TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      step INTEGER NOT NULL,
      state_bytes INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX checkpoints_by_run ON checkpoints (run, number);

    -- Dictionaries that payloads are compressed with.
    CREATE TABLE dictionaries (
      number INTEGER PRIMARY KEY,
      bytes INTEGER NOT NULL,
      sequence INTEGER NOT NULL
    ) STRICT;

    """
}
