// Blocked Float32 products, compiled once per variant. Set before inclusion:
//   COHORT_SUFFIX   name of the variant
//   TILE_ROWS       rows of a tile: as many as its accumulators leave registers for
//   TILE_PANELS     panels of a tile, 1 or 2
//   HALF_TILE_ROWS  rows of a tile of half a panel, where registers are narrow enough for that to pay; else 0
//   LOAD_HALVES     sixteen half floats as single floats

/// Row-major rows times one or two packed panels. `rows_n` and `panels_n` are constants after inlining, so that the
/// accumulators live in registers.
static inline __attribute__((always_inline)) void VARIANT(tile)(
  const float *rows, size_t dimension, const float *panel, size_t panel_size, const int rows_n, const int panels_n,
  f32x16 products[TILE_ROWS][2]) {
  f32x16 sums[TILE_ROWS][2];
  for (int r = 0; r < rows_n; r++) {
    for (int p = 0; p < panels_n; p++) sums[r][p] = (f32x16){0};
  }
  const float *values = panel + COHORT_PANEL;
  for (size_t i = 0; i < dimension; i++) {
    f32x16 columns[2];
    for (int p = 0; p < panels_n; p++) {
      columns[p] = *(const f32x16_any *)(values + (size_t)p * panel_size + i * COHORT_PANEL);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows_n; r++) {
      const float value = rows[(size_t)r * dimension + i];
      for (int p = 0; p < panels_n; p++) sums[r][p] += value * columns[p];
    }
  }
  for (int r = 0; r < rows_n; r++) {
    for (int p = 0; p < panels_n; p++) products[r][p] = sums[r][p];
  }
}

#if HALF_TILE_ROWS
/// The same with the first eight columns of a panel; the products of the others are 0.
static inline __attribute__((always_inline)) void VARIANT(half_tile)(
  const float *rows, size_t dimension, const float *panel, const int rows_n, f32x16 products[HALF_TILE_ROWS][2]) {
  f32x8 sums[HALF_TILE_ROWS];
  for (int r = 0; r < rows_n; r++) sums[r] = (f32x8){0};
  const float *values = panel + COHORT_PANEL;
  for (size_t i = 0; i < dimension; i++) {
    const f32x8 columns = *(const f32x8_any *)(values + i * COHORT_PANEL);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows_n; r++) sums[r] += rows[(size_t)r * dimension + i] * columns;
  }
  const f32x8 none = {0};
  for (int r = 0; r < rows_n; r++) {
    products[r][0] = __builtin_shufflevector(sums[r], none, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}
#endif

/// Takes a tile's products into the running minima of its rows, lane by lane.
static inline __attribute__((always_inline)) void VARIANT(take)(
  lane_minima *minima, f32x16 (*products)[2], const float *scales, const float *panel, size_t panel_size,
  int32_t number, const int rows_n, const int panels_n) {
  for (int p = 0; p < panels_n; p++) {
    const f32x16 half_norms = *(const f32x16_any *)(panel + (size_t)p * panel_size);
    const i32x16 here = (i32x16){0} + (number + p);
    for (int r = 0; r < rows_n; r++) {
      lane_minima *row = minima + r;
      const f32x16 scores = half_norms - scales[r] * products[r][p];
      const i32x16 closer = scores < row->best;
      row->second = __builtin_elementwise_min(row->second, __builtin_elementwise_max(row->best, scores));
      row->best = __builtin_elementwise_min(row->best, scores);
      row->panel = (closer & here) | (~closer & row->panel);
    }
  }
}

/// The least of sixteen lanes, by halves.
static inline __attribute__((always_inline)) float VARIANT(least)(const f32x16 *lanes) {
  const f32x16 v = *lanes;
  f32x16 w = __builtin_elementwise_min(
    v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  w = __builtin_elementwise_min(
    w, __builtin_shufflevector(w, w, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  w = __builtin_elementwise_min(
    w, __builtin_shufflevector(w, w, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return w[0] < w[1] ? w[0] : w[1];
}

/// Brings the sixteen lanes of a row together.
static inline __attribute__((always_inline)) cohort_nearest VARIANT(reduce)(const lane_minima *minima) {
  const float best = VARIANT(least)(&minima->best);
  int lane = 0;
  while (lane < COHORT_PANEL - 1 && minima->best[lane] != best) lane++;
  f32x16 others = minima->best;
  others[lane] = minima->second[lane];
  return (cohort_nearest){
    .column = (uint32_t)minima->panel[lane] * COHORT_PANEL + (uint32_t)lane, .best = best,
    .second = VARIANT(least)(&others)};
}

#define TILE_STEP(ROWS, PANELS)                                                                         \
  do {                                                                                                  \
    f32x16 products[TILE_ROWS][2];                                                                      \
    VARIANT(tile)(rows + row * dimension, dimension, panel, panel_size, ROWS, PANELS, products);        \
    VARIANT(take)(                                                                                      \
      minima + row, products, scales + row, panel, panel_size, (int32_t)number, ROWS, PANELS);          \
    row += ROWS;                                                                                        \
  } while (0)

#define HALF_TILE_STEP(ROWS)                                                                            \
  do {                                                                                                  \
    f32x16 products[HALF_TILE_ROWS][2];                                                                 \
    VARIANT(half_tile)(rows + row * dimension, dimension, panel, ROWS, products);                       \
    VARIANT(take)(minima + row, products, scales + row, panel, panel_size, (int32_t)number, ROWS, 1);   \
    row += ROWS;                                                                                        \
  } while (0)

/// `count` rows (at most BLOCK_ROWS) against all panels. Of the last one, columns from the ninth on may be left out when
/// they are empty.
static void VARIANT(nearest_block)(
  const float *rows, const float *scales, size_t count, size_t dimension, const float *packed, size_t columns,
  lane_minima *minima) {
  const size_t panel_size = COHORT_PANEL * (dimension + 1);
  size_t panels = (columns + COHORT_PANEL - 1) / COHORT_PANEL, number = 0;
#if HALF_TILE_ROWS
  const int is_half = columns % COHORT_PANEL != 0 && columns % COHORT_PANEL <= COHORT_PANEL / 2;
  panels -= is_half;
#endif
#if TILE_PANELS == 2
  for (; number + 2 <= panels; number += 2) {
    const float *panel = packed + number * panel_size;
    size_t row = 0;
    while (row + TILE_ROWS <= count) TILE_STEP(TILE_ROWS, 2);
    while (row + 2 <= count) TILE_STEP(2, 2);
    while (row < count) TILE_STEP(1, 2);
  }
#endif
  for (; number < panels; number++) {
    const float *panel = packed + number * panel_size;
    size_t row = 0;
    while (row + TILE_ROWS <= count) TILE_STEP(TILE_ROWS, 1);
    while (row + 2 <= count) TILE_STEP(2, 1);
    while (row < count) TILE_STEP(1, 1);
  }
#if HALF_TILE_ROWS
  if (is_half) {
    const float *panel = packed + number * panel_size;
    size_t row = 0;
    while (row + HALF_TILE_ROWS <= count) HALF_TILE_STEP(HALF_TILE_ROWS);
    while (row + 2 <= count) HALF_TILE_STEP(2);
    while (row < count) HALF_TILE_STEP(1);
  }
#endif
}

#undef HALF_TILE_STEP
#undef TILE_STEP

static void VARIANT(nearest_columns)(
  const float *rows, const float *scales, size_t count, size_t dimension, const float *packed, size_t columns,
  cohort_nearest *out) {
  lane_minima minima[BLOCK_ROWS];
  float ones[BLOCK_ROWS];
  for (size_t i = 0; i < BLOCK_ROWS; i++) ones[i] = 1;
  const size_t block = block_rows(dimension);
  for (size_t start = 0; start < count; start += block) {
    const size_t n = count - start < block ? count - start : block;
    for (size_t i = 0; i < n; i++) {
      minima[i].best = (f32x16){0} + INFINITY;
      minima[i].second = minima[i].best;
      minima[i].panel = (i32x16){0};
    }
    VARIANT(nearest_block)(
      rows + start * dimension, scales ? scales + start : ones, n, dimension, packed, columns, minima);
    for (size_t i = 0; i < n; i++) out[start + i] = VARIANT(reduce)(minima + i);
  }
}

static inline __attribute__((always_inline)) float VARIANT(total)(const f32x16 *lanes) {
  const f32x16 v = *lanes;
  f32x16 w = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  w += __builtin_shufflevector(w, w, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  w += __builtin_shufflevector(w, w, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return w[0] + w[1];
}

/// The factor that makes a row's length 1; 0 when its length is no number to rely on.
static inline __attribute__((always_inline)) float VARIANT(inverse)(float squares) {
  return squares > 0x1p-80f && squares < 0x1p80f ? 1 / sqrtf(squares) : 0;
}

static inline __attribute__((always_inline)) float VARIANT(half)(const uint16_t *from) {
  float value;
  cohort_half_to_float_by(COHORT_PATH_PLAIN, from, &value, 1);
  return value;
}

/// Converts a row; returns the factor that makes its length 1.
static inline __attribute__((always_inline)) float VARIANT(convert_row)(
  const uint16_t *halves, float *row, size_t dimension) {
  f32x16 squares[2] = {{0}, {0}};
  size_t i = 0;
  for (; i + 32 <= dimension; i += 32) {
    for (int h = 0; h < 2; h++) {
      f32x16 values;
      LOAD_HALVES(values, halves + i + 16 * h);
      *(f32x16_any *)(row + i + 16 * h) = values;
      squares[h] += values * values;
    }
  }
  for (; i < dimension; i++) {
    row[i] = VARIANT(half)(halves + i);
    squares[0][i & 15] += row[i] * row[i];
  }
  const f32x16 sum = squares[0] + squares[1];
  return VARIANT(inverse)(VARIANT(total)(&sum));
}

/// One row against `count` plain columns, along the dimension: with so few columns that most of a panel would be empty.
/// `count` is a constant after inlining.
static inline __attribute__((always_inline)) float VARIANT(least_of_few)(
  const uint16_t *halves, const float *plain, const float *packed, const uint32_t *choices, size_t dimension,
  const int count) {
  const float *columns[COHORT_FEW];
  f32x16 sums[COHORT_FEW], squares = {0};
  for (int c = 0; c < count; c++) {
    columns[c] = plain + choices[c] * dimension;
    sums[c] = (f32x16){0};
  }
  size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    f32x16 values;
    LOAD_HALVES(values, halves + i);
    squares += values * values;
#pragma clang loop unroll(full)
    for (int c = 0; c < count; c++) sums[c] += values * *(const f32x16_any *)(columns[c] + i);
  }
  for (; i < dimension; i++) {
    const float value = VARIANT(half)(halves + i);
    squares[i & 15] += value * value;
    for (int c = 0; c < count; c++) sums[c][i & 15] += value * columns[c][i];
  }
  const float inverse = VARIANT(inverse)(VARIANT(total)(&squares));
  if (inverse == 0) return -INFINITY;
  float least = INFINITY;
  for (int c = 0; c < count; c++) {
    const float score = cohort_packed_half_norm(packed, dimension, choices[c]) - inverse * VARIANT(total)(&sums[c]);
    least = score < least ? score : least;
  }
  return least;
}

/// Rows come from the map: asks for the lines of one that is due soon.
static inline __attribute__((always_inline)) void VARIANT(ask)(
  const uint16_t *const *rows, size_t row, size_t count, size_t dimension) {
  if (row + PREFETCH_ROWS >= count) return;
  const char *soon = (const char *)rows[row + PREFETCH_ROWS];
  for (size_t at = 0; at < dimension * 2; at += 64) __builtin_prefetch(soon + at);
}

static void VARIANT(least_scores_of_few)(
  const uint16_t *const *rows, size_t count, size_t dimension, const float *plain, const float *packed,
  const uint32_t *choices, const uint8_t *counts, float *least) {
  for (size_t r = 0; r < count; r++) {
    VARIANT(ask)(rows, r, count, dimension);
    const uint32_t *some = choices + r * COHORT_FEW;
    switch (counts[r]) {
#define FEW_CASE(N) \
  case N: least[r] = VARIANT(least_of_few)(rows[r], plain, packed, some, dimension, N); break
      FEW_CASE(1);
      FEW_CASE(2);
      FEW_CASE(3);
      FEW_CASE(4);
      FEW_CASE(5);
    default: least[r] = VARIANT(least_of_few)(rows[r], plain, packed, some, dimension, COHORT_FEW);
#undef FEW_CASE
    }
  }
}

static void VARIANT(least_scores_of_halves)(
  const uint16_t *const *rows, size_t count, size_t dimension, const float *packed, size_t columns, float *scratch,
  float *least) {
  for (size_t start = 0; start < count; start += COHORT_HALF_ROWS) {
    const size_t n = count - start < COHORT_HALF_ROWS ? count - start : COHORT_HALF_ROWS;
    float *const out = least + start;
    lane_minima minima[COHORT_HALF_ROWS];
    for (size_t r = 0; r < n; r++) {
      VARIANT(ask)(rows, start + r, count, dimension);
      out[r] = VARIANT(convert_row)(rows[start + r], scratch + r * dimension, dimension);
      minima[r].best = (f32x16){0} + INFINITY;
      minima[r].second = minima[r].best;
      minima[r].panel = (i32x16){0};
    }
    VARIANT(nearest_block)(scratch, out, n, dimension, packed, columns, minima);
    for (size_t r = 0; r < n; r++) out[r] = out[r] == 0 ? -INFINITY : VARIANT(least)(&minima[r].best);
  }
}

#define TILE_STEP(ROWS, PANELS)                                                                         \
  do {                                                                                                  \
    f32x16 products[TILE_ROWS][2];                                                                      \
    VARIANT(tile)(rows + row * dimension, dimension, panel, panel_size, ROWS, PANELS, products);        \
    for (int r = 0; r < ROWS; r++) {                                                                    \
      for (int p = 0; p < PANELS; p++) {                                                                \
        *(f32x16_any *)(out + (row + (size_t)r) * stride + (number + (size_t)p) * COHORT_PANEL) =       \
          products[r][p];                                                                               \
      }                                                                                                 \
    }                                                                                                   \
    row += ROWS;                                                                                        \
  } while (0)

static void VARIANT(inner_products)(
  const float *rows, size_t count, size_t dimension, const float *packed, size_t columns, float *out, size_t stride) {
  const size_t panels = (columns + COHORT_PANEL - 1) / COHORT_PANEL;
  const size_t panel_size = COHORT_PANEL * (dimension + 1);
  for (size_t number = 0; number < panels; number++) {
    const float *panel = packed + number * panel_size;
    size_t row = 0;
    while (row + TILE_ROWS <= count) TILE_STEP(TILE_ROWS, 1);
    while (row < count) TILE_STEP(1, 1);
  }
}

#undef TILE_STEP
