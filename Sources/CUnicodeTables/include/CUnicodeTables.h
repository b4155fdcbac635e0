#ifndef CUNICODE_TABLES_H
#define CUNICODE_TABLES_H

#include <stddef.h>
#include <stdint.h>

// What each Unicode scalar is to Hugging Face's tokenizers, which ours must agree with. That library draws on four
// sources of Unicode data of different versions, so neither Swift's own properties nor any one table would do. In C,
// because Swift has no constant data: these tables cost no time at launch. Any value may be asked for.

/// The general category (low 5 bits, in the order of `cunicode_category`) and `CUNICODE_` flags.
uint16_t cunicode_properties(uint32_t scalar);

enum {
  CUNICODE_CATEGORY = 31,
  CUNICODE_WHITESPACE = 1 << 5,    ///< char::is_whitespace
  CUNICODE_OTHER = 1 << 6,         ///< unicode_categories: control, format, private or unassigned
  CUNICODE_PUNCTUATION = 1 << 7,   ///< unicode_categories, or ASCII punctuation
  CUNICODE_NONSPACING = 1 << 8,    ///< unicode_categories: nonspacing mark
  CUNICODE_COMBINING = 1 << 9,     ///< unicode_normalization: combining mark
  CUNICODE_NUMERIC = 1 << 10,      ///< char::is_numeric
  CUNICODE_RUST_WORD = 1 << 11,    ///< \w of the regex crate
  CUNICODE_ONIG_WORD = 1 << 12,    ///< \w of Oniguruma
  CUNICODE_ONIG_SPACE = 1 << 13,   ///< \s of Oniguruma
};

/// General categories as Oniguruma knows them.
typedef enum {
  CUNICODE_CN, CUNICODE_CC, CUNICODE_CF, CUNICODE_CO, CUNICODE_LL, CUNICODE_LM, CUNICODE_LO, CUNICODE_LT, CUNICODE_LU,
  CUNICODE_MC, CUNICODE_ME, CUNICODE_MN, CUNICODE_ND, CUNICODE_NL, CUNICODE_NO, CUNICODE_PC, CUNICODE_PD, CUNICODE_PE,
  CUNICODE_PF, CUNICODE_PI, CUNICODE_PO, CUNICODE_PS, CUNICODE_SC, CUNICODE_SK, CUNICODE_SM, CUNICODE_SO, CUNICODE_ZL,
  CUNICODE_ZP, CUNICODE_ZS,
} cunicode_category;

/// Mappings to a sequence of scalars: points `to` at them and returns how many; 0 when the scalar maps to itself.
/// Decompositions are complete; those of Hangul syllables are left to arithmetic.
size_t cunicode_lower(uint32_t scalar, const uint32_t **to);
size_t cunicode_nfd(uint32_t scalar, const uint32_t **to);
size_t cunicode_nfkd(uint32_t scalar, const uint32_t **to);

/// Canonical combining class.
uint8_t cunicode_class(uint32_t scalar);

/// What two scalars compose to, without Hangul; 0 when nothing.
uint32_t cunicode_compose(uint32_t first, uint32_t second);

#endif
