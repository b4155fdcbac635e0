#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <errno.h>
#include <fcntl.h>

int cohort_punch_hole(int descriptor, int64_t offset, int64_t count) {
#if defined(__linux__)
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
#else
    (void)descriptor;
    (void)offset;
    (void)count;
    errno = EOPNOTSUPP;
    return -1;
#endif
}
