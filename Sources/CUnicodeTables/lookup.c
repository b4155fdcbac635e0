#include "CUnicodeTables.h"
#include "tables.h"

/// Index of `key` in a sorted array, or `count`.
static size_t find(const uint32_t *keys, size_t count, uint32_t key) {
  size_t low = 0, high = count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low < count && keys[low] == key ? low : count;
}

uint16_t cunicode_properties(uint32_t scalar) {
  if (scalar > 0x10ffff) return 0;
  // The last run that does not begin after the scalar.
  size_t low = cunicode_run_pages[scalar >> 8], high = (size_t)cunicode_run_pages[(scalar >> 8) + 1] + 1;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (cunicode_run_starts[middle] <= scalar) low = middle;
    else high = middle;
  }
  return cunicode_run_properties[low];
}

#define MAPPING(name)                                                                              \
  size_t cunicode_##name(uint32_t scalar, const uint32_t **to) {                                   \
    const size_t i = find(cunicode_##name##_keys, cunicode_##name##_keys_count, scalar);           \
    if (i == cunicode_##name##_keys_count) return 0;                                               \
    *to = cunicode_##name##_scalars + cunicode_##name##_starts[i];                                 \
    return (size_t)(cunicode_##name##_starts[i + 1] - cunicode_##name##_starts[i]);                \
  }

MAPPING(lower)
MAPPING(nfd)
MAPPING(nfkd)

uint8_t cunicode_class(uint32_t scalar) {
  if (scalar < cunicode_class_keys[0]) return 0;
  const size_t i = find(cunicode_class_keys, cunicode_class_keys_count, scalar);
  return i == cunicode_class_keys_count ? 0 : cunicode_classes[i];
}

uint32_t cunicode_compose(uint32_t first, uint32_t second) {
  const uint64_t pair = (uint64_t)first << 21 | second;
  size_t low = 0, high = cunicode_composition_pairs_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (cunicode_composition_pairs[middle] < pair) low = middle + 1;
    else high = middle;
  }
  return low < cunicode_composition_pairs_count && cunicode_composition_pairs[low] == pair ? cunicode_compositions[low] : 0;
}
