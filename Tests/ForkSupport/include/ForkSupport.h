#ifndef FORK_SUPPORT_H
#define FORK_SUPPORT_H

// Swift has no way to call `fork`, and no rule against a child that goes on in Swift: tests need one that does.

/// Forks, and runs `body` with `context` in the child, which ends with what it returns (0 to 255) as its exit code, with
/// no handler or destructor run. A child that takes longer than `seconds` is ended by SIGALRM.
/// Returns the child's wait status (0: it ended with exit code 0), or -1 if there was no child.
int cohort_fork_and_wait(int (*body)(void *context), void *context, unsigned seconds);

/// 0 under the thread sanitizer, which holds its own locks while a fork waits for ours, and hangs.
int cohort_fork_is_possible(void);

#endif
