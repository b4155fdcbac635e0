// Which rows of packed columns are kept: for conditions that are looked at before SQLite sees a row.

#include "routines.h"

int64_t cohort_sql_keep_words(
  const void *values, const uint32_t *wanted, int64_t wanted_count, uint16_t *rows, int64_t count) {
  int64_t kept = 0;
  if (wanted_count == 0) return 0;
  uint32_t least = wanted[0], most = wanted[wanted_count - 1];
  if (wanted_count == 1) {
    for (int64_t i = 0; i < count; i++) {
      uint16_t row = rows[i];
      rows[kept] = row;
      kept += cohort_sql_word(values, row) == least;
    }
    return kept;
  }
  for (int64_t i = 0; i < count; i++) {
    uint16_t row = rows[i];
    uint32_t value = cohort_sql_word(values, row);
    if (value < least || value > most) continue;
    int64_t low = 0, high = wanted_count - 1;
    while (low < high) {
      int64_t middle = (low + high) / 2;
      if (wanted[middle] < value) low = middle + 1;
      else high = middle;
    }
    rows[kept] = row;
    kept += wanted[low] == value;
  }
  return kept;
}

int64_t cohort_sql_keep_words_but(const void *values, uint32_t other, uint16_t *rows, int64_t count) {
  int64_t kept = 0;
  for (int64_t i = 0; i < count; i++) {
    uint16_t row = rows[i];
    rows[kept] = row;
    kept += cohort_sql_word(values, row) != other;
  }
  return kept;
}

int64_t cohort_sql_keep_bytes(const void *values, uint8_t value, uint16_t *rows, int64_t count) {
  int64_t kept = 0;
  for (int64_t i = 0; i < count; i++) {
    uint16_t row = rows[i];
    rows[kept] = row;
    kept += ((const uint8_t *)values)[row] == value;
  }
  return kept;
}
