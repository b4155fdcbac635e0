"""Says what the bytes of a linked program are: by archive or module, and by section, from the linker's map."""

import re
import sys
from collections import Counter
from pathlib import Path

# Sections whose bytes are not in the file.
EMPTY = {".bss", ".tbss"}
LINE = re.compile(r"^ *[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+) +\d+ (.*)$")


def origin(place: str) -> str:
    """Of `…/libFoundation.a(x.o)` the archive; of `…/CohortCore.build/x.o` the module."""
    path, _, _ = place.partition(":(")
    if match := re.match(r"(.*)\(([^()]*)\)$", path):
        return Path(match[1]).name
    for part in reversed(Path(path).parts):
        if part.endswith(".build"):
            return part.removesuffix(".build")
    return Path(path).name or path


def table(file: Path) -> None:
    sections, origins, parts = Counter(), Counter(), {}
    section = ""
    for line in file.open(errors="replace"):
        match = LINE.match(line)
        if not match:
            continue
        size, rest = int(match[1], 16), match[2]
        # Columns of the map: output section, then what went into it, then symbols; each is indented further.
        indent = len(rest) - len(rest.lstrip())
        if indent == 0:
            section = rest.strip()
            if section not in EMPTY:
                sections[section] += size
        elif indent == 8 and section not in EMPTY and ":(" in rest:
            origins[origin(rest.strip())] += size
            parts.setdefault(origin(rest.strip()), Counter())[section] += size
    total = sum(sections.values())
    print(f"\n{file.stem}: {total / 1e6:.1f} MB with symbols\n")
    print("| from | MB | of it |\n| --- | --- | --- |")
    for name, size in origins.most_common(30):
        details = ", ".join(f"{part} {bytes_ / 1e6:.2f}" for part, bytes_ in parts[name].most_common(3))
        print(f"| {name} | {size / 1e6:.2f} | {details} |")
    print("\n| section | MB |\n| --- | --- |")
    for name, size in sections.most_common(14):
        print(f"| {name} | {size / 1e6:.2f} |")


for argument in sys.argv[1:]:
    table(Path(argument))
