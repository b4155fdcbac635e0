-- The full-text index of a store: search.sqlite in its folder, beside catalog.sqlite.
--
-- Derived: it can be deleted at any time, and is made anew from the samples. No text is in it twice: the table of FTS5 has no
-- contents (content=''), and snippets are cut from the samples. SQLite 3.26 or newer with FTS5 reads it; no tokenizer of our own is
-- needed, because what is given to FTS5 are words already, a space behind each (Docs/queries.md says which words a text has).

-- The last 8 bytes of each page, which SQLite reserves, are a checksum, as in catalog.sqlite (Docs/catalog.md). A file whose pages
-- have none, or a wrong one, is made anew.

-- One row: how far the index has come. It has id 1; no row means that the index shows nothing.
CREATE TABLE search_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- The store's id, 32 hexadecimal digits: an index of another store is made anew.
  store_id TEXT NOT NULL,
  -- The version of the rules by which texts are divided into words: 1. Another version is made anew.
  rules INTEGER NOT NULL,
  -- The last entry of the log whose deletions the index knows of. What it shows of samples is of that state of the store.
  applied_sequence INTEGER NOT NULL,
  -- XXH3-128 of that entry as the store keeps it: tells a store that was restored and went on.
  applied_mark TEXT NOT NULL,
  -- The first sample that the index does not show.
  next_sample INTEGER NOT NULL,
  -- Samples that have words and are not deleted, and all their words together.
  samples INTEGER NOT NULL,
  words INTEGER NOT NULL,
  -- Rows of `words` whose sample was deleted since. Beyond a fifth of all rows the index is made anew.
  dead INTEGER NOT NULL
) STRICT;

-- How many words each sample has, as uint32, little-endian: sample i is number i % 4096 of chunk i / 4096. 0 stands for a sample that is
-- deleted or has no words; those behind the end of a chunk, too.
CREATE TABLE sample_sizes (chunk INTEGER PRIMARY KEY, words BLOB NOT NULL) STRICT;

-- The words of each sample, by its id. Words are small letters and digits of ASCII and what is beyond ASCII, so `ascii` takes each as it is.
-- Between two messages stands U+10FFFF, so that no phrase goes from one to the next.
CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='ascii');
