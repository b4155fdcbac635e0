/* `cohort` and `cohortd` among the scripts of a Python environment: run the program that the package holds, under the
 * name that was called. It is there once, for both names, and starts without Python. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where installers put packages, seen from the folder that holds `bin`: environments, the system's Python and Debian's
 * ways; the folder of `pip install --target`. */
static const char *const places[] = {
    "lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages",
    "local/lib/python3*/dist-packages", ".",
};

int main(int count, char **arguments) {
  (void)count;
  char own[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  if (length < 0) {
    fprintf(stderr, "%s: /proc/self/exe: %s\n", arguments[0], strerror(errno));
    return 127;
  }
  own[length] = 0;
  for (int i = 0; i < 2; i++) {
    char *slash = strrchr(own, '/');
    if (slash) *slash = 0;
  }

  /* One prefix may hold several versions of Python: these scripts are of what was installed last. */
  char program[PATH_MAX] = "";
  struct timespec newest = {0, 0};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    /* Signs that mean something in patterns mean themselves in the folder's name. */
    char pattern[2 * PATH_MAX + 64];
    size_t end = 0;
    for (const char *sign = own; *sign; sign++) {
      if (strchr("*?[\\", *sign)) pattern[end++] = '\\';
      pattern[end++] = *sign;
    }
    snprintf(pattern + end, sizeof pattern - end, "/%s/cohort/bin/cohort", places[i]);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) continue;
    for (size_t j = 0; j < found.gl_pathc; j++) {
      struct stat status;
      if (stat(found.gl_pathv[j], &status) != 0 || strlen(found.gl_pathv[j]) >= sizeof program) continue;
      struct timespec time = status.st_ctim;
      if (*program && (time.tv_sec < newest.tv_sec || (time.tv_sec == newest.tv_sec && time.tv_nsec <= newest.tv_nsec)))
        continue;
      newest = time;
      strcpy(program, found.gl_pathv[j]);
    }
    globfree(&found);
  }
  if (!*program) {
    fprintf(stderr, "%s: the Python package cohort is not below %s/; install it again with pip\n", arguments[0], own);
    return 127;
  }
  execv(program, arguments);
  fprintf(stderr, "%s: %s: %s\n", arguments[0], program, strerror(errno));
  return 126;
}
