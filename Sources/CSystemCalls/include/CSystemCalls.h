#ifndef COHORT_SYSTEM_CALLS_H
#define COHORT_SYSTEM_CALLS_H

// System calls that Swift cannot reach: the C library declares them for GNU programs only.

#include "CDamageSignals.h"

#include <stdint.h>

/// Gives the blocks of a piece of a file back to the file system; the piece reads as zeros from then on, and the file stays as
/// long as it is.
/// - Returns: 0, or -1 with `errno`: EOPNOTSUPP where the file system or the platform cannot do it.
int cohort_punch_hole(int descriptor, int64_t offset, int64_t count);

/// From now on this process is killed when its parent ends; at once if that is not `parent` any more. Nothing happens where the
/// platform cannot do it.
void cohort_die_with_parent(int parent);

#endif
