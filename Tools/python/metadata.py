"""Writes the metadata of the wheel into the tree that is packed: from pyproject.toml and the release of the program.

Also the licences of everything that is linked in. Needs the tools of Tools/python/requirements-build.txt.
"""

import argparse
import gzip
import re
import shutil
import sys
from pathlib import Path

import pyproject_metadata

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TAG = "cp310-abi3-linux_"

# Archives and libraries of the system that are inside, by Debian's names of their packages.
SYSTEM = [
    "liblmdb-dev", "libxxhash-dev", "libzstd-dev", "libsqlite3-dev", "zlib1g-dev", "libsimdjson-dev", "libstdc++-*-dev",
]
LICENCE = re.compile(r"(LICENSE|LICENCE|COPYING|NOTICE)([.-].*)?", re.IGNORECASE)


def metadata(version: str) -> str:
    table = tomllib.loads((HERE / "pyproject.toml").read_text())
    project = table["project"]
    project["dynamic"] = [name for name in project.get("dynamic", []) if name != "version"]
    project["version"] = version
    return str(pyproject_metadata.StandardMetadata.from_pyproject(table, project_dir=HERE).as_rfc822())


def licences(folder: Path, checkouts: Path, swift: Path) -> None:
    """Copies the licence of Cohort, and those of what it is linked with: packages of Swift, its runtime, libraries."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")

    def keep(file: Path, *target: str) -> None:
        place = folder.joinpath("third-party", *target)
        place.parent.mkdir(parents=True, exist_ok=True)
        data = file.read_bytes()
        place.write_bytes(gzip.decompress(data) if file.suffix == ".gz" else data)

    keep(swift / "share" / "swift" / "LICENSE.txt", "swift", "LICENSE.txt")
    for package in sorted(path for path in checkouts.iterdir() if path.is_dir()):
        for file in sorted(path for path in package.iterdir() if path.is_file() and LICENCE.fullmatch(path.name)):
            keep(file, package.name, file.name)
    for pattern in SYSTEM:
        for file in sorted(Path("/usr/share/doc").glob(f"{pattern}/copyright*")):
            keep(file, file.parent.name, "copyright")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--stage", required=True, type=Path, help="the tree")
    parser.add_argument("--checkouts", required=True, type=Path, help="sources of the packages that are linked in")
    parser.add_argument("--swift", required=True, type=Path, help="the toolchain's folder usr")
    parser.add_argument("--machine", required=True, help="as uname -m says it")
    arguments = parser.parse_args()
    info = arguments.stage / f"cohort-{arguments.version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(metadata(arguments.version), encoding="utf-8")
    (info / "WHEEL").write_text(
        "Wheel-Version: 1.0\nGenerator: Tools/python/build\nRoot-Is-Purelib: false\n"
        f"Tag: {TAG}{arguments.machine}\n")
    licences(info / "licenses", arguments.checkouts, arguments.swift)


if __name__ == "__main__":
    main()
