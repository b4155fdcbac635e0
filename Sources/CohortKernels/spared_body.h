// Bounds from the length of rows, compiled once per variant. Set before inclusion: COHORT_SUFFIX.

/// Lane by lane, `yes` where a comparison holds, else `no`.
#define CHOOSE(holds, yes, no) ((f64x8)(((holds) & (i64x8)(yes)) | (~(holds) & (i64x8)(no))))
#define LARGER(a, b) CHOOSE((a) > (b), a, b)

/// What a bound leaves for rows of lengths within 1e-6 of 1, and for the rounding of what follows: on the right side of the
/// inequality below, and on the squared distance.
#define SIDE_SLACK 4e-6
#define BOUND_SLACK 1e-5
/// The angle to a shorter centroid says next to nothing.
#define LEAST_LENGTH 0.01

/// Eight centroids c against eight others m; see `cohort_spared_distances`.
///
/// With t the angle between a row x of length 1 and c, and m divided into what lies along c and what is perpendicular to
/// it (lengths `along` and `across`), <x, m> is at most cos t along + sin t across. So x can be nearer to m only if
/// sin t across - cos t (|c| - along) >= (|m|² - |c|²) / 2. The left side is r sin(t - p), where r is the length of
/// (across, |c| - along), which is |c - m|, and p its angle. The least such t is p + asin((|m|² - |c|²) / 2r), and
/// |x - c|² is 1 + |c|² - 2 |c| cos t. For centroids of one length, t is half the angle between them.
///
/// Errors of the product must only enlarge the left side: `across` is taken as large as it can be, and what `along` may be
/// off, error / |c|, is taken from the right side. So the least t comes out too small, if anything.
static inline __attribute__((always_inline)) void VARIANT(spared)(
  const f64x8 *square, const f64x8 *length, const f64x8 *other, const f64x8 *product, double error, f64x8 *spared) {
  const f64x8 zero = {0}, none = zero + INFINITY;
  const f64x8 apart = *square + *other - 2 * *product;
  const f64x8 triangle = (apart - 4 * error) * ((1 - 1e-6) / 4) - 1e-9;
  const f64x8 along = *product / *length, size = LARGER(along, -along);
  const f64x8 across_square = LARGER(*other - along * along, zero) + error * (1 + 2 * size / *length);
  const f64x8 across = __builtin_elementwise_sqrt(across_square);
  const f64x8 gap = *length - along;
  const f64x8 radius = __builtin_elementwise_sqrt(across_square + gap * gap);
  // Sine and cosine of t - p, then the cosine of t.
  const f64x8 sine = ((*other - *square) / 2 - error * (2 + 1 / *length) - SIDE_SLACK) / radius;
  const f64x8 cosine = __builtin_elementwise_sqrt(LARGER(1 - sine * sine, zero));
  const f64x8 least_cosine = (across * cosine - gap * sine) / radius;
  const f64x8 bound = 1 + *square - 2 * *length * least_cosine - BOUND_SLACK;
  const i64x8 is_bound = (*length > LEAST_LENGTH) & (sine > -1) & (gap * cosine + across * sine > 0);
  const f64x8 larger = CHOOSE(is_bound & (bound > triangle), bound, triangle);
  const f64x8 result = CHOOSE((*length > LEAST_LENGTH) & (sine >= 1), none, larger);
  *spared = CHOOSE(*other < INFINITY, result, none);
}

static double VARIANT(spared_distances)(
  double square, size_t count, const double *squares, const float *products, double error, float *from_own,
  float *from_others) {
  const f64x8 zero = {0}, own = zero + square, own_length = __builtin_elementwise_sqrt(own);
  f64x8 least = zero + INFINITY;
  for (size_t i = 0; i < count; i += 8) {
    const f64x8 other = *(const f64x8_any *)(squares + i), length = __builtin_elementwise_sqrt(other);
    const f64x8 product = __builtin_convertvector(*(const f32x8_any *)(products + i), f64x8);
    f64x8 there, back;
    VARIANT(spared)(&own, &own_length, &other, &product, error, &there);
    VARIANT(spared)(&other, &length, &own, &product, error, &back);
    least = CHOOSE(there < least, there, least);
    // Rounding to single floats must not raise a bound.
    *(f32x8_any *)(from_own + i) = __builtin_convertvector(there - 1e-6, f32x8);
    *(f32x8_any *)(from_others + i) = __builtin_convertvector(back - 1e-6, f32x8);
  }
  double result = least[0];
  for (int lane = 1; lane < 8; lane++) result = least[lane] < result ? least[lane] : result;
  return result;
}

#undef SIDE_SLACK
#undef BOUND_SLACK
#undef LEAST_LENGTH
#undef CHOOSE
#undef LARGER
