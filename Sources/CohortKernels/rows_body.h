// Weighted sums of table rows, compiled once per variant. Set before inclusion: COHORT_SUFFIX.
//
// Sixty-four columns stay in registers while the rows pass by, so each column is summed in row order whatever the width
// of a register; products are never fused with sums.

#pragma STDC FP_CONTRACT OFF

#define ROWS_LOOP(name, bytes, LOAD)                                                                               \
  static void VARIANT(name)(                                                                                       \
    const uint8_t *table, const uint32_t *indices, const float *weights, size_t count, size_t dimension, float *out) { \
    size_t column = 0;                                                                                             \
    for (; column + 64 <= dimension; column += 64) {                                                               \
      f32x16 sum[4] = {{0}, {0}, {0}, {0}};                                                                        \
      for (size_t i = 0; i < count; i++) {                                                                         \
        const uint8_t *row = table + ((size_t)indices[i] * dimension + column) * bytes;                            \
        const float weight = weights ? weights[i] : 1.0f;                                                          \
        for (int part = 0; part < 4; part++) {                                                                     \
          f32x16 values;                                                                                           \
          LOAD(values, row + part * 16 * bytes);                                                                   \
          sum[part] += values * weight;                                                                            \
        }                                                                                                          \
      }                                                                                                            \
      for (int part = 0; part < 4; part++) *(f32x16_any *)(out + column + part * 16) = sum[part];                  \
    }                                                                                                              \
    for (; column < dimension; column++) {                                                                         \
      float sum = 0;                                                                                               \
      for (size_t i = 0; i < count; i++) {                                                                         \
        const float value = name##_one(table + ((size_t)indices[i] * dimension + column) * bytes);                 \
        sum += value * (weights ? weights[i] : 1.0f);                                                              \
      }                                                                                                            \
      out[column] = sum;                                                                                           \
    }                                                                                                              \
  }

ROWS_LOOP(rows_f32, 4, LOAD_F32)
ROWS_LOOP(rows_i8, 1, LOAD_I8)
ROWS_LOOP(rows_bf16, 2, LOAD_BF16)
ROWS_LOOP(rows_f64, 8, LOAD_F64)
ROWS_LOOP(rows_f16, 2, LOAD_F16)

#undef ROWS_LOOP

static void VARIANT(sum_rows)(
  cohort_element element, const void *table, const uint32_t *indices, const float *weights, size_t count,
  size_t dimension, float *out) {
  switch (element) {
  case COHORT_ELEMENT_F32: VARIANT(rows_f32)(table, indices, weights, count, dimension, out); break;
  case COHORT_ELEMENT_F16: VARIANT(rows_f16)(table, indices, weights, count, dimension, out); break;
  case COHORT_ELEMENT_BF16: VARIANT(rows_bf16)(table, indices, weights, count, dimension, out); break;
  case COHORT_ELEMENT_F64: VARIANT(rows_f64)(table, indices, weights, count, dimension, out); break;
  case COHORT_ELEMENT_I8: VARIANT(rows_i8)(table, indices, weights, count, dimension, out); break;
  }
}
