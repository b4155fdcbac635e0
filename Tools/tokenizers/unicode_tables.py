"""Writes Sources/CUnicodeTables/tables.c: what each Unicode scalar is to Hugging Face's tokenizers.

usage: Tools/tokenizers/run unicode_tables > Sources/CUnicodeTables/tables.c

That library draws on four sources of Unicode data of different versions (Rust's standard library, unicode_categories,
unicode-normalization-alignments, Oniguruma), so no single table of ours could agree with it. The script asks the library
itself about every scalar. Takes about a minute.
"""

import bisect
import sys
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
CATEGORIES = "Cn Cc Cf Co Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs".split()
FLAGS = "whitespace other punctuation nonspacing combining numeric rust_word onig_word onig_space".split()


def chunks(size: int = 1 << 16):
    for start in range(0, len(SCALARS), size):
        yield SCALARS[start : start + size]


def matched(pre_tokenizer) -> set[int]:
    """The scalars that a pre-tokeniser drops when it removes what it matches."""
    found = set()
    for chunk in chunks():
        kept = set()
        for _, (start, end) in pre_tokenizer.pre_tokenize_str("".join(map(chr, chunk))):
            kept.update(chunk[start:end])
        found.update(c for c in chunk if c not in kept)
    return found


def by_regex(pattern: str) -> set[int]:
    return matched(pre_tokenizers.Split(Regex(pattern), "removed"))


def rust_words() -> set[int]:
    """`\\w` of the regex crate: pieces of `\\w+|[^\\w\\s]+` between hyphens that hold the scalar alone."""
    found = set()
    for chunk in chunks():
        text = "-".join(map(chr, chunk)) + "-"
        for piece, (start, _) in pre_tokenizers.Whitespace().pre_tokenize_str(text):
            if len(piece) == 1 and start % 2 == 0:
                found.add(ord(piece))
    found.discard(ord("-"))
    return found


def mapped(normalizer) -> dict[int, str]:
    return {c: text for c in SCALARS if (text := normalizer.normalize_str(chr(c))) != chr(c)}


def combining_classes(nfd: dict[int, str]) -> dict[int, int]:
    """Classes of Python's (newer) table that the library also reorders by."""
    found = {}
    normalizer = normalizers.NFD()
    for c in SCALARS:
        wanted = unicodedata.combining(chr(c))
        if wanted == 0 or c in nfd:
            continue
        # Classes 1 (U+0334) and 240 (U+0345) are the first and nearly the last one.
        if wanted > 1:
            swapped = normalizer.normalize_str("a" + chr(c) + "\u0334") == "a\u0334" + chr(c)
        else:
            swapped = normalizer.normalize_str("a\u0345" + chr(c)) == "a" + chr(c) + "\u0345"
        if swapped:
            found[c] = wanted
    return found


def compositions() -> list[tuple[int, int, int]]:
    found = []
    normalizer = normalizers.NFC()
    for c in SCALARS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, second = (int(part, 16) for part in parts)
            if normalizer.normalize_str(chr(first) + chr(second)) == chr(c):
                found.append((first, second, c))
    return sorted(found)


def array(kind: str, name: str, values: list[int], width: int = 96) -> str:
    lines = [f"const {kind} {name}[{len(values)}] = {{"]
    for start in range(0, len(values), width):
        lines.append("  " + ",".join(f"{value:#x}" if value > 9 else str(value) for value in values[start : start + width]) + ",")
    return "\n".join(lines + ["};", f"const uint32_t {name}_count = {len(values)};", ""])


def mapping(name: str, table: dict[int, str]) -> str:
    """Keys in order; the text of key i is scalars[starts[i]..<starts[i + 1]]."""
    keys = sorted(table)
    starts, scalars = [0], []
    for key in keys:
        scalars += [ord(c) for c in table[key]]
        starts.append(len(scalars))
    return "\n".join(
        [
            array("uint32_t", f"cunicode_{name}_keys", keys),
            array("uint16_t", f"cunicode_{name}_starts", starts),
            array("uint32_t", f"cunicode_{name}_scalars", scalars),
        ]
    )


def main() -> None:
    category = {}
    for index, name in enumerate(CATEGORIES):
        if name != "Cn":
            category |= dict.fromkeys(by_regex(rf"\p{{{name}}}"), index)
    bert = normalizers.BertNormalizer
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    cleaned = mapped(bert(**{**off, "clean_text": True}))
    nfd = {c: text for c, text in mapped(normalizers.NFD()).items() if not 0xAC00 <= c < 0xD7A4}
    stripped = mapped(bert(**{**off, "strip_accents": True}))
    flags = {
        "whitespace": matched(pre_tokenizers.WhitespaceSplit()),
        "other": {c for c, text in cleaned.items() if text == "" and c not in (0, 0xFFFD)},
        "punctuation": matched(pre_tokenizers.Punctuation("removed")),
        "nonspacing": {c for c, text in stripped.items() if text == "" and c not in nfd},
        "combining": {c for c, text in mapped(normalizers.StripAccents()).items() if text == ""},
        "numeric": set(),
        "rust_word": rust_words(),
        "onig_word": by_regex(r"\w"),
        "onig_space": by_regex(r"\s"),
    }
    digits = pre_tokenizers.Digits(individual_digits=True)
    for chunk in chunks():
        # Between two letters a numeric scalar is a piece of its own.
        text = "".join("aa" + chr(c) for c in chunk) + "a"
        for piece, (start, _) in digits.pre_tokenize_str(text):
            if len(piece) == 1 and start % 3 == 2:
                flags["numeric"].add(ord(piece))
    values = []
    for c in range(0x110000):
        value = category.get(c, 0)
        for bit, name in enumerate(FLAGS):
            if c in flags[name]:
                value |= 1 << (5 + bit)
        values.append(value)
    starts = [c for c in range(0x110000) if c == 0 or values[c] != values[c - 1]]
    lower = mapped(normalizers.Lowercase())
    nfkd = {c: text for c, text in mapped(normalizers.NFKD()).items() if not 0xAC00 <= c < 0xD7A4 and nfd.get(c) != text}
    classes = combining_classes(nfd)
    composed = compositions()
    print("// Made by Tools/tokenizers/run unicode_tables. See tables.h.")
    print('#include "tables.h"\n')
    print(array("uint32_t", "cunicode_run_starts", starts))
    print(array("uint16_t", "cunicode_run_properties", [values[c] for c in starts]))
    pages = [bisect.bisect_right(starts, page << 8) - 1 for page in range(0x1101)]
    print(array("uint16_t", "cunicode_run_pages", pages))
    print(mapping("lower", lower))
    print(mapping("nfd", nfd))
    print(mapping("nfkd", nfkd))
    print(array("uint32_t", "cunicode_class_keys", sorted(classes)))
    print(array("uint8_t", "cunicode_classes", [classes[c] for c in sorted(classes)]))
    print(array("uint64_t", "cunicode_composition_pairs", [first << 21 | second for first, second, _ in composed]))
    print(array("uint32_t", "cunicode_compositions", [c for _, _, c in composed]))
    for name, size in {name: len(flags[name]) for name in FLAGS}.items():
        print(f"{name}: {size}", file=sys.stderr)
    print(f"runs {len(starts)} lower {len(lower)} nfd {len(nfd)} nfkd {len(nfkd)} classes {len(classes)} compositions {len(composed)}", file=sys.stderr)


if __name__ == "__main__":
    main()
