#include "routines.h"

SQLITE_EXTENSION_INIT1

int cohort_sql_use(const struct sqlite3_api_routines *routines) {
  if (sqlite3_api == routines) return 0;
  if (sqlite3_api) return 1;
  // What is asked of every release: 3.26 brought the settings of tables.
  if (routines->libversion_number() < 3026000) return 2;
  SQLITE_EXTENSION_INIT2(routines);
  return 0;
}

// Not in the header of every release.
#ifndef SQLITE_OK_LOAD_PERMANENTLY
#define SQLITE_OK_LOAD_PERMANENTLY (SQLITE_OK | (1 << 8))
#endif

int32_t cohort_sql_stay_loaded(void) { return SQLITE_OK_LOAD_PERMANENTLY; }

void cohort_sql_explain(char **message, const char *text) {
  if (message && sqlite3_api) *message = sqlite3_mprintf("%s", text);
}

int64_t cohort_sql_value_limit(struct sqlite3 *connection) { return sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, -1); }

int cohort_sql_is_interrupted(struct sqlite3 *connection) {
  // Releases before 3.41 cannot be asked. A statement that begins while another is interrupted is interrupted, too, and so it
  // is with a progress handler that wants the end.
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(connection, "SELECT 1", -1, &statement, NULL);
  if (code == SQLITE_OK) {
    code = sqlite3_step(statement);
    sqlite3_finalize(statement);
  }
  return code == SQLITE_INTERRUPT;
}

int cohort_sql_touch(struct sqlite3 *connection, const char *table) {
  char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\"", table);
  if (!sql) return SQLITE_NOMEM;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(connection, sql, -1, &statement, NULL);
  sqlite3_finalize(statement);
  sqlite3_free(sql);
  return code;
}

void cohort_sql_result(sqlite3_context *context, const cohort_sql_value *value) {
  switch (value->type) {
    case COHORT_SQL_INTEGER: sqlite3_result_int64(context, value->integer); break;
    case COHORT_SQL_REAL: sqlite3_result_double(context, value->real); break;
    case COHORT_SQL_TEXT:
      sqlite3_result_text64(
        context, value->bytes ? value->bytes : "", (sqlite3_uint64)value->size, SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    case COHORT_SQL_BLOB:
      if (value->size == 0) sqlite3_result_zeroblob(context, 0);
      else sqlite3_result_blob64(context, value->bytes, (sqlite3_uint64)value->size, SQLITE_TRANSIENT);
      break;
    default: sqlite3_result_null(context);
  }
}

void cohort_sql_fail(sqlite3_context *context, const cohort_sql_error *error) {
  // The code goes second: it keeps the text.
  sqlite3_result_error(context, error->text, -1);
  sqlite3_result_error_code(context, error->code ? error->code : SQLITE_ERROR);
}

cohort_sql_value cohort_sql_given(sqlite3_value *value) {
  cohort_sql_value given = {0};
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      given.type = COHORT_SQL_INTEGER;
      given.integer = sqlite3_value_int64(value);
      break;
    case SQLITE_FLOAT:
      given.type = COHORT_SQL_REAL;
      given.real = sqlite3_value_double(value);
      break;
    case SQLITE_TEXT:
      given.type = COHORT_SQL_TEXT;
      given.bytes = sqlite3_value_text(value);
      given.size = sqlite3_value_bytes(value);
      break;
    case SQLITE_BLOB:
      given.type = COHORT_SQL_BLOB;
      given.bytes = sqlite3_value_blob(value);
      given.size = sqlite3_value_bytes(value);
      break;
    default: break;
  }
  return given;
}
