#ifndef COHORT_SQLITE_GUARD_H
#define COHORT_SQLITE_GUARD_H

struct sqlite3;
struct sqlite3_api_routines;

/// Takes from a connection what a query has no need of: writing shadow tables and the schema, trusting functions named
/// in the schema, triggers, loading extensions, FTS3 tokenizers by address, double-quoted strings.
///
/// In C because `sqlite3_db_config` is variadic, which Swift cannot call.
///
/// Returns SQLITE_OK or the first error code.
int cohort_sqlite_harden(struct sqlite3 *connection);

/// The functions of the SQLite that this program is linked with, as SQLite hands them to extensions: those that the virtual
/// tables call, and no others.
const struct sqlite3_api_routines *cohort_sqlite_routines(void);

/// From now on each page of a file with the name `catalog.sqlite` ends with a checksum, which is looked at whenever the page is
/// read (SQLITE_CORRUPT when it is wrong). Other files are left alone. Call it before the first connection, once; later calls
/// do nothing. In C because SQLite asks for tables of functions.
///
/// Returns SQLITE_OK or the error code.
int cohort_sqlite_check_pages(void);

/// Leaves room for those checksums in a file that is about to be made. In a file that has pages already nothing changes.
///
/// Returns SQLITE_OK or the error code.
int cohort_sqlite_reserve_sums(struct sqlite3 *connection);

#endif
