#ifndef COHORT_VECTORS_H
#define COHORT_VECTORS_H

#include <stdint.h>

// 64-byte vectors of the compiler's vector extension: one register with AVX-512, two with AVX2, four with SSE2 or NEON.
// The `_any` types may lie anywhere in memory.
typedef float f32x16 __attribute__((vector_size(64)));
typedef float f32x16_any __attribute__((vector_size(64), aligned(4), may_alias));
typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x8_any __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef double f64x8 __attribute__((vector_size(64)));
typedef double f64x8_any __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t i64x8 __attribute__((vector_size(64)));
typedef int64_t i64x8_any __attribute__((vector_size(64), aligned(8), may_alias));

/// Rows that lie anywhere in the map are asked for so many rows before they are due.
#define PREFETCH_ROWS 8

#endif
