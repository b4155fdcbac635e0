// Fixed-order Float64 arithmetic, compiled once per variant. Set before inclusion: COHORT_SUFFIX, and HALF_TO_FLOAT, the
// conversion of a row.
//
// Sixteen lanes in two vectors; the last `dimension mod 16` elements go to lanes 0, 1, ... as all others do. Products are
// never fused with additions (FP_CONTRACT OFF), so registers of any width give the same bits.

#pragma STDC FP_CONTRACT OFF

static inline __attribute__((always_inline)) double VARIANT(add_lanes)(const f64x8 *low, const f64x8 *high) {
  const f64x8 sum = *low + *high;
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static double VARIANT(squared_distance)(const float *a, const float *b, size_t dimension) {
  f64x8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    const f64x8 first = WIDEN(a + i) - WIDEN(b + i);
    const f64x8 second = WIDEN(a + i + 8) - WIDEN(b + i + 8);
    low += first * first;
    high += second * second;
  }
  for (size_t lane = 0; i < dimension; i++, lane++) {
    const double difference = (double)a[i] - (double)b[i];
    if (lane < 8) low[lane] += difference * difference;
    else high[lane - 8] += difference * difference;
  }
  return VARIANT(add_lanes)(&low, &high);
}

static size_t VARIANT(nearest_fixed)(
  const float *row, const float *centroids, const uint32_t *ids, size_t count, size_t dimension, double *distance) {
  size_t nearest = 0;
  double least = VARIANT(squared_distance)(row, centroids, dimension);
  for (size_t i = 1; i < count; i++) {
    const double other = VARIANT(squared_distance)(row, centroids + i * dimension, dimension);
    if (other < least || (other == least && ids[i] < ids[nearest])) {
      least = other;
      nearest = i;
    }
  }
  *distance = least;
  return nearest;
}

static double VARIANT(dot)(const float *row, const double *direction, size_t dimension) {
  f64x8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    low += WIDEN(row + i) * *(const f64x8_any *)(direction + i);
    high += WIDEN(row + i + 8) * *(const f64x8_any *)(direction + i + 8);
  }
  for (size_t lane = 0; i < dimension; i++, lane++) {
    const double product = (double)row[i] * direction[i];
    if (lane < 8) low[lane] += product;
    else high[lane - 8] += product;
  }
  return VARIANT(add_lanes)(&low, &high);
}

static void VARIANT(add_scaled)(double *sum, const float *row, double weight, size_t dimension) {
  size_t i = 0;
  for (; i + 8 <= dimension; i += 8) *(f64x8_any *)(sum + i) += WIDEN(row + i) * weight;
  for (; i < dimension; i++) sum[i] += (double)row[i] * weight;
}

static double VARIANT(squares)(const float *row, size_t dimension) {
  f64x8 low = {0}, high = {0};
  size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    const f64x8 first = WIDEN(row + i), second = WIDEN(row + i + 8);
    low += first * first;
    high += second * second;
  }
  for (size_t lane = 0; i < dimension; i++, lane++) {
    const double value = row[i];
    if (lane < 8) low[lane] += value * value;
    else high[lane - 8] += value * value;
  }
  return VARIANT(add_lanes)(&low, &high);
}

/// The one rule of normalisation, for a row whose squares have this sum: its state, and the factor that is left to apply.
static inline __attribute__((always_inline)) uint8_t VARIANT(inverse_norm)(
  float *row, size_t dimension, double squares, float *inverse) {
  *inverse = 0;
  if (!isfinite(squares)) return 2;
  if (!(squares > 0)) return 0;
  const double scale = 1 / sqrt(squares);
  *inverse = (float)scale;
  if (scale > 0x1p-100 && scale < 0x1p100) return 1;
  for (size_t i = 0; i < dimension; i++) row[i] = (float)((double)row[i] * scale);
  *inverse = 1;
  return 1;
}

static void VARIANT(inverse_norms)(
  float *rows, size_t count, size_t dimension, uint8_t *present, float *inverses) {
  for (size_t r = 0; r < count; r++) {
    float *row = rows + r * dimension;
    inverses[r] = 0;
    if (!present[r]) continue;
    present[r] = VARIANT(inverse_norm)(row, dimension, VARIANT(squares)(row, dimension), inverses + r);
  }
}

static void VARIANT(scale)(float *row, size_t dimension, float factor) {
  if (factor == 1) return;
  for (size_t i = 0; i < dimension; i++) row[i] *= factor;
}

static void VARIANT(normalize)(
  cohort_sum_order order, float *rows, size_t count, size_t dimension, uint8_t *present) {
  for (size_t r = 0; r < count; r++) {
    if (!present[r]) continue;
    float *row = rows + r * dimension, inverse;
    const double squares =
      order == COHORT_SUM_IN_ORDER ? cohort_sum_of_squares(row, dimension) : VARIANT(squares)(row, dimension);
    present[r] = VARIANT(inverse_norm)(row, dimension, squares, &inverse);
    if (present[r] == 1) VARIANT(scale)(row, dimension, inverse);
  }
}

static void VARIANT(read_halves)(
  const uint16_t *const *from, size_t count, size_t dimension, int is_normalized, float *rows, uint8_t *present,
  float *inverses) {
  for (size_t r = 0; r < count; r++) {
    if (r + PREFETCH_ROWS < count && from[r + PREFETCH_ROWS]) {
      const char *soon = (const char *)from[r + PREFETCH_ROWS];
      for (size_t at = 0; at < dimension * 2; at += 64) __builtin_prefetch(soon + at);
    }
    float *row = rows + r * dimension;
    present[r] = from[r] != 0;
    if (from[r]) HALF_TO_FLOAT(from[r], row, dimension);
    VARIANT(inverse_norms)(row, 1, dimension, present + r, inverses + r);
    if (!is_normalized || present[r] != 1) continue;
    VARIANT(scale)(row, dimension, inverses[r]);
    inverses[r] = 1;
  }
}

static inline __attribute__((always_inline)) int64_t VARIANT(fixed_point_one)(float value) {
  const double shifted = (double)value * 0x1p32 + ROUNDER, zero = ROUNDER;
  int64_t bits, base;
  memcpy(&bits, &shifted, 8);
  memcpy(&base, &zero, 8);
  return bits - base;
}

static void VARIANT(sum_add)(int64_t *sum, const float *row, size_t dimension) {
  size_t i = 0;
  for (; i + 8 <= dimension; i += 8) *(i64x8_any *)(sum + i) += FIXED_POINT(row + i);
  for (; i < dimension; i++) sum[i] += VARIANT(fixed_point_one)(row[i]);
}

static void VARIANT(sum_subtract)(int64_t *sum, const float *row, size_t dimension) {
  size_t i = 0;
  for (; i + 8 <= dimension; i += 8) *(i64x8_any *)(sum + i) -= FIXED_POINT(row + i);
  for (; i < dimension; i++) sum[i] -= VARIANT(fixed_point_one)(row[i]);
}

static void VARIANT(sum_measure)(
  const int64_t *sum, double count, const float *centroid, size_t dimension, double *norm, double *drift) {
  f64x8 norms[2] = {{0}, {0}}, drifts[2] = {{0}, {0}};
  size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) {
      const f64x8 values = __builtin_convertvector(*(const i64x8_any *)(sum + i + 8 * h), f64x8) * 0x1p-32;
      const f64x8 differences = values / count - WIDEN(centroid + i + 8 * h);
      norms[h] += values * values;
      drifts[h] += differences * differences;
    }
  }
  for (size_t lane = 0; i < dimension; i++, lane++) {
    const double value = (double)sum[i] * 0x1p-32;
    const double difference = value / count - (double)centroid[i];
    norms[lane >> 3][lane & 7] += value * value;
    drifts[lane >> 3][lane & 7] += difference * difference;
  }
  *norm = VARIANT(add_lanes)(&norms[0], &norms[1]);
  *drift = VARIANT(add_lanes)(&drifts[0], &drifts[1]);
}

// Rows in Float32, for what has to be the same everywhere but not very accurate: lane i mod 16 of two vectors, as above.

static inline __attribute__((always_inline)) float VARIANT(add_single_lanes)(const f32x16 *low, const f32x16 *high) {
  const f32x16 v = *low + *high;
  f32x16 w = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  w += __builtin_shufflevector(w, w, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  w += __builtin_shufflevector(w, w, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return w[0] + w[1];
}

static inline __attribute__((always_inline)) void VARIANT(project_rows)(
  const float *rows, size_t dimension, const float *direction, float *products, const int count) {
  f32x16 low[2], high[2];
  for (int r = 0; r < count; r++) low[r] = high[r] = (f32x16){0};
  size_t i = 0;
  for (; i + 32 <= dimension; i += 32) {
    const f32x16 first = *(const f32x16_any *)(direction + i), second = *(const f32x16_any *)(direction + i + 16);
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
      const float *row = rows + (size_t)r * dimension;
      low[r] += *(const f32x16_any *)(row + i) * first;
      high[r] += *(const f32x16_any *)(row + i + 16) * second;
    }
  }
  for (int r = 0; r < count; r++) {
    for (size_t at = i, lane = 0; at < dimension; at++, lane++) {
      const float product = rows[(size_t)r * dimension + at] * direction[at];
      if (lane < 16) low[r][lane] += product;
      else high[r][lane - 16] += product;
    }
    products[r] = VARIANT(add_single_lanes)(&low[r], &high[r]);
  }
}

static void VARIANT(project)(
  const float *rows, size_t count, size_t dimension, const float *direction, float *products) {
  size_t r = 0;
  for (; r + 2 <= count; r += 2) VARIANT(project_rows)(rows + r * dimension, dimension, direction, products + r, 2);
  for (; r < count; r++) VARIANT(project_rows)(rows + r * dimension, dimension, direction, products + r, 1);
}

static float VARIANT(gain)(const float *products, const float *nearest, size_t count, float error) {
  f32x16 sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    const f32x16 gain = (*(const f32x16_any *)(products + i) + error) - *(const f32x16_any *)(nearest + i);
    sum += (f32x16)((i32x16)gain & (gain > 0));
  }
  return VARIANT(add_single_lanes)(&sum, &(f32x16){0});
}

/// sum[j] += weights[i] times value j of row i, row by row.
static inline __attribute__((always_inline)) void VARIANT(add_weighted)(
  const float *rows, size_t count, size_t dimension, const float *weights, float *sum) {
  size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float *a = rows + r * dimension, *b = a + dimension, *c = b + dimension, *d = c + dimension;
    const float *w = weights + r;
    size_t i = 0;
    for (; i + 16 <= dimension; i += 16) {
      f32x16 part = *(f32x16_any *)(sum + i);
      part += w[0] * *(const f32x16_any *)(a + i);
      part += w[1] * *(const f32x16_any *)(b + i);
      part += w[2] * *(const f32x16_any *)(c + i);
      part += w[3] * *(const f32x16_any *)(d + i);
      *(f32x16_any *)(sum + i) = part;
    }
    for (; i < dimension; i++) {
      float part = sum[i];
      part += w[0] * a[i];
      part += w[1] * b[i];
      part += w[2] * c[i];
      part += w[3] * d[i];
      sum[i] = part;
    }
  }
  for (; r < count; r++) {
    const float *row = rows + r * dimension;
    for (size_t i = 0; i < dimension; i++) sum[i] += weights[r] * row[i];
  }
}

static void VARIANT(project_and_sum)(
  const float *rows, size_t count, size_t dimension, const float *direction, float offset, int is_choice,
  float *weights, float *sum) {
  for (size_t i = 0; i < dimension; i++) sum[i] = 0;
  for (size_t start = 0; start < count; start += SUMMED_ROWS) {
    const size_t n = count - start < SUMMED_ROWS ? count - start : SUMMED_ROWS;
    const float *block = rows + start * dimension;
    VARIANT(project)(block, n, dimension, direction, weights + start);
    for (size_t i = start; i < start + n; i++) {
      weights[i] -= offset;
      if (is_choice) weights[i] = weights[i] > 0 ? 1 : 0;
    }
    VARIANT(add_weighted)(block, n, dimension, weights + start, sum);
  }
}
