#ifndef COHORT_DAMAGE_SIGNALS_H
#define COHORT_DAMAGE_SIGNALS_H

// What becomes of a process that a damaged page of a mapped store would end by a signal: SIGSEGV beyond the page, SIGBUS
// beyond the end of the file, SIGABRT by an assertion of LMDB. Signal handlers have to be C: nothing of Swift's runtime may run
// in them. They belong to programs: a library leaves the signals of its host alone, and installs nothing of this.

#include <stdint.h>

/// How the end is told.
enum {
    /// Lines for people on standard error.
    COHORT_DAMAGE_TEXT = 0,
    /// The same, and an object with an error on standard output.
    COHORT_DAMAGE_OBJECT = 1,
    /// A line of a log on standard error: `time=… level=error event=gave_up …`
    COHORT_DAMAGE_LOGFMT = 2,
    /// The same in JSON.
    COHORT_DAMAGE_LOG_JSON = 3,
    /// Not at all but by the word to the supervisor.
    COHORT_DAMAGE_SILENT = 4,
};

/// From now on SIGSEGV, SIGBUS and SIGABRT end the process with exit code 4 and a message with the place, if they come of a
/// store: the address lies in the map of a file `data.mdb`, or the thread is within a call of LMDB (`cohort_pages_begin`). All
/// others go where they went before.
/// - format: one of the above.
/// - word: a descriptor that gets 14 bytes before the end, or -1: uint32 10 | uint8 4 | uint8 signal | uint64 page, which is
///   2^64 - 1 when it is not known; little-endian.
void cohort_damage_install(int format, int word);

/// Names the store that is told of when an address tells nothing: the one that was opened last.
void cohort_damage_store(const char *folder);

/// For LMDB's assertions, which are no signals yet. Ends the process as above where the signals are installed; otherwise it
/// writes the message to standard error and returns (LMDB aborts then).
void cohort_damage_assertion(const char *text);

/// How deep the thread is in calls that read or change pages.
extern _Thread_local int cohort_pages_depth;

/// The thread is about to read or change pages.
static inline void cohort_pages_begin(void) { cohort_pages_depth++; }

/// It has done so.
static inline void cohort_pages_end(void) { cohort_pages_depth--; }

/// A file that is to be removed when the process ends by damage, or by `cohort_remove_drafts`.
/// - Returns: a number for `cohort_draft_done`, or -1 when there is no room to note it.
int cohort_draft_begun(const char *path);

/// The file has its own name now, or is gone.
void cohort_draft_done(int number);

/// Removes those that are not done. May be called in a signal handler.
void cohort_remove_drafts(void);

#endif
