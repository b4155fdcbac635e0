#include "path.h"
#include "vectors.h"

#include <string.h>

typedef int8_t i8x16_any __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint16_t u16x16_any __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef float f32x16_packed __attribute__((vector_size(64), aligned(1), may_alias));
typedef double f64x16_packed __attribute__((vector_size(128), aligned(1), may_alias));

// Rows lie in a file that is mapped into memory, at any address.

#define LOAD_F32(values, from) values = *(const f32x16_packed *)(from)
#define LOAD_I8(values, from) values = __builtin_convertvector(*(const i8x16_any *)(from), f32x16)
#define LOAD_BF16(values, from) \
  values = (f32x16)(__builtin_convertvector(*(const u16x16_any *)(from), u32x16) << 16)
#define LOAD_F64(values, from) values = __builtin_convertvector(*(const f64x16_packed *)(from), f32x16)

static inline float rows_f32_one(const uint8_t *from) {
  float value;
  memcpy(&value, from, 4);
  return value;
}

static inline float rows_i8_one(const uint8_t *from) { return (float)(int8_t)*from; }

static inline float rows_bf16_one(const uint8_t *from) {
  uint16_t half;
  memcpy(&half, from, 2);
  const uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline float rows_f64_one(const uint8_t *from) {
  double value;
  memcpy(&value, from, 8);
  return (float)value;
}

static inline float rows_f16_one(const uint8_t *from) {
  uint16_t half;
  memcpy(&half, from, 2);
  float value;
  cohort_half_to_float_by(COHORT_PATH_PLAIN, &half, &value, 1);
  return value;
}

// Without instructions for half floats the compiler would call its library, so the plain path converts by hand.
#define LOAD_F16(values, from)                                                          \
  do {                                                                                  \
    uint16_t halves[16];                                                                \
    memcpy(halves, from, sizeof halves);                                                \
    cohort_half_to_float_by(COHORT_PATH_PLAIN, halves, (float *)&(values), 16);         \
  } while (0)

#define COHORT_SUFFIX _plain
#include "rows_body.h"
#undef COHORT_SUFFIX

#if COHORT_X86

typedef _Float16 f16x16_any __attribute__((vector_size(32), aligned(1), may_alias));
#undef LOAD_F16
#define LOAD_F16(values, from) values = __builtin_convertvector(*(const f16x16_any *)(from), f32x16)

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define COHORT_SUFFIX _avx2
#include "rows_body.h"
#undef COHORT_SUFFIX
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define COHORT_SUFFIX _avx512
#include "rows_body.h"
#undef COHORT_SUFFIX
#pragma clang attribute pop

#endif

void cohort_sum_rows(
  cohort_path path, cohort_element element, const void *table, const uint32_t *indices, const float *weights,
  size_t count, size_t dimension, float *out) {
  COHORT_DISPATCH(path, sum_rows, element, table, indices, weights, count, dimension, out);
}
