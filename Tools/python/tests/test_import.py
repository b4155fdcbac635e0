"""The package as it is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

import cohort


def test_nothing_happens_at_import() -> None:
    code = (
        "import sys; before = set(sys.modules); import cohort; new = set(sys.modules) - before; "
        "print(sorted(n for n in new if 'numpy' in n or n.startswith('cohort.') or 'subprocess' in n))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_each_name_is_there() -> None:
    for name in cohort.__all__:
        assert getattr(cohort, name) is not None
    assert set(cohort.__all__) <= set(dir(cohort))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        cohort.nothing_like_it  # noqa: B018


def test_it_is_typed() -> None:
    home = Path(cohort.__file__).parent
    assert (home / "py.typed").exists() and (home / "_native.pyi").exists()


def test_library_and_program_are_of_one_release() -> None:
    said = subprocess.run([cohort.program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert cohort.version() in said


def test_numpy_is_the_only_requirement(made: Path) -> None:
    """Everything but Arrow and its like works where nothing else can be imported."""
    code = f"""
import sys
for name in ("pandas", "pyarrow", "datasets", "tqdm", "torch"):
    sys.modules[name] = None
import cohort
store = cohort.open({str(made)!r})
batch = store.plan("first").batch(0, 0)
assert batch.messages and batch.prompts and store._repr_html_() and batch._repr_html_()
store.sql("SELECT 1 AS a"); store.ingest([{{"prompt": "a", "completion": "b"}}], dry_run=True, progress=True)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
