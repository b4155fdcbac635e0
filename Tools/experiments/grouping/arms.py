"""The arms: in which order, and together with what, the samples are learned. Each gives a list of batches of sample ids."""

import json
from dataclasses import dataclass

import numpy as np

from data import Cohort

ARMS = {
    "random": "a random plan of Cohort: no grouping",
    "quota": "each step holds every task in proportion to its size",
    "commonit": "the sampler published with CommonIT, by task: tails are dropped, epoch after epoch",
    "task": "a plan of Cohort, grouped by task",
    "embedding": "a plan of Cohort, grouped by the embedding of the prompt",
    "length": "a plan of Cohort, grouped by the length of the response (quantiles)",
}


@dataclass
class Schedule:
    """`batches[s]` are the ids of step s; `pure` is the share of steps of one group (0 for arms without groups)."""

    batches: list[list[int]]
    pure: float


def quota(tasks: np.ndarray, batch: int, generator: np.random.Generator) -> list[list[int]]:
    """One epoch in which each task is spread evenly: its members stand at equal distances from a random start, and the line
    of all of them is cut into batches; so a task of share p has p·B samples in each step, rounded down or up."""
    places = np.empty(len(tasks))
    for task in np.unique(tasks):
        members = generator.permutation(np.flatnonzero(tasks == task))
        places[members] = (np.arange(len(members)) + generator.random()) / len(members)
    order = np.argsort(places, kind="stable")
    return [generator.permutation(order[i : i + batch]).tolist() for i in range(0, len(order), batch)]


def commonit(tasks: np.ndarray, batch: int, generator: np.random.Generator) -> list[list[int]]:
    """One epoch as the published sampler gives it to one process: each group is shuffled and cut, its last incomplete batch
    is dropped, and the groups' batches come in random order."""
    batches = []
    for task in np.unique(tasks):
        members = generator.permutation(np.flatnonzero(tasks == task))
        batches += [members[i : i + batch].tolist() for i in range(0, len(members) - batch + 1, batch)]
    return [batches[i] for i in generator.permutation(len(batches))]


def grouping(cohort: Cohort, by: str, groups: int) -> str:
    """The name of the grouping, and of the snapshot that pins it; both are made when they are new."""
    name = by if by == "task" else f"{by}{groups}"
    existing = {g["grouping"] for g in json.loads(cohort("grouping", "list", "--json"))}
    if name not in existing:
        size = {"task": [], "embedding": ["--groups", groups], "length": ["--quantiles", groups]}[by]
        cohort("grouping", "create", name, "--by", by, *size)
        cohort("snapshot", "create", name, "--grouping", name)
    return name


def planned(cohort: Cohort, by: str, groups: int, batch: int, seed: int, tail: str, random: bool, steps: int) -> Schedule:
    """The first `steps` steps of a plan."""
    name = grouping(cohort, by, groups)
    plan = f"{name}-{batch}-{seed}-{tail}{'-random' if random else ''}"
    if plan not in {p["plan"] for p in json.loads(cohort("plan", "list", "--json"))}:
        kind = ["--random"] if random else []
        cohort("plan", "create", plan, "--snapshot", name, "--grouping", name, "--batch-size", batch, "--seed", seed, "--tail", tail, *kind)
    rows, epoch = [], 0
    while len(rows) < steps:
        shown = cohort("plan", "show", plan, "--epoch", epoch, "--json").splitlines()
        rows += [json.loads(line) for line in shown if line]
        epoch += 1
    rows = rows[:steps]
    pure = 0.0 if random else sum(not row["mixed"] for row in rows) / steps
    return Schedule([row["ids"] for row in rows], pure)


def schedule(arm: str, cohort: Cohort, tasks: np.ndarray, *, batch: int, groups: int, seed: int, tail: str, epochs: int) -> Schedule:
    """All arms have equally many steps: `epochs` times all samples, in batches. `tasks[i]` is the task of sample i.
    `pool`, the default tail, gives each sample once an epoch; it joins what the groups have left over into mixed batches."""
    steps = epochs * (len(tasks) // batch)
    if arm in ("quota", "commonit"):
        one = {"quota": quota, "commonit": commonit}[arm]
        generator, batches = np.random.default_rng(seed), []
        while len(batches) < steps:
            given = one(tasks, batch, generator)
            if not given:
                raise ValueError(f"no task has {batch} samples: the sampler published with CommonIT gives no batch at all")
            batches += given
        return Schedule(batches[:steps], float(arm == "commonit"))
    by = "task" if arm == "random" else arm
    return planned(cohort, by, groups, batch, seed, tail, arm == "random", steps)
