// The names of SQLite's functions stand for the functions themselves here, not for fields of the table.
#define SQLITE_CORE 1

#include "CSQLiteGuard.h"

#include <sqlite3ext.h>

// As SQLite gives it to extensions that it loads. That one cannot be had without loading something, so this is its like, with
// what CSQLiteTables calls.
static const sqlite3_api_routines routines = {
  .bind_int64 = sqlite3_bind_int64,
  .bind_pointer = sqlite3_bind_pointer,
  .bind_text = sqlite3_bind_text,
  .busy_timeout = sqlite3_busy_timeout,
  .close_v2 = sqlite3_close_v2,
  .column_blob = sqlite3_column_blob,
  .column_bytes = sqlite3_column_bytes,
  .column_int64 = sqlite3_column_int64,
  .column_text = sqlite3_column_text,
  .context_db_handle = sqlite3_context_db_handle,
  .create_function_v2 = sqlite3_create_function_v2,
  .create_module_v2 = sqlite3_create_module_v2,
  .declare_vtab = sqlite3_declare_vtab,
  .errmsg = sqlite3_errmsg,
  .exec = sqlite3_exec,
  .finalize = sqlite3_finalize,
  .free = sqlite3_free,
  .get_auxdata = sqlite3_get_auxdata,
  .interruptx = sqlite3_interrupt,
  .libversion_number = sqlite3_libversion_number,
  .limit = sqlite3_limit,
  .malloc64 = sqlite3_malloc64,
  .mprintf = sqlite3_mprintf,
  .open_v2 = sqlite3_open_v2,
  .prepare_v2 = sqlite3_prepare_v2,
  .realloc64 = sqlite3_realloc64,
  .reset = sqlite3_reset,
  .result_blob64 = sqlite3_result_blob64,
  .result_double = sqlite3_result_double,
  .result_error = sqlite3_result_error,
  .result_error_code = sqlite3_result_error_code,
  .result_int = sqlite3_result_int,
  .result_int64 = sqlite3_result_int64,
  .result_null = sqlite3_result_null,
  .result_text64 = sqlite3_result_text64,
  .result_zeroblob = sqlite3_result_zeroblob,
  .set_auxdata = sqlite3_set_auxdata,
  .step = sqlite3_step,
  .stricmp = sqlite3_stricmp,
  .user_data = sqlite3_user_data,
  .value_blob = sqlite3_value_blob,
  .value_bytes = sqlite3_value_bytes,
  .value_double = sqlite3_value_double,
  .value_int64 = sqlite3_value_int64,
  .value_numeric_type = sqlite3_value_numeric_type,
  .value_text = sqlite3_value_text,
  .value_type = sqlite3_value_type,
  .vtab_collation = sqlite3_vtab_collation,
  .vtab_config = sqlite3_vtab_config,
  .vtab_in = sqlite3_vtab_in,
  .vtab_in_first = sqlite3_vtab_in_first,
  .vtab_in_next = sqlite3_vtab_in_next,
};

const struct sqlite3_api_routines *cohort_sqlite_routines(void) { return &routines; }
