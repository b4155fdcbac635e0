"""What a training notes in the store: sums that equal those of its steps, durable, and refused where they cannot be."""

from __future__ import annotations

import logging
import math
import random

import pytest

import cohort
from cohort import _runs


def lines(plan: cohort.Plan, count: int, seed: int = 14) -> list[dict]:
    """Steps as GroupLossCallback writes them down."""
    print(f"seed {seed}")
    draw = random.Random(seed)
    made = []
    for number in range(count):
        shares = [draw.randint(0, 40) for _ in range(3)]
        made.append(
            {
                "global_step": number + 1,
                "group": draw.choice([None, 0, 3, 4_000_000_000]),
                "loss": draw.uniform(0.1, 9),
                "tokens": sum(shares),
                "samples": draw.randint(1, 32),
                "tasks": {"gsm8k": shares[0], "naïve 東京": shares[1], "": shares[2]},
                "sources": {"chats": sum(shares)},
            }
        )
    return made


def test_a_run_has_what_its_steps_had(copy: cohort.Store) -> None:
    plan = copy.plan("first")
    steps = lines(plan, 30)
    for done in (7, 30):
        run = _runs.RunLosses()
        for step in steps[:done]:
            run.add(step)
        run.note("monday", plan, done)
        shown = copy.run("run show", "monday")
        assert (shown["plan"], shown["plan_hash"]) == ("first", plan.hash)
        newest = shown["kept"][-1]
        assert (newest["epoch"], newest["step"]) == divmod(done, len(plan)) and newest["steps"] == done
        assert newest["learner"] == "losses" and newest["tokens"] == sum(step["tokens"] for step in steps[:done])
        known = {(loss["by"], loss["name"]): loss for loss in shown["losses"]}
        for by, name, mine in [
            ("group", "mixed", [(step["loss"], step["tokens"]) for step in steps[:done] if step["group"] is None]),
            ("group", "3", [(step["loss"], step["tokens"]) for step in steps[:done] if step["group"] == 3]),
            ("task", "naïve 東京", [(step["loss"], step["tasks"]["naïve 東京"]) for step in steps[:done]]),
            ("task", "", [(step["loss"], step["tasks"][""]) for step in steps[:done]]),
            ("source", "chats", [(step["loss"], step["tokens"]) for step in steps[:done]]),
        ]:
            mine = [each for each in mine if each[1]]
            tokens = sum(share for _, share in mine)
            found = known[by, name]
            assert (found["steps"], found["tokens"]) == (len(mine), tokens)
            assert found["mean"] == pytest.approx(sum(loss * share for loss, share in mine) / tokens, rel=1e-12)
            assert (found["first"], found["last"]) == (mine[0][0], mine[-1][0])
    assert [row["run"] for row in copy.run("run list")] == ["monday"]
    assert len(copy.sql("SELECT * FROM checkpoints WHERE run = 'monday'")) == 2


def test_a_loss_that_is_no_number_is_null(copy: cohort.Store) -> None:
    plan = copy.plan("first")
    run = _runs.RunLosses()
    for loss in (2.0, math.nan, math.inf):
        run.add({"group": 1, "loss": loss, "tokens": 5, "samples": 1, "tasks": {}, "sources": {}})
    run.note("gone", plan, 3)
    (found,) = copy.run("run show", "gone")["losses"]
    assert (found["first"], found["mean"], found["last"]) == (2.0, None, None) and found["steps"] == 3


def test_a_run_keeps_to_its_plan(copy: cohort.Store, caplog: pytest.LogCaptureFixture) -> None:
    first, other = copy.plan("first"), copy.plan("short")
    run = _runs.RunLosses()
    run.note("kept", first, 0)
    _runs.check("kept", first)
    _runs.check("new", other)
    with pytest.raises(cohort.UsageError) as refused:
        _runs.check("kept", other)
    assert first.hash in str(refused.value) and other.hash in str(refused.value)
    with caplog.at_level(logging.WARNING):
        run.note("kept", other, 0)
    assert "kept" in caplog.text and copy.run("run show", "kept")["plan_hash"] == first.hash


def test_notes_that_make_no_sense_are_refused(copy: cohort.Store) -> None:
    import json

    plan = copy.plan("first")
    good = _runs.RunLosses().request(plan, 3)
    loss = {"by": "group", "name": "7", "steps": 1, "tokens": 2, "mean": 1, "first": 1, "last": 1}
    for change in [
        {"plan": "nobody"},
        {"plan": "short"},
        {"plan_hash": "0" * 32},
        {"step": 1_000_000},
        {"steps": -1},
        {"losses": [{**loss, "by": "colour"}]},
        {"losses": [{**loss, "name": "x"}]},
        {"losses": [{**loss, "name": "4294967295"}]},
        {"losses": [loss, loss]},
        {"more": 1},
    ]:
        with pytest.raises(cohort.CohortError):
            copy.run("run note", "bad", "-", input=[json.dumps({**good, **change}).encode()])
    for text in (b"", b"[]", b"{", b'{"losses":NaN}'):
        with pytest.raises(cohort.UsageError):
            copy.run("run note", "bad", "-", input=[text])
    assert copy.run("run list") == []
