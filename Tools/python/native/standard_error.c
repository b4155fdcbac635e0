/* Archives that are made for executables may not reach `stderr` of the C library from within a shared library: they
 * reach this variable instead. */
#include <stdio.h>

FILE *cohort_standard_error;

__attribute__((constructor)) static void set(void) { cohort_standard_error = stderr; }
