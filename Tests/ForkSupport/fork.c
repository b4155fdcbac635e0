#include "ForkSupport.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int cohort_fork_and_wait(int (*body)(void *context), void *context, unsigned seconds) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    // Whatever the test runner does with the signal: here it ends the process.
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &alarms, NULL);
    alarm(seconds);
    _exit(body(context));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COHORT_THREAD_SANITIZER 1
#endif
#endif

int cohort_fork_is_possible(void) {
#ifdef COHORT_THREAD_SANITIZER
  return 0;
#else
  return 1;
#endif
}
