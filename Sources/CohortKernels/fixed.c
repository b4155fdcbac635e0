#include "path.h"
#include "vectors.h"

#include <math.h>
#include <string.h>

// Macros, because a function that returns a 64-byte vector has no one ABI.

/// Eight floats as eight doubles.
#define WIDEN(values) __builtin_convertvector(*(const f32x8_any *)(values), f64x8)

/// Eight floats times 2^32, rounded to integers: adding 1.5 2^52 leaves them in the low bits of the sum.
#define ROUNDER 0x1.8p52
#define FIXED_POINT(values) ((i64x8)(WIDEN(values) * 0x1p32 + ROUNDER) - (i64x8)((f64x8){0} + ROUNDER))

/// Rows that are projected and then summed while they are in the first-level cache.
#define SUMMED_ROWS 12

#define COHORT_SUFFIX _plain
#define HALF_TO_FLOAT(from, to, count) cohort_half_to_float_by(COHORT_PATH_PLAIN, from, to, count)
#include "fixed_body.h"
#undef HALF_TO_FLOAT
#undef COHORT_SUFFIX

#if COHORT_X86

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define COHORT_SUFFIX _avx2
#define HALF_TO_FLOAT(from, to, count) cohort_half_to_float_by(COHORT_PATH_AVX2, from, to, count)
#include "fixed_body.h"
#undef HALF_TO_FLOAT
#undef COHORT_SUFFIX
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define COHORT_SUFFIX _avx512
#define HALF_TO_FLOAT(from, to, count) cohort_half_to_float_by(COHORT_PATH_AVX512, from, to, count)
#include "fixed_body.h"
#undef HALF_TO_FLOAT
#undef COHORT_SUFFIX
#pragma clang attribute pop

#endif

int cohort_same_floats(const float *a, const float *b, size_t count) {
  return count == 0 || memcmp(a, b, count * sizeof *a) == 0;
}

double cohort_sum_of_squares(const float *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
  return sum;
}

double cohort_fixed_squares(cohort_path path, const float *values, size_t dimension) {
  COHORT_DISPATCH(path, squares, values, dimension);
}

void cohort_normalize(
  cohort_path path, cohort_sum_order order, float *rows, size_t count, size_t dimension, uint8_t *present) {
  COHORT_DISPATCH(path, normalize, order, rows, count, dimension, present);
}

void cohort_scale(cohort_path path, float *row, size_t dimension, float factor) {
  COHORT_DISPATCH(path, scale, row, dimension, factor);
}

void cohort_inverse_norms(
  cohort_path path, float *rows, size_t count, size_t dimension, uint8_t *present, float *inverses) {
  COHORT_DISPATCH(path, inverse_norms, rows, count, dimension, present, inverses);
}

void cohort_read_halves(
  cohort_path path, const uint16_t *const *from, size_t count, size_t dimension, int is_normalized, float *rows,
  uint8_t *present, float *inverses) {
  COHORT_DISPATCH(path, read_halves, from, count, dimension, is_normalized, rows, present, inverses);
}

double cohort_squared_distance(cohort_path path, const float *a, const float *b, size_t dimension) {
  COHORT_DISPATCH(path, squared_distance, a, b, dimension);
}

size_t cohort_nearest_fixed(
  cohort_path path, const float *row, const float *centroids, const uint32_t *ids, size_t count, size_t dimension,
  double *distance) {
  COHORT_DISPATCH(path, nearest_fixed, row, centroids, ids, count, dimension, distance);
}

double cohort_dot(cohort_path path, const float *row, const double *direction, size_t dimension) {
  COHORT_DISPATCH(path, dot, row, direction, dimension);
}

void cohort_add_scaled(cohort_path path, double *sum, const float *row, double weight, size_t dimension) {
  COHORT_DISPATCH(path, add_scaled, sum, row, weight, dimension);
}

void cohort_project(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *direction, float *products) {
  COHORT_DISPATCH(path, project, rows, count, dimension, direction, products);
}

float cohort_gain(cohort_path path, const float *products, const float *nearest, size_t count, float error) {
  COHORT_DISPATCH(path, gain, products, nearest, count, error);
}

void cohort_project_and_sum(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *direction, float offset,
  int is_choice, float *weights, float *sum) {
  COHORT_DISPATCH(path, project_and_sum, rows, count, dimension, direction, offset, is_choice, weights, sum);
}

void cohort_sum_add(cohort_path path, int64_t *sum, const float *row, size_t dimension) {
  COHORT_DISPATCH(path, sum_add, sum, row, dimension);
}

void cohort_sum_subtract(cohort_path path, int64_t *sum, const float *row, size_t dimension) {
  COHORT_DISPATCH(path, sum_subtract, sum, row, dimension);
}

void cohort_sum_measure(
  cohort_path path, const int64_t *sum, double count, const float *centroid, size_t dimension, double *norm,
  double *drift) {
  COHORT_DISPATCH(path, sum_measure, sum, count, centroid, dimension, norm, drift);
}

void cohort_sum_mean(const int64_t *sum, double count, float *mean, size_t dimension) {
  for (size_t i = 0; i < dimension; i++) mean[i] = (float)((double)sum[i] * 0x1p-32 / count);
}
