#ifndef COHORT_SQLITE_GUARD_H
#define COHORT_SQLITE_GUARD_H

#include <stdint.h>

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

/// Why a statement got no memory.
enum {
  /// It got all that it asked for.
  COHORT_SQLITE_GRANTED = 0,
  /// It would have had more than it may have.
  COHORT_SQLITE_FULL = 1,
  /// Its time was over.
  COHORT_SQLITE_LATE = 2,
};

/// What one statement takes of SQLite's memory, and may take.
///
/// Compiling a statement can take minutes and gigabytes without a call of any other hook: a part of WITH that is used twice is
/// copied twice, and so are the parts that it uses. But it cannot go on without memory. So the allocator is where memory and
/// the clock are looked at; whoever gets none is done soon, as after any failed allocation.
///
/// Of other statements that run at the same time, and of whoever writes the catalog, nothing is counted and nothing refused.
typedef struct {
  /// Bytes that the statement has, as the allocator rounds them.
  int64_t used;
  /// It gets no more than so many bytes. May be changed while it runs.
  int64_t most;
  /// When its time is over, by the clock that nobody sets, in nanoseconds.
  int64_t end;
  /// How often it asked.
  int64_t calls;
  int32_t is_late;
  /// One of the reasons above, the last there was.
  int32_t refusal;
} cohort_sqlite_heap;

/// From now on what this thread takes of SQLite's memory is counted in `heap`, which stays where it is until
/// `cohort_sqlite_heap_end` on the same thread.
///
/// Returns 0 where SQLite was in use before this program could give it its allocator; nothing is counted then.
int cohort_sqlite_heap_begin(cohort_sqlite_heap *heap, int64_t most, int64_t nanoseconds);

/// Nothing is counted or refused on this thread any more.
void cohort_sqlite_heap_end(void);

/// From now on each page of a file with the name `catalog.sqlite` or `search.sqlite` ends with a checksum, which is looked at
/// whenever the page is read (SQLITE_CORRUPT when it is wrong). Other files are left alone. Call it before the first connection, once; later calls
/// do nothing. In C because SQLite asks for tables of functions.
///
/// Returns SQLITE_OK or the error code.
int cohort_sqlite_check_pages(void);

/// Leaves room for those checksums in a file that is about to be made. In a file that has pages already nothing changes.
///
/// Returns SQLITE_OK or the error code.
int cohort_sqlite_reserve_sums(struct sqlite3 *connection);

#endif
