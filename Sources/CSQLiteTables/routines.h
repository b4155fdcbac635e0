#ifndef COHORT_SQLITE_ROUTINES_H
#define COHORT_SQLITE_ROUTINES_H

// What the sources of this target share: SQLite by its table of routines, and values on their way.

#include "CSQLiteTables.h"

#include <sqlite3ext.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

/// Whether a release has a routine that came with it: 3.38 brought lists for IN.
static inline int cohort_sql_has(int version) { return sqlite3_libversion_number() >= version; }

/// Elements of columns lie where they lie: at any address.
static inline uint32_t cohort_sql_word(const void *data, int64_t row) {
  uint32_t value;
  memcpy(&value, (const char *)data + row * 4, 4);
  return value;
}

/// Gives SQLite a result. The bytes are copied.
void cohort_sql_result(sqlite3_context *context, const cohort_sql_value *value);

/// Gives SQLite an error as the result.
void cohort_sql_fail(sqlite3_context *context, const cohort_sql_error *error);

/// A value of SQLite's; bytes belong to SQLite.
cohort_sql_value cohort_sql_given(sqlite3_value *value);

#endif
