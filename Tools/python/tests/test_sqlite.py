"""The library as an extension of SQLite, beside the package in one process."""

import sqlite3
from pathlib import Path

import pytest

import cohort


@pytest.fixture
def db() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    if not hasattr(connection, "enable_load_extension"):
        pytest.skip("this Python's sqlite3 loads no extensions")
    connection.enable_load_extension(True)
    connection.load_extension(cohort.sqlite_extension())
    return connection


def test_a_connection_sees_what_the_package_sees(db: sqlite3.Connection, made: Path) -> None:
    store = cohort.open(made)
    db.execute("SELECT cohort_open(?)", (str(made),))
    ids = [row[0] for row in db.execute("SELECT id FROM samples WHERE NOT deleted ORDER BY id")]
    assert ids == store.ids().tolist()
    tasks = [row[0] for row in db.execute("SELECT task FROM samples WHERE NOT deleted ORDER BY id")]
    assert tasks == list(store.tasks(store.ids()))
    # Both go on reading when the other lets go.
    db.close()
    assert len(store.tasks(store.ids())) == len(ids)
