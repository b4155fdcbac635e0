#ifndef COHORT_SQLITE_TABLES_H
#define COHORT_SQLITE_TABLES_H

#include <stddef.h>
#include <stdint.h>

// Read-only virtual tables for SQLite over packed columns. The host (CohortTables) says what the tables are and hands over
// columns in batches of rows; the loop over rows is here. In C because SQLite asks for every row and every value by a call
// of a C function, and because `sqlite3_vtab_config` is variadic, which Swift cannot call.
//
// SQLite is called through its table of routines (`sqlite3_api_routines`) alone, never by its symbols: so the same code serves
// a program that is linked with SQLite, and a library that SQLite loads. Nothing here is called by several threads for one
// connection at a time: SQLite sees to that.

struct sqlite3;
struct sqlite3_api_routines;

/// Gives the routines of the SQLite that connections come from. First of all, and once: a process whose parts use several
/// copies of SQLite can give one of them.
///
/// Returns 0; 1 when others were given before; 2 for a release that is too old (below 3.26).
int cohort_sql_use(const struct sqlite3_api_routines *routines);

// MARK: Values

typedef enum {
  COHORT_SQL_NULL = 0,
  COHORT_SQL_INTEGER = 1,
  COHORT_SQL_REAL = 2,
  COHORT_SQL_TEXT = 3,
  COHORT_SQL_BLOB = 4,
} cohort_sql_type;

/// One value. `bytes` is UTF-8 for a text, and belongs to whoever made the value.
typedef struct {
  int32_t type;
  int64_t integer;
  double real;
  const void *bytes;
  int64_t size;
} cohort_sql_value;

/// What went wrong, as the host says it.
typedef struct {
  /// One of SQLite's result codes; 0 for none.
  int32_t code;
  /// UTF-8 with a 0 behind.
  char text[1024];
} cohort_sql_error;

// MARK: Batches of rows

/// How the values of a column lie in a batch.
typedef enum {
  /// Not there yet: the host is asked to load it when the first value is wanted.
  COHORT_SQL_ABSENT = 0,
  /// The host is asked for each value.
  COHORT_SQL_EACH,
  /// The same value for all rows: `same`.
  COHORT_SQL_SAME,
  /// `first` and the row's index.
  COHORT_SQL_COUNTED,
  /// `uint8_t`, as integers.
  COHORT_SQL_BYTES,
  /// `uint32_t`, as integers; `none` is NULL where `has_none` says so.
  COHORT_SQL_WORDS,
  /// `uint64_t`, as integers.
  COHORT_SQL_LONGS,
  /// `float`, as reals without their sign; NaN is NULL.
  COHORT_SQL_MAGNITUDES,
  /// `float`, as reals; NaN is NULL.
  COHORT_SQL_FLOATS,
  /// `float`: 1 where the sign is set, else 0.
  COHORT_SQL_SIGNS,
  /// `uint32_t`, numbers of `names`; those beyond the last, and `none`, are NULL.
  COHORT_SQL_NAMES,
} cohort_sql_kind;

typedef struct {
  int32_t kind;
  int32_t has_none;
  uint32_t none;
  uint32_t name_count;
  /// An array with an element for each row; elements need not be aligned.
  const void *data;
  const cohort_sql_value *names;
  int64_t first;
  cohort_sql_value same;
} cohort_sql_column;

#define COHORT_SQL_COLUMNS 20

/// Rows to be stepped through, valid until the host is asked for the next batch.
typedef struct {
  /// 0: there are no more.
  int64_t count;
  /// Their indices in the columns' arrays; NULL for 0 to `count - 1`.
  const uint16_t *rows;
  cohort_sql_column columns[COHORT_SQL_COLUMNS];
} cohort_sql_batch;

// MARK: Plans

typedef enum {
  COHORT_SQL_EQUAL = 1,
  COHORT_SQL_GREATER = 2,
  COHORT_SQL_AT_MOST = 3,
  COHORT_SQL_LESS = 4,
  COHORT_SQL_AT_LEAST = 5,
} cohort_sql_operator;

/// `column operator value` from a WHERE or ON clause.
typedef struct {
  int32_t column;
  int32_t operation;
  /// Whether the value is known when the scan begins.
  uint8_t is_usable;
  /// An IN whose values can be had all at once.
  uint8_t may_be_list;
  // The host's answers.
  /// The scan gets the value.
  uint8_t is_taken;
  /// Of an IN: the scan gets all values.
  uint8_t is_list;
  /// SQLite need not look again whether rows fulfil it.
  uint8_t is_checked;
} cohort_sql_constraint;

typedef struct {
  int32_t column;
  int32_t is_descending;
} cohort_sql_order;

typedef struct {
  cohort_sql_constraint *constraints;
  int32_t constraint_count;
  const cohort_sql_order *order;
  int32_t order_count;
  /// Bit i: column i is read. The last bit stands for all columns beyond.
  uint64_t used;
  // The host's answers.
  double cost;
  int64_t rows;
  uint8_t is_unique;
  uint8_t is_ordered;
  /// There is no way with what is usable here.
  uint8_t is_impossible;
} cohort_sql_plan;

/// What a scan gets of a constraint: one value, or those of a list. Valid until the scan begins anew or is closed.
typedef struct {
  int32_t column;
  int32_t operation;
  /// Values as they are, but for integer columns of a list: those that are integers, ascending, each once.
  const cohort_sql_value *values;
  const int64_t *integers;
  int64_t count;
  uint8_t is_list;
} cohort_sql_argument;

// MARK: The host

/// The host's side of all tables. `table` is what a table was added with, `scan` what `open` gave. Functions return 0, or not
/// 0 with what went wrong in `error`.
typedef struct {
  int32_t (*plan)(void *table, cohort_sql_plan *plan, cohort_sql_error *error);
  /// NULL when there is no memory.
  void *(*open)(void *table);
  void (*close)(void *scan);
  /// Begins a scan, also anew, and gives its first batch.
  int32_t (*begin)(
    void *scan, const cohort_sql_argument *arguments, int32_t count, cohort_sql_batch *batch, cohort_sql_error *error);
  int32_t (*advance)(void *scan, cohort_sql_batch *batch, cohort_sql_error *error);
  /// Sets a column of the batch, in any way but as absent.
  int32_t (*load)(void *scan, int32_t column, cohort_sql_batch *batch, cohort_sql_error *error);
  /// A value of a column of the kind `EACH`, by the row's index in the arrays. Valid until the next call.
  int32_t (*value)(void *scan, int32_t column, int64_t row, cohort_sql_value *value, cohort_sql_error *error);
  /// Called now and then during long work: whether to end it with an error.
  int32_t (*must_stop)(void *scan, cohort_sql_error *error);
  /// Lets go of a table.
  void (*release)(void *table);
} cohort_sql_host;

/// Whoever may ask: SQLite's settings for a table or a function.
typedef enum {
  /// Only statements themselves may use it: no trigger and no view of a file that came from somewhere.
  COHORT_SQL_DIRECT = 0,
  /// Views may, too.
  COHORT_SQL_ANYWHERE = 1,
} cohort_sql_trust;

typedef struct {
  const char *name;
  /// `CREATE TABLE x(…)`, with HIDDEN columns for arguments.
  const char *declaration;
  /// The column that is the row's number; -1 for tables without.
  int32_t row_id;
  /// Bit i: values for column i are compared as integers, as texts. For others they are handed over as they are.
  uint64_t integers;
  uint64_t texts;
  int32_t trust;
} cohort_sql_description;

/// Adds a table to a connection; it needs no CREATE. The host's `release` is called when the connection closes, and when
/// adding fails. `host` and the texts must live as long.
int cohort_sql_add_table(
  struct sqlite3 *connection, const cohort_sql_description *description, const cohort_sql_host *host, void *table);

// MARK: Functions

/// Adds `cosine(a, b)` and `regexp(pattern, text)`.
/// - must_stop: asked now and then during a long match; may be NULL.
int cohort_sql_add_functions(
  struct sqlite3 *connection, int32_t trust, int32_t (*must_stop)(void *context), void *context);

/// A function of the host. `result` is valid until the next call.
typedef struct {
  const char *name;
  /// -1: any number.
  int32_t arguments;
  int32_t trust;
  /// Whether a statement may take the same arguments to give the same value.
  int32_t is_constant;
  int32_t (*call)(
    void *context, const cohort_sql_value *arguments, int32_t count, cohort_sql_value *result, cohort_sql_error *error);
  void (*release)(void *context);
} cohort_sql_function;

/// Adds a function. `release` is called when the connection closes, and when adding fails.
int cohort_sql_add_function(struct sqlite3 *connection, const cohort_sql_function *function, void *context);

// MARK: Tables by CREATE VIRTUAL TABLE

/// What makes a table of `CREATE VIRTUAL TABLE name USING module(arguments)`.
typedef struct {
  const char *module;
  /// Gives what `cohort_sql_add_table` would get; `release` is called when the table goes.
  /// - arguments: as they were written, quotes taken off.
  int32_t (*make)(
    void *context, const char *name, const char *const *arguments, int32_t count, cohort_sql_description *description,
    void **table, cohort_sql_error *error);
  void (*release)(void *context);
} cohort_sql_maker;

int cohort_sql_add_maker(
  struct sqlite3 *connection, const cohort_sql_maker *maker, const cohort_sql_host *host, void *context);

// MARK: What the host cannot ask itself

/// Whether whoever uses the connection has interrupted it, or its progress handler wants the end.
int cohort_sql_is_interrupted(struct sqlite3 *connection);

/// The most bytes that a value of the connection may have.
int64_t cohort_sql_value_limit(struct sqlite3 *connection);

/// Makes the tables known that were added, so that nothing has to be declared by a statement later.
int cohort_sql_touch(struct sqlite3 *connection, const char *table);

/// What SQLite returns to say that an extension must stay loaded.
int32_t cohort_sql_stay_loaded(void);

/// Sets SQLite's message for an extension that could not be loaded.
void cohort_sql_explain(char **message, const char *text);

// MARK: The full-text index

/// An open index, for one thread at a time.
typedef struct cohort_search cohort_search;

/// In place of a result code of SQLite's: it has no FTS5.
#define COHORT_SEARCH_NO_ENGINE 1000

/// The row of `search_state`; all zero where there is none.
typedef struct {
  int64_t rules, applied, next_sample, samples, words, dead;
  char store[64], mark[64];
} cohort_search_state;

/// Where a phrase comes: samples, ascending, and how often in each.
typedef struct {
  uint64_t *ids;
  uint32_t *counts;
  int64_t count;
} cohort_search_hits;

/// Opens an index for reading, and begins a transaction on it, so that all that is read is of one state.
/// - uri: `file:…`.
/// NULL with a result code of SQLite's in `error`, or `COHORT_SEARCH_NO_ENGINE`.
cohort_search *cohort_search_open(const char *uri, cohort_sql_error *error);
void cohort_search_close(cohort_search *search);

// These return 0, or a result code with what went wrong in `error`.

int cohort_search_read_state(cohort_search *search, cohort_search_state *state, cohort_sql_error *error);

/// The words of the samples of a chunk, `uint32_t` each; NULL where there is no such chunk. Valid until the next call.
int cohort_search_read_sizes(
  cohort_search *search, int64_t chunk, const void **bytes, int64_t *count, cohort_sql_error *error);

/// Finds a phrase. `hits` is to be given back with `cohort_search_free`, unless there was an error.
/// - expression: one phrase as FTS5 takes it.
/// - must_stop: asked now and then; may be NULL.
int cohort_search_find(
  cohort_search *search, const char *expression, int32_t (*must_stop)(void *context), void *context,
  cohort_search_hits *hits, cohort_sql_error *error);
void cohort_search_free(cohort_search_hits *hits);

// MARK: Rows of a block

/// Keeps of `rows` (or, with `count` rows from `first` on, when `is_filled` is 0 makes) those whose value in `values` is one of
/// the `wanted` numbers, which ascend. Returns how many.
int64_t cohort_sql_keep_words(
  const void *values, const uint32_t *wanted, int64_t wanted_count, uint16_t *rows, int64_t count);

/// Keeps rows whose value is not `other`.
int64_t cohort_sql_keep_words_but(const void *values, uint32_t other, uint16_t *rows, int64_t count);

/// Keeps rows whose byte is `value`.
int64_t cohort_sql_keep_bytes(const void *values, uint8_t value, uint16_t *rows, int64_t count);

// MARK: Regular expressions

typedef struct cohort_regexp cohort_regexp;

/// Compiles a pattern: characters, `.`, classes, groups, `|`, `* + ?`, `{m,n}`, `^ $ \b \B`, `\d \w \s` and their opposites,
/// `(?i)` at the beginning. NULL with the reason for anything else, and for patterns that need more than 1,000 states.
cohort_regexp *cohort_regexp_compile(const char *pattern, size_t size, const char **reason);

/// Whether a pattern matches somewhere in a text: in time linear in the text, whatever the pattern. -1 when it was stopped.
int cohort_regexp_matches(
  cohort_regexp *pattern, const char *text, size_t size, int32_t (*must_stop)(void *context), void *context);

void cohort_regexp_free(cohort_regexp *pattern);

#endif
