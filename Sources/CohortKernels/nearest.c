#include "path.h"
#include "vectors.h"

#include <math.h>
#include <string.h>

/// Rows that share a panel while it is in the first-level cache.
#define BLOCK_ROWS 96

/// Half rows that are converted together into the first-level cache.
#define COHORT_HALF_ROWS 12

typedef struct {
  f32x16 best;
  f32x16 second;
  i32x16 panel;
} lane_minima;

/// Rows of a block: whole tiles of 12, about 144 KiB of them, so that they stay in the second-level cache.
static size_t block_rows(size_t dimension) {
  const size_t fitting = (size_t)36864 / (dimension ? dimension : 1) / 12 * 12;
  return fitting < 12 ? 12 : fitting > BLOCK_ROWS ? BLOCK_ROWS : fitting;
}

// Without instructions for half floats the compiler would call its library, so the plain path converts by hand.
#define LOAD_HALVES(values, from) cohort_half_to_float_by(COHORT_PATH_PLAIN, from, (float *)&(values), 16)

#define TILE_ROWS 3
#define TILE_PANELS 1
#define HALF_TILE_ROWS 6
#define COHORT_SUFFIX _plain
#include "nearest_body.h"
#undef COHORT_SUFFIX
#undef HALF_TILE_ROWS
#undef TILE_PANELS
#undef TILE_ROWS

#if COHORT_X86

typedef _Float16 f16x16_any __attribute__((vector_size(32), aligned(2), may_alias));
#undef LOAD_HALVES
#define LOAD_HALVES(values, from) values = __builtin_convertvector(*(const f16x16_any *)(from), f32x16)

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define TILE_ROWS 6
#define TILE_PANELS 1
#define HALF_TILE_ROWS 12
#define COHORT_SUFFIX _avx2
#include "nearest_body.h"
#undef COHORT_SUFFIX
#undef HALF_TILE_ROWS
#undef TILE_PANELS
#undef TILE_ROWS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define TILE_ROWS 12
#define TILE_PANELS 2
#define HALF_TILE_ROWS 0
#define COHORT_SUFFIX _avx512
#include "nearest_body.h"
#undef COHORT_SUFFIX
#undef HALF_TILE_ROWS
#undef TILE_PANELS
#undef TILE_ROWS
#pragma clang attribute pop

#endif

void cohort_nearest_columns(
  cohort_path path, const float *rows, const float *scales, size_t count, size_t dimension, const float *packed,
  size_t columns, cohort_nearest *out) {
  COHORT_DISPATCH(path, nearest_columns, rows, scales, count, dimension, packed, columns, out);
}

size_t cohort_half_scratch(size_t dimension) { return COHORT_HALF_ROWS * dimension; }

void cohort_least_scores_of_halves(
  cohort_path path, const uint16_t *const *rows, size_t count, size_t dimension, const float *packed, size_t columns,
  float *scratch, float *least) {
  COHORT_DISPATCH(path, least_scores_of_halves, rows, count, dimension, packed, columns, scratch, least);
}

void cohort_least_scores_of_few(
  cohort_path path, const uint16_t *const *rows, size_t count, size_t dimension, const float *plain, const float *packed,
  const uint32_t *choices, const uint8_t *counts, float *least) {
  COHORT_DISPATCH(path, least_scores_of_few, rows, count, dimension, plain, packed, choices, counts, least);
}

void cohort_inner_products(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *packed, size_t columns, float *out,
  size_t stride) {
  COHORT_DISPATCH(path, inner_products, rows, count, dimension, packed, columns, out, stride);
}

double cohort_score_error(size_t dimension, double row_norm, double column_norm) {
  return 0x1p-24 * (((double)dimension + 8) * row_norm * column_norm + 2 * column_norm * column_norm);
}

size_t cohort_packed_size(size_t columns, size_t dimension) {
  return (columns + COHORT_PANEL - 1) / COHORT_PANEL * COHORT_PANEL * (dimension + 1);
}

void cohort_pack_erase(float *packed, size_t dimension, size_t column) {
  float *panel = packed + column / COHORT_PANEL * COHORT_PANEL * (dimension + 1) + column % COHORT_PANEL;
  panel[0] = INFINITY;
  for (size_t i = 0; i < dimension; i++) panel[(i + 1) * COHORT_PANEL] = 0;
}

void cohort_pack_clear(float *packed, size_t columns, size_t dimension) {
  const size_t panels = (columns + COHORT_PANEL - 1) / COHORT_PANEL, size = COHORT_PANEL * (dimension + 1);
  for (float *panel = packed; panel < packed + panels * size; panel += size) {
    for (size_t i = 0; i < COHORT_PANEL; i++) panel[i] = INFINITY;
    memset(panel + COHORT_PANEL, 0, (size - COHORT_PANEL) * sizeof *panel);
  }
}

void cohort_pack_column(float *packed, size_t dimension, size_t column, const float *values) {
  float *panel = packed + column / COHORT_PANEL * COHORT_PANEL * (dimension + 1) + column % COHORT_PANEL;
  panel[0] = (float)(cohort_fixed_squares(COHORT_PATH_BEST, values, dimension) / 2);
  for (size_t i = 0; i < dimension; i++) panel[(i + 1) * COHORT_PANEL] = values[i];
}

float cohort_packed_half_norm(const float *packed, size_t dimension, size_t column) {
  return packed[column / COHORT_PANEL * COHORT_PANEL * (dimension + 1) + column % COHORT_PANEL];
}
