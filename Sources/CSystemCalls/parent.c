#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

void cohort_die_with_parent(int parent) {
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may have ended before that.
    if (getppid() != parent) kill(getpid(), SIGKILL);
#else
    (void)parent;
#endif
}
