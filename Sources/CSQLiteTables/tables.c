#include "routines.h"

#include <stdlib.h>
#include <string.h>

// A table that needs no CREATE has this as its client data; one by CREATE VIRTUAL TABLE gets it from its maker.
typedef struct {
  cohort_sql_description description;
  const cohort_sql_host *host;
  void *table;
} definition;

typedef struct {
  sqlite3_vtab base;
  sqlite3 *connection;
  definition *definition;
  /// Whether the definition goes with this table.
  int owns_definition;
} table;

typedef struct {
  sqlite3_vtab_cursor base;
  const cohort_sql_host *host;
  void *scan;
  /// The row within the batch.
  int64_t at;
  /// Rows of all batches before this one.
  int64_t before;
  cohort_sql_batch batch;
  cohort_sql_argument *arguments;
  int argument_count;
} cursor;

// MARK: Errors

static int report(sqlite3_vtab *base, const cohort_sql_error *error) {
  sqlite3_free(base->zErrMsg);
  base->zErrMsg = sqlite3_mprintf("%s", error->text);
  return error->code ? error->code : SQLITE_ERROR;
}

static void release_definition(void *pointer) {
  definition *given = pointer;
  given->host->release(given->table);
  sqlite3_free(given);
}

// MARK: Connecting

static int connect_definition(
  sqlite3 *connection, definition *given, int owns_definition, sqlite3_vtab **out, char **message) {
  int code = sqlite3_declare_vtab(connection, given->description.declaration);
  if (code != SQLITE_OK) {
    *message = sqlite3_mprintf("%s", sqlite3_errmsg(connection));
    return code;
  }
  table *made = sqlite3_malloc64(sizeof *made);
  if (!made) return SQLITE_NOMEM;
  *made = (table){.connection = connection, .definition = given, .owns_definition = owns_definition};
  if (given->description.trust == COHORT_SQL_DIRECT) {
    // Known since 3.31; older releases refuse the setting, and that is all.
    sqlite3_vtab_config(connection, SQLITE_VTAB_DIRECTONLY);
  }
  *out = &made->base;
  return SQLITE_OK;
}

static int connect_added(
  sqlite3 *connection, void *data, int count, const char *const *words, sqlite3_vtab **out, char **message) {
  (void)count;
  (void)words;
  return connect_definition(connection, data, 0, out, message);
}

static int disconnect(sqlite3_vtab *base) {
  table *this = (table *)base;
  if (this->owns_definition) release_definition(this->definition);
  sqlite3_free(this);
  return SQLITE_OK;
}

// MARK: Planning

static int operation_of(int operation) {
  switch (operation) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return COHORT_SQL_EQUAL;
    case SQLITE_INDEX_CONSTRAINT_GT: return COHORT_SQL_GREATER;
    case SQLITE_INDEX_CONSTRAINT_LE: return COHORT_SQL_AT_MOST;
    case SQLITE_INDEX_CONSTRAINT_LT: return COHORT_SQL_LESS;
    case SQLITE_INDEX_CONSTRAINT_GE: return COHORT_SQL_AT_LEAST;
    default: return 0;
  }
}

/// Columns compare texts byte by byte: what is compared otherwise is left to SQLite.
static int is_binary(sqlite3_index_info *info, int index) {
  const char *collation = sqlite3_vtab_collation(info, index);
  return !collation || sqlite3_stricmp(collation, "BINARY") == 0;
}

/// How a column is called in an index string: one printable character.
enum { FIRST_LETTER = 'A' };

static int plan_with(
  table *this, sqlite3_index_info *info, cohort_sql_constraint *constraints, int *places, cohort_sql_order *order) {
  int32_t row_id = this->definition->description.row_id;
  int count = 0;
  for (int i = 0; i < info->nConstraint; i++) {
    int operation = operation_of(info->aConstraint[i].op);
    int column = info->aConstraint[i].iColumn < 0 ? row_id : info->aConstraint[i].iColumn;
    if (!operation || column < 0 || !is_binary(info, i)) continue;
    int usable = info->aConstraint[i].usable;
    places[count] = i;
    constraints[count++] = (cohort_sql_constraint){
      .column = column,
      .operation = operation,
      .is_usable = usable != 0,
      .may_be_list = usable && operation == COHORT_SQL_EQUAL && cohort_sql_has(3038000) &&
                     sqlite3_vtab_in(info, i, -1)};
  }
  for (int i = 0; i < info->nOrderBy; i++) {
    int column = info->aOrderBy[i].iColumn;
    order[i] = (cohort_sql_order){.column = column < 0 ? row_id : column, .is_descending = info->aOrderBy[i].desc};
  }
  cohort_sql_plan plan = {
    .constraints = constraints,
    .constraint_count = count,
    .order = order,
    .order_count = info->nOrderBy,
    .used = info->colUsed,
    .cost = 1e12,
    .rows = 1000000};
  cohort_sql_error error = {0};
  if (this->definition->host->plan(this->definition->table, &plan, &error)) return report(&this->base, &error);
  if (plan.is_impossible) return SQLITE_CONSTRAINT;
  char *index = sqlite3_malloc64((sqlite3_uint64)count * 3 + 1);
  if (!index) return SQLITE_NOMEM;
  int taken = 0;
  for (int i = 0; i < count; i++) {
    if (!constraints[i].is_taken) continue;
    struct sqlite3_index_constraint_usage *usage = &info->aConstraintUsage[places[i]];
    if (constraints[i].is_list) sqlite3_vtab_in(info, places[i], 1);
    index[taken * 3] = (char)(FIRST_LETTER + constraints[i].column);
    index[taken * 3 + 1] = (char)(FIRST_LETTER + constraints[i].operation);
    index[taken * 3 + 2] = constraints[i].is_list ? 'L' : 'V';
    usage->argvIndex = ++taken;
    usage->omit = constraints[i].is_checked;
  }
  index[taken * 3] = 0;
  info->idxStr = index;
  info->needToFreeIdxStr = 1;
  info->estimatedCost = plan.cost;
  info->estimatedRows = plan.rows;
  if (plan.is_unique) info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
  info->orderByConsumed = plan.is_ordered && info->nOrderBy > 0;
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  size_t constraint_count = (size_t)info->nConstraint, order_count = (size_t)info->nOrderBy;
  cohort_sql_constraint *constraints = sqlite3_malloc64(constraint_count * sizeof *constraints + 1);
  int *places = sqlite3_malloc64(constraint_count * sizeof *places + 1);
  cohort_sql_order *order = sqlite3_malloc64(order_count * sizeof *order + 1);
  int code = SQLITE_NOMEM;
  if (constraints && places && order) code = plan_with((table *)base, info, constraints, places, order);
  sqlite3_free(constraints);
  sqlite3_free(places);
  sqlite3_free(order);
  return code;
}

// MARK: Arguments of a scan

static void free_arguments(cursor *this) {
  for (int i = 0; i < this->argument_count; i++) {
    cohort_sql_argument *argument = &this->arguments[i];
    if (argument->is_list && argument->values) {
      for (int64_t k = 0; k < argument->count; k++) sqlite3_free((void *)argument->values[k].bytes);
    }
    sqlite3_free((void *)argument->values);
    sqlite3_free((void *)argument->integers);
  }
  sqlite3_free(this->arguments);
  this->arguments = NULL;
  this->argument_count = 0;
}

/// A value as the column compares it.
static cohort_sql_value converted(sqlite3_value *value, const cohort_sql_description *description, int column) {
  uint64_t bit = UINT64_C(1) << column;
  if (description->integers & bit) sqlite3_value_numeric_type(value);
  cohort_sql_value given = cohort_sql_given(value);
  if (description->texts & bit && (given.type == COHORT_SQL_INTEGER || given.type == COHORT_SQL_REAL)) {
    given.type = COHORT_SQL_TEXT;
    given.bytes = sqlite3_value_text(value);
    given.size = sqlite3_value_bytes(value);
  }
  // A whole number is one, whatever its type.
  if (description->integers & bit && given.type == COHORT_SQL_REAL && given.real >= -9223372036854775808.0 &&
      given.real < 9223372036854775808.0 && given.real == (double)(int64_t)given.real) {
    given.type = COHORT_SQL_INTEGER;
    given.integer = (int64_t)given.real;
  }
  return given;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/// Makes room for twice as many elements when there is none. Returns 0 when there is no memory.
static int grow(void **elements, int64_t count, int64_t *room, size_t size) {
  if (count < *room) return 1;
  int64_t more = *room ? *room * 2 : 64;
  void *grown = sqlite3_realloc64(*elements, (sqlite3_uint64)more * size);
  if (!grown) return 0;
  *elements = grown;
  *room = more;
  return 1;
}

static int read_integers(cursor *this, cohort_sql_argument *argument, sqlite3_value *list) {
  const cohort_sql_description *description = &((table *)this->base.pVtab)->definition->description;
  int64_t room = 0;
  void *integers = NULL;
  sqlite3_value *value = NULL;
  int code = SQLITE_OK;
  for (code = sqlite3_vtab_in_first(list, &value); code == SQLITE_OK && value;
       code = sqlite3_vtab_in_next(list, &value)) {
    cohort_sql_value given = converted(value, description, argument->column);
    if (given.type != COHORT_SQL_INTEGER) continue;
    if (!grow(&integers, argument->count, &room, sizeof(int64_t))) {
      code = SQLITE_NOMEM;
      break;
    }
    argument->integers = integers;
    ((int64_t *)integers)[argument->count++] = given.integer;
    if ((argument->count & 0xffff) == 0) {
      cohort_sql_error error = {0};
      if (this->host->must_stop(this->scan, &error)) return report(this->base.pVtab, &error);
    }
  }
  if (code != SQLITE_OK && code != SQLITE_DONE) return code;
  if (argument->count == 0) return SQLITE_OK;
  qsort(integers, (size_t)argument->count, sizeof(int64_t), ascending);
  int64_t kept = 1;
  int64_t *sorted = integers;
  for (int64_t i = 1; i < argument->count; i++) {
    if (sorted[i] != sorted[kept - 1]) sorted[kept++] = sorted[i];
  }
  argument->count = kept;
  return SQLITE_OK;
}

static int read_values(cursor *this, cohort_sql_argument *argument, sqlite3_value *list) {
  const cohort_sql_description *description = &((table *)this->base.pVtab)->definition->description;
  int64_t room = 0;
  void *values = NULL;
  sqlite3_value *value = NULL;
  int code = SQLITE_OK;
  for (code = sqlite3_vtab_in_first(list, &value); code == SQLITE_OK && value;
       code = sqlite3_vtab_in_next(list, &value)) {
    cohort_sql_value given = converted(value, description, argument->column);
    if (!grow(&values, argument->count, &room, sizeof given)) return SQLITE_NOMEM;
    argument->values = values;
    if (given.type == COHORT_SQL_TEXT || given.type == COHORT_SQL_BLOB) {
      // SQLite takes its bytes back with the next value.
      void *copy = sqlite3_malloc64((sqlite3_uint64)given.size + 1);
      if (!copy) return SQLITE_NOMEM;
      if (given.size > 0) memcpy(copy, given.bytes, (size_t)given.size);
      given.bytes = copy;
    } else {
      given.bytes = NULL;
    }
    ((cohort_sql_value *)values)[argument->count++] = given;
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int read_arguments(cursor *this, const char *index, int count, sqlite3_value **values) {
  const cohort_sql_description *description = &((table *)this->base.pVtab)->definition->description;
  free_arguments(this);
  this->arguments = sqlite3_malloc64((sqlite3_uint64)count * sizeof *this->arguments + 1);
  if (!this->arguments) return SQLITE_NOMEM;
  for (int i = 0; i < count; i++) {
    cohort_sql_argument *argument = &this->arguments[i];
    *argument = (cohort_sql_argument){
      .column = index[i * 3] - FIRST_LETTER,
      .operation = index[i * 3 + 1] - FIRST_LETTER,
      .is_list = index[i * 3 + 2] == 'L'};
    this->argument_count = i + 1;
    int code = SQLITE_OK;
    if (!argument->is_list) {
      cohort_sql_value *value = sqlite3_malloc64(sizeof *value);
      if (!value) return SQLITE_NOMEM;
      *value = converted(values[i], description, argument->column);
      argument->values = value;
      argument->count = 1;
    } else if (description->integers & UINT64_C(1) << argument->column) {
      code = read_integers(this, argument, values[i]);
    } else {
      code = read_values(this, argument, values[i]);
    }
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

// MARK: Cursors

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
  table *this = (table *)base;
  cursor *made = sqlite3_malloc64(sizeof *made);
  if (!made) return SQLITE_NOMEM;
  memset(made, 0, sizeof *made);
  made->host = this->definition->host;
  made->scan = made->host->open(this->definition->table);
  if (!made->scan) {
    sqlite3_free(made);
    return SQLITE_NOMEM;
  }
  *out = &made->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  cursor *this = (cursor *)base;
  this->host->close(this->scan);
  free_arguments(this);
  sqlite3_free(this);
  return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *index, int count, sqlite3_value **values) {
  (void)number;
  cursor *this = (cursor *)base;
  this->at = this->before = 0;
  memset(&this->batch, 0, sizeof this->batch);
  int code = read_arguments(this, index, count, values);
  if (code != SQLITE_OK) return code;
  cohort_sql_error error = {0};
  if (this->host->begin(this->scan, this->arguments, this->argument_count, &this->batch, &error)) {
    this->batch.count = 0;
    return report(base->pVtab, &error);
  }
  return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base) {
  cursor *this = (cursor *)base;
  if (++this->at < this->batch.count) return SQLITE_OK;
  this->before += this->batch.count;
  this->at = 0;
  memset(&this->batch, 0, sizeof this->batch);
  cohort_sql_error error = {0};
  if (this->host->advance(this->scan, &this->batch, &error)) {
    this->batch.count = 0;
    return report(base->pVtab, &error);
  }
  return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base) {
  cursor *this = (cursor *)base;
  return this->at >= this->batch.count;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number) {
  cursor *this = (cursor *)base;
  if (number < 0 || number >= COHORT_SQL_COLUMNS) return SQLITE_OK;
  cohort_sql_column *column = &this->batch.columns[number];
  int64_t row = this->batch.rows ? this->batch.rows[this->at] : this->at;
  cohort_sql_error error = {0};
  if (column->kind == COHORT_SQL_ABSENT) {
    int failed = this->host->load(this->scan, number, &this->batch, &error);
    if (failed || column->kind == COHORT_SQL_ABSENT) {
      cohort_sql_fail(context, &error);
      return error.code ? error.code : SQLITE_ERROR;
    }
  }
  switch (column->kind) {
    case COHORT_SQL_EACH: {
      cohort_sql_value value = {0};
      if (this->host->value(this->scan, number, row, &value, &error)) {
        cohort_sql_fail(context, &error);
        return error.code ? error.code : SQLITE_ERROR;
      }
      cohort_sql_result(context, &value);
      break;
    }
    case COHORT_SQL_SAME: cohort_sql_result(context, &column->same); break;
    case COHORT_SQL_COUNTED: sqlite3_result_int64(context, column->first + row); break;
    case COHORT_SQL_BYTES: sqlite3_result_int(context, ((const uint8_t *)column->data)[row]); break;
    case COHORT_SQL_WORDS: {
      uint32_t value = cohort_sql_word(column->data, row);
      if (column->has_none && value == column->none) sqlite3_result_null(context);
      else sqlite3_result_int64(context, value);
      break;
    }
    case COHORT_SQL_LONGS: {
      int64_t value;
      memcpy(&value, (const char *)column->data + row * 8, 8);
      sqlite3_result_int64(context, value);
      break;
    }
    case COHORT_SQL_FLOATS:
    case COHORT_SQL_MAGNITUDES:
    case COHORT_SQL_SIGNS: {
      uint32_t bits = cohort_sql_word(column->data, row);
      if (column->kind == COHORT_SQL_SIGNS) {
        sqlite3_result_int(context, (int)(bits >> 31));
        break;
      }
      if (column->kind == COHORT_SQL_MAGNITUDES) bits &= 0x7fffffff;
      float value;
      memcpy(&value, &bits, 4);
      sqlite3_result_double(context, value);
      break;
    }
    case COHORT_SQL_NAMES: {
      uint32_t value = cohort_sql_word(column->data, row);
      if (value >= column->name_count || (column->has_none && value == column->none)) sqlite3_result_null(context);
      else cohort_sql_result(context, &column->names[value]);
      break;
    }
    default: sqlite3_result_null(context);
  }
  return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
  cursor *this = (cursor *)base;
  const cohort_sql_column *column = NULL;
  int32_t number = ((table *)base->pVtab)->definition->description.row_id;
  if (number >= 0) column = &this->batch.columns[number];
  int64_t row = this->batch.rows ? this->batch.rows[this->at] : this->at;
  if (column && column->kind == COHORT_SQL_COUNTED) *out = column->first + row;
  else *out = this->before + this->at;
  return SQLITE_OK;
}

/// Without `xCreate` the table is there as soon as the module is.
static const sqlite3_module added = {
  .xConnect = connect_added,
  .xBestIndex = best_index,
  .xDisconnect = disconnect,
  .xOpen = open_cursor,
  .xClose = close_cursor,
  .xFilter = filter,
  .xNext = next,
  .xEof = is_at_end,
  .xColumn = column,
  .xRowid = row_id,
};

int cohort_sql_add_table(
  struct sqlite3 *connection, const cohort_sql_description *description, const cohort_sql_host *host, void *given) {
  definition *made = sqlite3_malloc64(sizeof *made);
  if (!made) {
    host->release(given);
    return SQLITE_NOMEM;
  }
  *made = (definition){.description = *description, .host = host, .table = given};
  return sqlite3_create_module_v2(connection, description->name, &added, made, release_definition);
}

// MARK: CREATE VIRTUAL TABLE

typedef struct {
  cohort_sql_maker maker;
  const cohort_sql_host *host;
  void *context;
} making;

static void release_making(void *pointer) {
  making *this = pointer;
  this->maker.release(this->context);
  sqlite3_free(this);
}

/// Takes quotes off a word of CREATE VIRTUAL TABLE, in place.
static void unquote(char *word) {
  size_t size = strlen(word);
  while (size > 0 && strchr(" \t\n\r", word[size - 1])) word[--size] = 0;
  size_t start = strspn(word, " \t\n\r");
  memmove(word, word + start, size - start + 1);
  char quote = word[0];
  if (quote != '\'' && quote != '"' && quote != '`') return;
  size_t to = 0;
  for (size_t from = 1; word[from]; from++) {
    if (word[from] == quote) {
      if (word[from + 1] != quote) break;
      from++;
    }
    word[to++] = word[from];
  }
  word[to] = 0;
}

static int connect_made(
  sqlite3 *connection, void *data, int count, const char *const *words, sqlite3_vtab **out, char **message) {
  making *this = data;
  int given = count > 3 ? count - 3 : 0;
  char **arguments = sqlite3_malloc64((sqlite3_uint64)given * sizeof *arguments + 1);
  if (!arguments) return SQLITE_NOMEM;
  int code = SQLITE_OK, kept = 0;
  for (; kept < given; kept++) {
    arguments[kept] = sqlite3_mprintf("%s", words[kept + 3]);
    if (!arguments[kept]) {
      code = SQLITE_NOMEM;
      break;
    }
    unquote(arguments[kept]);
  }
  definition *made = sqlite3_malloc64(sizeof *made);
  if (!made) code = SQLITE_NOMEM;
  if (code == SQLITE_OK) {
    cohort_sql_error error = {0};
    memset(made, 0, sizeof *made);
    made->host = this->host;
    if (this->maker.make(
          this->context, words[2], (const char *const *)arguments, given, &made->description, &made->table, &error)) {
      *message = sqlite3_mprintf("%s", error.text);
      code = error.code ? error.code : SQLITE_ERROR;
      sqlite3_free(made);
    } else {
      code = connect_definition(connection, made, 1, out, message);
      if (code != SQLITE_OK) release_definition(made);
    }
  } else {
    sqlite3_free(made);
  }
  for (int i = 0; i < kept; i++) sqlite3_free(arguments[i]);
  sqlite3_free(arguments);
  return code;
}

static const sqlite3_module created = {
  .xCreate = connect_made,
  .xConnect = connect_made,
  .xBestIndex = best_index,
  .xDisconnect = disconnect,
  .xDestroy = disconnect,
  .xOpen = open_cursor,
  .xClose = close_cursor,
  .xFilter = filter,
  .xNext = next,
  .xEof = is_at_end,
  .xColumn = column,
  .xRowid = row_id,
};

int cohort_sql_add_maker(
  struct sqlite3 *connection, const cohort_sql_maker *maker, const cohort_sql_host *host, void *context) {
  making *made = sqlite3_malloc64(sizeof *made);
  if (!made) {
    maker->release(context);
    return SQLITE_NOMEM;
  }
  *made = (making){.maker = *maker, .host = host, .context = context};
  return sqlite3_create_module_v2(connection, maker->module, &created, made, release_making);
}
