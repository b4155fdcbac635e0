#include "path.h"
#include "vectors.h"

#include <math.h>

#define COHORT_SUFFIX _plain
#include "spared_body.h"
#undef COHORT_SUFFIX

#if COHORT_X86

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define COHORT_SUFFIX _avx2
#include "spared_body.h"
#undef COHORT_SUFFIX
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define COHORT_SUFFIX _avx512
#include "spared_body.h"
#undef COHORT_SUFFIX
#pragma clang attribute pop

#endif

double cohort_spared_distances(
  cohort_path path, double square, size_t count, const double *squares, const float *products, double error,
  float *from_own, float *from_others) {
  COHORT_DISPATCH(path, spared_distances, square, count, squares, products, error, from_own, from_others);
}
