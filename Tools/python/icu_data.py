"""Makes the data of ICU, which Foundation brings along, small: what is for one language or one encoding goes.

    python3 Tools/python/icu_data.py ARCHIVE FOLDER

ARCHIVE is lib_FoundationICU.a of the Swift toolchain. FOLDER gets icu_data.symbol, the name under which ICU looks for its
data, and icu_data.S, which defines `__wrap_` and that name: what a linker takes instead with --wrap. The program of the wheel writes nothing in the way of a country, so
three quarters of the 34 MB are never read: ICU goes on with its root data wherever those of a language are missing, and
English is kept. Time zones, properties of characters, and rules that hold for all languages stay whole.
"""

import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

LOCALE = re.compile(r"(?P<language>[a-z]{2,3})(_[A-Za-z0-9_]*)?\.res")
KEPT = {"en"}
# Tables of encodings; words of languages that are written without spaces.
DROPPED = (".cnv", ".dict")


def is_kept(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    if last.endswith(DROPPED):
        return False
    locale = LOCALE.fullmatch(last)
    return locale is None or locale["language"] in KEPT


def reduced(data: bytes) -> bytes:
    """The package of ICU's "common data" format with the kept items only: header, table of contents, names, contents."""
    size, magic = struct.unpack_from("<HH", data)
    if magic != 0x27DA or data[12:16] != b"CmnD" or data[16] != 1:
        raise SystemExit("this is not ICU's common data of format 1")
    body = data[size:]
    (count,) = struct.unpack_from("<I", body)
    entries = [struct.unpack_from("<II", body, 4 + 8 * index) for index in range(count)]
    ends = [start for _, start in entries[1:]] + [len(body)]
    items = []
    for (name, start), end in zip(entries, ends):
        text = body[name:body.index(b"\0", name)]
        if is_kept(text.decode("ascii")):
            items.append((text + b"\0", body[start:end]))

    offset = 4 + 8 * len(items)
    names, name_offsets = b"", []
    for name, _ in items:
        name_offsets.append(offset + len(names))
        names += name
    contents = bytearray()
    start = (offset + len(names) + 15) // 16 * 16
    table = struct.pack("<I", len(items))
    for (_, item), name_offset in zip(items, name_offsets):
        contents += bytes(-len(contents) % 16)
        table += struct.pack("<II", name_offset, start + len(contents))
        contents += item
    return data[:size] + (table + names).ljust(start, b"\0") + contents


def main() -> None:
    archive, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    names = subprocess.run(["nm", "-A", "--defined-only", archive], check=True, capture_output=True, text=True).stdout
    found = re.search(r":([^:\s]+):\S+ R (icudt\d+_dat)$", names, re.MULTILINE)
    if not found:
        raise SystemExit(f"{archive} defines no data of ICU")
    member, symbol = found.groups()
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(["ar", "x", archive, member], check=True, cwd=temporary)
        subprocess.run(
            ["objcopy", "-O", "binary", "--only-section=.rodata", member, "data"], check=True, cwd=temporary)
        (folder / "icu_data.bin").write_bytes(reduced(Path(temporary, "data").read_bytes()))
    (folder / "icu_data.symbol").write_text(symbol)
    name = f"__wrap_{symbol}"
    (folder / "icu_data.S").write_text(
        f".section .rodata\n.balign 16\n.globl {name}\n.type {name}, %object\n{name}:\n"
        f'.incbin "{folder / "icu_data.bin"}"\n.size {name}, . - {name}\n.section .note.GNU-stack, "", %progbits\n')


if __name__ == "__main__":
    main()
