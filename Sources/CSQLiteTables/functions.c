#include "routines.h"

#include <math.h>
#include <string.h>

// MARK: cosine(a, b)

static float element(const void *bytes, int64_t index) {
  float value;
  memcpy(&value, (const char *)bytes + index * 4, 4);
  return value;
}

/// Blobs of float32 of equal length. NULL where one is NULL or has no direction. Sums in Float64, in eight lanes.
static void cosine(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL) return;
  if (sqlite3_value_type(values[0]) != SQLITE_BLOB || sqlite3_value_type(values[1]) != SQLITE_BLOB) {
    sqlite3_result_error(context, "cosine takes two vectors: blobs of float32, as embeddings.vector is", -1);
    return;
  }
  const void *a = sqlite3_value_blob(values[0]), *b = sqlite3_value_blob(values[1]);
  int size = sqlite3_value_bytes(values[0]), other = sqlite3_value_bytes(values[1]);
  if (size != other || size % 4 != 0) {
    char *text = sqlite3_mprintf(
      "cosine takes two vectors of one dimension; these have %d and %d bytes: are they of different spaces?", size,
      other);
    sqlite3_result_error(context, text ? text : "vectors of two dimensions", -1);
    sqlite3_free(text);
    return;
  }
  double product[8] = {0}, left[8] = {0}, right[8] = {0};
  int64_t dimension = size / 4;
  for (int64_t i = 0; i < dimension; i++) {
    double x = element(a, i), y = element(b, i);
    product[i & 7] += x * y;
    left[i & 7] += x * x;
    right[i & 7] += y * y;
  }
  double p = 0, l = 0, r = 0;
  for (int lane = 0; lane < 8; lane++) {
    p += product[lane];
    l += left[lane];
    r += right[lane];
  }
  double norm = sqrt(l) * sqrt(r);
  if (norm > 0 && isfinite(norm)) sqlite3_result_double(context, fmax(-1, fmin(1, p / norm)));
}

// MARK: regexp(pattern, text)

typedef struct {
  int32_t (*must_stop)(void *context);
  void *context;
} regexp_watch;

static void free_pattern(void *pattern) { cohort_regexp_free(pattern); }

/// What `text REGEXP pattern` calls. A pattern that is the same for all rows is compiled once.
static void regexp(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL) return;
  cohort_regexp *pattern = sqlite3_get_auxdata(context, 0), *made = NULL;
  if (!pattern) {
    const char *reason = NULL;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    made = cohort_regexp_compile(text ? text : "", (size_t)sqlite3_value_bytes(values[0]), &reason);
    if (!made) {
      char *message = sqlite3_mprintf("the pattern of REGEXP cannot be used: %s", reason ? reason : "no memory");
      sqlite3_result_error(context, message ? message : "no memory", -1);
      sqlite3_free(message);
      return;
    }
    pattern = made;
  }
  const regexp_watch *watch = sqlite3_user_data(context);
  const char *text = (const char *)sqlite3_value_text(values[1]);
  int matches = cohort_regexp_matches(
    pattern, text ? text : "", (size_t)sqlite3_value_bytes(values[1]), watch->must_stop, watch->context);
  if (matches < 0) {
    sqlite3_interrupt(sqlite3_context_db_handle(context));
    sqlite3_result_error_code(context, SQLITE_INTERRUPT);
  } else {
    sqlite3_result_int(context, matches);
  }
  // Last: SQLite may free it at once.
  if (made) sqlite3_set_auxdata(context, 0, made, free_pattern);
}

static int flags_of(int32_t trust, int is_constant) {
  int flags = SQLITE_UTF8;
  if (is_constant) flags |= SQLITE_DETERMINISTIC;
  // Known since 3.31; older releases ignore what they do not know.
#ifdef SQLITE_DIRECTONLY
  if (trust == COHORT_SQL_DIRECT) flags |= SQLITE_DIRECTONLY;
#endif
#ifdef SQLITE_INNOCUOUS
  if (trust == COHORT_SQL_ANYWHERE) flags |= SQLITE_INNOCUOUS;
#endif
  return flags;
}

int cohort_sql_add_functions(
  struct sqlite3 *connection, int32_t trust, int32_t (*must_stop)(void *context), void *given) {
  int code = sqlite3_create_function_v2(
    connection, "cosine", 2, flags_of(trust, 1), NULL, cosine, NULL, NULL, NULL);
  if (code != SQLITE_OK) return code;
  regexp_watch *watch = sqlite3_malloc64(sizeof *watch);
  if (!watch) return SQLITE_NOMEM;
  *watch = (regexp_watch){.must_stop = must_stop, .context = given};
  return sqlite3_create_function_v2(
    connection, "regexp", 2, flags_of(trust, 1), watch, regexp, NULL, NULL, sqlite3_free);
}

// MARK: Functions of the host

typedef struct {
  cohort_sql_function function;
  void *context;
} hosted;

static void release_hosted(void *pointer) {
  hosted *this = pointer;
  this->function.release(this->context);
  sqlite3_free(this);
}

enum { MOST_ARGUMENTS = 4 };

static void call_host(sqlite3_context *context, int count, sqlite3_value **values) {
  hosted *this = sqlite3_user_data(context);
  if (count > MOST_ARGUMENTS) {
    sqlite3_result_error(context, "the function takes fewer arguments", -1);
    return;
  }
  cohort_sql_value given[MOST_ARGUMENTS], result = {0};
  for (int i = 0; i < count; i++) given[i] = cohort_sql_given(values[i]);
  cohort_sql_error error = {0};
  if (this->function.call(this->context, given, count, &result, &error)) cohort_sql_fail(context, &error);
  else cohort_sql_result(context, &result);
}

int cohort_sql_add_function(struct sqlite3 *connection, const cohort_sql_function *function, void *context) {
  hosted *made = sqlite3_malloc64(sizeof *made);
  if (!made) {
    function->release(context);
    return SQLITE_NOMEM;
  }
  *made = (hosted){.function = *function, .context = context};
  return sqlite3_create_function_v2(
    connection, function->name, function->arguments, flags_of(function->trust, function->is_constant), made, call_host,
    NULL, NULL, release_hosted);
}
