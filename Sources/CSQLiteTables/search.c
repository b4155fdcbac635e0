// The full-text index of a store: a file of its own with a table of FTS5, read here by whichever SQLite gave its routines. Where a
// phrase comes is asked for all at once: a call by FTS5 for each sample would cost more than the sample.

#include "routines.h"

#include <stdlib.h>

struct cohort_search {
  sqlite3 *connection;
  sqlite3_stmt *sizes, *match;
  // Of the phrase that is asked for.
  cohort_search_hits *hits;
  int64_t room;
  int32_t (*must_stop)(void *context);
  void *context;
};

/// Samples between two looks at the clock.
enum { PATIENCE = 4096 };

static int fail(sqlite3 *connection, int code, const char *what, cohort_sql_error *error) {
  error->code = code;
  const char *reason = connection ? sqlite3_errmsg(connection) : "out of memory";
  size_t used = strlen(what);
  if (used > sizeof error->text - 1) used = sizeof error->text - 1;
  memcpy(error->text, what, used);
  size_t rest = sizeof error->text - 1 - used, length = strlen(reason);
  if (length > rest) length = rest;
  memcpy(error->text + used, reason, length);
  error->text[used + length] = 0;
  return code;
}

// MARK: Asking FTS5

/// One sample in which the phrase comes.
static int collect(const Fts5ExtensionApi *api, Fts5Context *context, void *pointer) {
  cohort_search *search = pointer;
  cohort_search_hits *hits = search->hits;
  if (hits->count == search->room) {
    int64_t room = search->room ? search->room * 2 : 1024;
    uint64_t *ids = realloc(hits->ids, (size_t)room * sizeof *ids);
    if (!ids) return SQLITE_NOMEM;
    hits->ids = ids;
    uint32_t *counts = realloc(hits->counts, (size_t)room * sizeof *counts);
    if (!counts) return SQLITE_NOMEM;
    hits->counts = counts;
    search->room = room;
  }
  if (search->must_stop && hits->count % PATIENCE == PATIENCE - 1 && search->must_stop(search->context))
    return SQLITE_INTERRUPT;
  Fts5PhraseIter iterator;
  int column, offset;
  uint32_t count = 0;
  int code = api->xPhraseFirst(context, 0, &iterator, &column, &offset);
  if (code != SQLITE_OK) return code;
  for (; column >= 0; api->xPhraseNext(context, &iterator, &column, &offset)) count++;
  hits->ids[hits->count] = (uint64_t)api->xRowid(context);
  hits->counts[hits->count] = count;
  hits->count++;
  return SQLITE_OK;
}

/// `cohort_collect(words)`: called once for a statement.
static void collect_all(
  const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result, int count, sqlite3_value **values) {
  (void)count, (void)values;
  cohort_search *search = api->xUserData(context);
  int code = api->xQueryPhrase(context, 0, search, collect);
  if (code != SQLITE_OK) sqlite3_result_error_code(result, code);
}

/// FTS5 gives its interface to whoever binds a pointer for it.
static int add_function(cohort_search *search, cohort_sql_error *error) {
  fts5_api *api = NULL;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(search->connection, "SELECT fts5(?1)", -1, &statement, NULL);
  if (code != SQLITE_OK) {
    fail(search->connection, code, "", error);
    return COHORT_SEARCH_NO_ENGINE;
  }
  sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
  sqlite3_step(statement);
  sqlite3_finalize(statement);
  if (!api || api->iVersion < 2) {
    fail(search->connection, SQLITE_ERROR, "its FTS5 gives no interface: ", error);
    return COHORT_SEARCH_NO_ENGINE;
  }
  code = api->xCreateFunction(api, "cohort_collect", search, collect_all, NULL);
  return code == SQLITE_OK ? SQLITE_OK : fail(search->connection, code, "", error);
}

// MARK: The file

cohort_search *cohort_search_open(const char *uri, cohort_sql_error *error) {
  if (!sqlite3_api) {
    fail(NULL, SQLITE_MISUSE, "no SQLite was given: ", error);
    return NULL;
  }
  cohort_search *search = calloc(1, sizeof *search);
  if (!search) {
    fail(NULL, SQLITE_NOMEM, "", error);
    return NULL;
  }
  int code = sqlite3_open_v2(uri, &search->connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
  if (code != SQLITE_OK) {
    fail(search->connection, code, "", error);
  } else {
    sqlite3_busy_timeout(search->connection, 5000);
    code = add_function(search, error);
    // From here on all that is read is of one state.
    if (code == SQLITE_OK) {
      code = sqlite3_exec(search->connection, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
      if (code != SQLITE_OK) fail(search->connection, code, "", error);
    }
  }
  if (code == SQLITE_OK) return search;
  error->code = code;
  cohort_search_close(search);
  return NULL;
}

void cohort_search_close(cohort_search *search) {
  if (!search) return;
  sqlite3_finalize(search->sizes);
  sqlite3_finalize(search->match);
  sqlite3_close_v2(search->connection);
  free(search);
}

/// Whether a file has tables at all. One that is just being made has none yet.
static int is_empty(cohort_search *search) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(search->connection, "SELECT count(*) FROM sqlite_schema", -1, &statement, NULL);
  int is_empty = code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) == 0;
  sqlite3_finalize(statement);
  return is_empty;
}

int cohort_search_read_state(cohort_search *search, cohort_search_state *state, cohort_sql_error *error) {
  *state = (cohort_search_state){0};
  if (is_empty(search)) return SQLITE_OK;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(
    search->connection,
    "SELECT rules, applied_sequence, next_sample, samples, words, dead, store_id, applied_mark FROM search_state "
    "WHERE id = 1",
    -1, &statement, NULL);
  if (code != SQLITE_OK) return fail(search->connection, code, "", error);
  code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    state->rules = sqlite3_column_int64(statement, 0);
    state->applied = sqlite3_column_int64(statement, 1);
    state->next_sample = sqlite3_column_int64(statement, 2);
    state->samples = sqlite3_column_int64(statement, 3);
    state->words = sqlite3_column_int64(statement, 4);
    state->dead = sqlite3_column_int64(statement, 5);
    const unsigned char *store = sqlite3_column_text(statement, 6), *mark = sqlite3_column_text(statement, 7);
    if (store) strncpy(state->store, (const char *)store, sizeof state->store - 1);
    if (mark) strncpy(state->mark, (const char *)mark, sizeof state->mark - 1);
    code = SQLITE_OK;
  } else if (code == SQLITE_DONE) {
    code = SQLITE_OK;
  } else {
    fail(search->connection, code, "", error);
  }
  sqlite3_finalize(statement);
  return code;
}

int cohort_search_read_sizes(
  cohort_search *search, int64_t chunk, const void **bytes, int64_t *count, cohort_sql_error *error) {
  if (!search->sizes) {
    int code = sqlite3_prepare_v2(
      search->connection, "SELECT words FROM sample_sizes WHERE chunk = ?1", -1, &search->sizes, NULL);
    if (code != SQLITE_OK) return fail(search->connection, code, "", error);
  }
  sqlite3_reset(search->sizes);
  sqlite3_bind_int64(search->sizes, 1, chunk);
  int code = sqlite3_step(search->sizes);
  *bytes = NULL;
  *count = 0;
  if (code == SQLITE_DONE) return SQLITE_OK;
  if (code != SQLITE_ROW) return fail(search->connection, code, "", error);
  *bytes = sqlite3_column_blob(search->sizes, 0);
  *count = sqlite3_column_bytes(search->sizes, 0);
  return SQLITE_OK;
}

int cohort_search_find(
  cohort_search *search, const char *expression, int32_t (*must_stop)(void *context), void *context,
  cohort_search_hits *hits, cohort_sql_error *error) {
  *hits = (cohort_search_hits){0};
  if (!search->match) {
    int code = sqlite3_prepare_v2(
      search->connection, "SELECT cohort_collect(words) FROM words WHERE words MATCH ?1 LIMIT 1", -1, &search->match,
      NULL);
    if (code != SQLITE_OK) return fail(search->connection, code, "", error);
  }
  search->hits = hits;
  search->room = 0;
  search->must_stop = must_stop;
  search->context = context;
  sqlite3_bind_text(search->match, 1, expression, -1, SQLITE_TRANSIENT);
  int code = sqlite3_step(search->match);
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    code = SQLITE_OK;
  } else {
    fail(search->connection, code, "", error);
  }
  sqlite3_reset(search->match);
  search->hits = NULL;
  if (code != SQLITE_OK) cohort_search_free(hits);
  return code;
}

void cohort_search_free(cohort_search_hits *hits) {
  free(hits->ids);
  free(hits->counts);
  *hits = (cohort_search_hits){0};
}
