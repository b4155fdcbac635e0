"""Stores for the tests, made by the program that the installed package carries."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import cohort

DATA = Path(__file__).resolve().parents[2] / "quickstart-data"


def pytest_configure(config: pytest.Config) -> None:
    for name in ("arrow", "torch", "transformers", "trl"):
        config.addinivalue_line("markers", f"{name}: needs more than NumPy, as Tools/python/requirements/{name}.txt lists it")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the person who runs the tests comes in."""
    monkeypatch.delenv("COHORT_STORE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def chats(seed: int, count: int) -> list[dict]:
    """Conversations of all kinds: systems, several turns, calls of tools, masks, long and empty texts, all of Unicode."""
    print(f"seed {seed}")
    draw = random.Random(seed)
    words = ["apple", "naïve", "東京", "🙂", "zero\u0301", "<b>", "&", "'", '"', "\\", "line\nend", "tab\t", "\u2028"]

    def text(most: int) -> str:
        return " ".join(draw.choice(words) for _ in range(draw.randint(1, most)))

    records = []
    for i in range(count):
        messages: list[dict] = []
        if draw.random() < 0.3:
            messages.append({"role": "system", "content": text(5)})
        for _ in range(draw.randint(1, 3)):
            messages.append({"role": "user", "content": text(30)})
            if draw.random() < 0.3:
                arguments = {
                    "q": text(3),
                    "n": draw.randint(-(2**40), 2**40),
                    "x": draw.random(),
                    "deep": [{"a": None}, [], {}],
                }
                messages.append(
                    {
                        "role": "assistant",
                        "content": "",
                        "tool_calls": [
                            {"id": f"call{i}", "type": "function", "function": {"name": "find", "arguments": arguments}}
                        ],
                    }
                )
                messages.append({"role": "tool", "content": text(4), "tool_call_id": f"call{i}", "name": "find"})
            answer: dict = {"role": "assistant", "content": text(60)}
            if draw.random() < 0.2:
                answer["reasoning_content"] = text(4)
            messages.append(answer)
        if draw.random() < 0.2:
            messages[-1]["weight"] = 1
        record: dict = {"messages": messages, "number": i, "language": draw.choice(["en", "fr", "日本"])}
        if draw.random() < 0.4:
            record["tools"] = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
        records.append(record)
    return records


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with everything; not to be changed."""
    home = tmp_path_factory.mktemp("made")
    before = os.environ.get("XDG_CONFIG_HOME")
    os.environ["XDG_CONFIG_HOME"] = str(home / "config")
    try:
        path = home / "store"
        store = cohort.init(path)
        store.ingest(DATA / "gsm8k" / "train.jsonl", task="gsm8k")
        store.ingest(DATA / "p3", task_from_filename=True)
        store.ingest(chats(1, 300), source="chats", task="chats")
        store.create_grouping("tasks", by="task")
        store.create_grouping("lengths", by="length", quantiles=6)
        store.create_grouping("topics", by="embedding", groups=8)
        store.create_snapshot("monday")
        store.create_snapshot("chats", task="chats")
        store.create_plan("first", snapshot="monday", grouping="tasks", batch_size=32)
        store.create_plan("pooled", snapshot="monday", grouping="topics", batch_size=30, tail="pool", seed=5)
        store.create_plan("short", snapshot="monday", grouping="lengths", batch_size=64, tail="short", order="curriculum")
        store.create_plan("random", snapshot="monday", grouping="topics", batch_size=17, random=True)
    finally:
        if before is None:
            del os.environ["XDG_CONFIG_HOME"]
        else:
            os.environ["XDG_CONFIG_HOME"] = before
    return path


PLANS = ["first", "pooled", "short", "random"]


@pytest.fixture
def store(made: Path) -> cohort.Store:
    """The store with everything, opened; not to be changed."""
    return cohort.open(made)


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> cohort.Store:
    """A copy of it, to be changed."""
    path = tmp_path / "copy"
    cohort.run("backup", path, store=made)
    return cohort.open(path)


@pytest.fixture
def new(tmp_path: Path) -> Callable[..., cohort.Store]:
    """Makes new stores: `new()`, `new("other", dedupe="none")`."""

    def make(name: str = "new", **options: object) -> cohort.Store:
        return cohort.init(tmp_path / name, embedding="none", **options)

    return make
