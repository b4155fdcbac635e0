#ifndef CUNICODE_TABLES_DATA_H
#define CUNICODE_TABLES_DATA_H

#include <stdint.h>

// The data of tables.c, which `Tools/tokenizers/run unicode_tables` writes: sorted arrays and their lengths.

/// Runs of scalars with equal properties: run i begins at starts[i] and ends where the next one begins. pages[p] is the
/// run of scalar 256 p.
extern const uint32_t cunicode_run_starts[], cunicode_run_starts_count;
extern const uint16_t cunicode_run_properties[], cunicode_run_pages[];

/// Mappings: key i maps to scalars[starts[i]] up to scalars[starts[i + 1]]. `nfkd` holds only what differs from `nfd`.
extern const uint32_t cunicode_lower_keys[], cunicode_nfd_keys[], cunicode_nfkd_keys[];
extern const uint32_t cunicode_lower_keys_count, cunicode_nfd_keys_count, cunicode_nfkd_keys_count;
extern const uint16_t cunicode_lower_starts[], cunicode_nfd_starts[], cunicode_nfkd_starts[];
extern const uint32_t cunicode_lower_scalars[], cunicode_nfd_scalars[], cunicode_nfkd_scalars[];

/// Canonical combining classes other than 0.
extern const uint32_t cunicode_class_keys[], cunicode_class_keys_count;
extern const uint8_t cunicode_classes[];

/// Canonical compositions: first << 21 | second, and what they compose to.
extern const uint64_t cunicode_composition_pairs[];
extern const uint32_t cunicode_composition_pairs_count, cunicode_compositions[];

#endif
