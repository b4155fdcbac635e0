#ifndef COHORT_KERNELS_H
#define COHORT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CohortLearning.h"

// Arithmetic on vectors: half floats, blocked distances, fixed-order sums. No allocation, no threads, no state; every
// function may be called from any thread. Buffers need no alignment beyond their element type's.
//
// Functions that take a `cohort_path` exist in several machine-code variants. Those in Float32 may differ in the last
// bits from one path to the next (fused multiply-add, order of sums) and say by how much at most; those called
// "fixed-order" give the same bits on every path and every machine.

/// A machine-code variant. `COHORT_PATH_BEST` is the best one that this processor has.
typedef enum {
  COHORT_PATH_BEST = 0,
  COHORT_PATH_PLAIN = 1,
  COHORT_PATH_AVX2 = 2,
  COHORT_PATH_AVX512 = 3,
} cohort_path;

/// 1 when this processor (and this build) has the variant. A path that is not there behaves as the plain one.
int cohort_path_available(cohort_path path);

// MARK: Half floats

/// Converts `count` IEEE half floats to single floats. Exact.
void cohort_half_to_float(const uint16_t *from, float *to, size_t count);

/// Converts `count` single floats to half floats, round to nearest, ties to even. Values beyond the range of half
/// floats become infinities; NaN stays NaN.
void cohort_float_to_half(const float *from, uint16_t *to, size_t count);

/// The same by a named variant, for tests.
void cohort_half_to_float_by(cohort_path path, const uint16_t *from, float *to, size_t count);
void cohort_float_to_half_by(cohort_path path, const float *from, uint16_t *to, size_t count);

// MARK: Rows of a table

/// How the values of a table are stored, little-endian.
typedef enum {
  COHORT_ELEMENT_F32 = 0,
  COHORT_ELEMENT_F16 = 1,
  COHORT_ELEMENT_BF16 = 2,
  COHORT_ELEMENT_F64 = 3,
  COHORT_ELEMENT_I8 = 4,
} cohort_element;

/// out[j] = the sum over i, in order, of weights[i] times value j of row `indices[i]` of `table`: fixed-order Float32,
/// values rounded to Float32 first. `table` may lie at any address; rows have `dimension` values. Null `weights` stand
/// for all ones.
void cohort_sum_rows(
  cohort_path path, cohort_element element, const void *table, const uint32_t *indices, const float *weights,
  size_t count, size_t dimension, float *out);

// MARK: Norms

/// Sum of squares of `count` floats, in Float64, in index order: the same bits on every machine.
double cohort_sum_of_squares(const float *values, size_t count);

/// How the squares of a row are added up. Both orders are the same bits on every path and every machine; from one to the
/// other the sum differs in its last bits, and so the row in one of some 10^8 cases: what was computed in an order stays so.
typedef enum {
  /// As `cohort_fixed_squares`: for rows on their way through other kernels.
  COHORT_SUM_IN_LANES = 0,
  /// As `cohort_sum_of_squares`: for rows that are stored.
  COHORT_SUM_IN_ORDER = 1,
} cohort_sum_order;

/// Scales `count` rows of `dimension` values to length 1 (within 2e-7), the one rule for all vectors: fixed-order Float64
/// norm, its inverse rounded to Float32, one Float32 product a value (a Float64 one for lengths beyond 2^±100).
/// Only rows with `present[i] != 0` are looked at. Afterwards `present[i]` is 1 for a normalised row, 0 for a row
/// without values or with zeros only (left as it is), 2 for a row with a NaN or an infinity (left as it is).
void cohort_normalize(
  cohort_path path, cohort_sum_order order, float *rows, size_t count, size_t dimension, uint8_t *present);

/// What `cohort_normalize` would do in lanes, without doing it: sets `present` and, where that is 1, `inverses[i]` to the inverse
/// length of row i; else to 0. `inverses` are accurate for lengths within 2^±100 only; other rows are normalised in place
/// and get 1.
void cohort_inverse_norms(
  cohort_path path, float *rows, size_t count, size_t dimension, uint8_t *present, float *inverses);

/// Does what is left: multiplies a row with its inverse length.
void cohort_scale(cohort_path path, float *row, size_t dimension, float factor);

/// Converts `count` rows of half floats to single floats, one after the other, with what `cohort_inverse_norms` says of
/// them; with `is_normalized` rows get length 1 as by `cohort_normalize`, and inverses of 1. A null row has no values.
void cohort_read_halves(
  cohort_path path, const uint16_t *const *from, size_t count, size_t dimension, int is_normalized, float *rows,
  uint8_t *present, float *inverses);

// MARK: Blocked Float32 distances

/// Columns of one packed panel.
#define COHORT_PANEL 16

/// Floats that `columns` packed columns take: panels of 16 columns, each 16 half norms and then `dimension` rows of 16.
size_t cohort_packed_size(size_t columns, size_t dimension);

/// Makes all columns of a packed buffer empty: an empty column is never the nearest.
void cohort_pack_clear(float *packed, size_t columns, size_t dimension);

/// Writes one column: `dimension` values and half their squared norm (fixed-order, rounded to Float32).
void cohort_pack_column(float *packed, size_t dimension, size_t column, const float *values);

/// Half the squared norm of a column; +infinity for an empty one.
float cohort_packed_half_norm(const float *packed, size_t dimension, size_t column);

/// 1 when the values have the same bits.
int cohort_same_floats(const float *a, const float *b, size_t count);

/// Makes one column empty again.
void cohort_pack_erase(float *packed, size_t dimension, size_t column);

/// The nearest column of a row and the scores of the two nearest. The score of column c is |c|²/2 - <row, c>, so the
/// squared distance is |row|² + 2 score. `best` is +infinity when all columns are empty.
typedef struct {
  uint32_t column;
  float best;
  float second;
} cohort_nearest;

/// For each of `count` rows of `dimension` values, the nearest of the packed columns, with the running arg-min fused
/// into a blocked matrix product. Row i counts as scaled by `scales[i]`; null stands for all ones. Scores are within `cohort_score_error(dimension, row norm, column norm)` of the truth;
/// which of two columns closer than twice that is `column` depends on the path, and the caller must decide.
void cohort_nearest_columns(
  cohort_path path, const float *rows, const float *scales, size_t count, size_t dimension, const float *packed,
  size_t columns, cohort_nearest *out);

/// Floats of scratch memory that `cohort_least_scores_of_halves` wants.
size_t cohort_half_scratch(size_t dimension);

/// For each of `count` rows of half floats, the least score of any column, the row taken as scaled to length 1: what is
/// needed to rule out rows that are certainly not near, straight from where they are stored. -infinity for a row whose
/// length is 0, not finite or beyond 2^±40. Within `2 cohort_score_error(dimension, 1, column norm)` of the truth.
void cohort_least_scores_of_halves(
  cohort_path path, const uint16_t *const *rows, size_t count, size_t dimension, const float *packed, size_t columns,
  float *scratch, float *least);

/// The most columns that `cohort_least_scores_of_few` compares a row with.
#define COHORT_FEW 6

/// For each of `count` rows of half floats, the least score of `counts[i]` (1 to COHORT_FEW) columns, whose numbers begin
/// at `choices[i * COHORT_FEW]`: as `cohort_least_scores_of_halves`, for rows that have only a few columns to fear.
/// `plain` holds the columns of `packed` as rows.
void cohort_least_scores_of_few(
  cohort_path path, const uint16_t *const *rows, size_t count, size_t dimension, const float *plain, const float *packed,
  const uint32_t *choices, const uint8_t *counts, float *least);

/// `out[i * stride + c]` = <row i, column c>, for c below `columns` rounded up to a whole panel. Same error bound.
void cohort_inner_products(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *packed, size_t columns, float *out,
  size_t stride);

/// Largest error of a score of `cohort_nearest_columns`: 2^-24 ((dimension + 8) |row| |column| + 2 |column|²). The inner
/// product is a sum of `dimension` products; scale, half norm and difference are rounded a few times more. It also covers
/// that a row scaled by `scales` and the same row scaled value by value differ in rounding.
double cohort_score_error(size_t dimension, double row_norm, double column_norm);

// MARK: Bounds

/// How far rows of length 1 may be from a centroid c of squared length `square` without being nearer to another centroid
/// m: the larger of two bounds on |x - c|². One is the triangle inequality, 2 |x - c| < |c - m|; the other also uses that
/// x has length 1, and is much the better one where centroids are far apart for the lengths they have.
/// `from_own[i]` is the bound for m = other i; `from_others[i]` the one the other way round: how far rows may be from
/// other i without being nearer to c. Infinite where the other has an infinite square (a column that was taken away).
/// All four arrays have room for `count` rounded up to 8; what is beyond `count` counts as another centroid.
/// `error` is the largest error of `products[i]` = <c, m> and of the squares; rows have lengths within 1e-6 of 1, centroids
/// of at most 1.00001. Bounds leave room for all that: a row that is nearer to c than its bound is strictly nearer to c
/// than to m. Returns the least of `from_own`.
double cohort_spared_distances(
  cohort_path path, double square, size_t count, const double *squares, const float *products, double error,
  float *from_own, float *from_others);

// MARK: Fixed-order Float64

// Element i goes to lane i mod 16; lanes are added pairwise in a fixed tree; multiply and add are never fused.

/// Sum of squares.
double cohort_fixed_squares(cohort_path path, const float *values, size_t dimension);

/// Squared Euclidean distance of two Float32 vectors.
double cohort_squared_distance(cohort_path path, const float *a, const float *b, size_t dimension);

/// The row of `centroids` (`count` rows of `dimension` values) that is nearest to `row`; among equal distances the one
/// with the lowest of `ids`. `count` must not be 0.
size_t cohort_nearest_fixed(
  cohort_path path, const float *row, const float *centroids, const uint32_t *ids, size_t count, size_t dimension,
  double *distance);

/// Inner product of a Float32 row and a Float64 direction.
double cohort_dot(cohort_path path, const float *row, const double *direction, size_t dimension);

/// sum[i] += weight * row[i].
void cohort_add_scaled(cohort_path path, double *sum, const float *row, double weight, size_t dimension);

// MARK: Fixed-order Float32

// The same bits on every path and every machine, as above, with a relative error of about `count` or `dimension` times
// 2^-24: for directions and comparisons of rows among each other, at a quarter of the cost.

/// products[i] = <row i, direction>; element i in lane i mod 32. Equal rows have equal products.
void cohort_project(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *direction, float *products);

/// The sum over `count` elements, a multiple of 16, of products[i] + error - nearest[i] where that is above 0: element i in
/// lane i mod 16.
float cohort_gain(cohort_path path, const float *products, const float *nearest, size_t count, float error);

/// weights[i] = <row i, direction> - offset, or with `is_choice` 1 where that is above 0 and else 0; sum[j] = the sum over
/// the rows, in their order, of weights[i] times value j of row i. One pass over the rows.
void cohort_project_and_sum(
  cohort_path path, const float *rows, size_t count, size_t dimension, const float *direction, float offset,
  int is_choice, float *weights, float *sum);

// MARK: Exact sums in fixed point, scale 2^32

/// sum[i] += or -= row[i] 2^32, rounded to the nearest integer, ties to even. |row[i]| must be at most 2^18.
void cohort_sum_add(cohort_path path, int64_t *sum, const float *row, size_t dimension);
void cohort_sum_subtract(cohort_path path, int64_t *sum, const float *row, size_t dimension);

/// `norm` = |S|², `drift` = |S / count - centroid|²; both fixed-order. `count` must not be 0.
void cohort_sum_measure(
  cohort_path path, const int64_t *sum, double count, const float *centroid, size_t dimension, double *norm,
  double *drift);

/// mean[i] = S[i] / count, rounded to Float32. `count` must not be 0.
void cohort_sum_mean(const int64_t *sum, double count, float *mean, size_t dimension);

#endif
