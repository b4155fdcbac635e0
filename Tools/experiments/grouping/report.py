"""The tables, in Markdown, from the file of results. Nothing here trains."""

from collections import defaultdict

import numpy as np

from arms import ARMS
from inference import Difference, holm, paired
from results import Results

BASE = "random"
SWEEP = 100  # seeds from here on served the choice of learning rates


class Runs:
    """Runs that are alike in all settings but arm, learning rate and seed: measures by (arm, lr), by seed."""

    def __init__(self):
        self.found: dict[tuple[str, float], dict[int, dict]] = defaultdict(dict)

    def best(self, arm: str) -> float | None:
        """The learning rate that the sweep chose: the least mean loss on the samples kept for that."""
        means = {}
        for (name, lr), seeds in self.found.items():
            sweep = [m["valid"]["all"] for s, m in seeds.items() if s >= SWEEP]
            if name == arm and sweep:
                means[lr] = float(np.nan_to_num(np.mean(sweep), nan=np.inf))
        return min(means, key=means.get) if means else None

    def seeds(self, arm: str, lr: float | None, sweep: bool = False) -> dict[int, dict]:
        return {s: m for s, m in self.found.get((arm, lr), {}).items() if sweep or s < SWEEP}


def measure(run: dict, name: str) -> float:
    """`all` and `macro` of the test, a task of it, or a measure of the training."""
    if name in run:
        return run[name]
    return run["test"].get(name, run["test"]["tasks"].get(name, np.nan))


def difference(runs: dict[int, dict], base: dict[int, dict], name: str) -> Difference | None:
    common = sorted(runs.keys() & base.keys())
    if not common:
        return None
    return paired([measure(runs[s], name) for s in common], [measure(base[s], name) for s in common])


def show(d: Difference | None) -> str:
    if d is None:
        return "-"
    if d.pairs < 2:
        return f"{d.mean:+.3f}"
    return f"{d.mean:+.3f} ± {d.half:.3f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def mean(runs: dict[int, dict], name: str) -> float:
    return float(np.mean([measure(m, name) for m in runs.values()]))


def main_table(runs: Runs) -> str:
    """Each arm at its own best learning rate, against random batches at theirs; p by Holm over the arms."""
    arms = [(arm, runs.best(arm)) for arm in ARMS]
    base = runs.seeds(BASE, runs.best(BASE))
    apart = {arm: difference(runs.seeds(arm, lr), base, "all") for arm, lr in arms if arm != BASE}
    apart = {arm: d for arm, d in apart.items() if d is not None and d.pairs > 1}
    corrected = dict(zip(apart, holm([d.p for d in apart.values()])))
    head = ["arm", "rate", "seeds", "loss", "difference", "p (Holm)", "mean of tasks, difference", "worst task"]
    rows = []
    for arm, lr in arms:
        found = runs.seeds(arm, lr)
        if not found:
            continue
        row = [arm, f"{lr:g}", str(len(found)), f"{mean(found, 'all'):.3f}"]
        if arm in apart:
            tasks = {t: difference(found, base, t) for t in next(iter(found.values()))["test"]["tasks"]}
            worst = max(tasks, key=lambda t: tasks[t].mean)
            row += [show(apart[arm]), p_value(corrected[arm]), show(difference(found, base, "macro")), f"{worst} {show(tasks[worst])}"]
        rows.append(row + [""] * (len(head) - len(row)))
    return table(head, rows)


def p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def course_table(runs: Runs) -> str:
    """What happened during the same trainings."""
    head = ["arm", "cosine of consecutive gradients", "steps with cosine < 0", "padding", "tokens/s", "samples seen", "steps of one group"]
    rows = []
    for arm in ARMS:
        found = runs.seeds(arm, runs.best(arm))
        if found:
            values = [mean(found, n) for n in ("cosine", "conflicts", "padding", "tokens_per_second", "seen", "pure")]
            cosine, conflicts, padding, speed, seen, pure = values
            rows.append([arm, f"{cosine:+.3f}", f"{conflicts:.1%}", f"{padding:.1%}", f"{speed:,.0f}", f"{seen:.1%}", f"{pure:.1%}"])
    return table(head, rows)


def task_table(runs: Runs) -> str:
    """Difference to random batches for each task; bold where Holm over the whole table leaves p below 0.05."""
    base = runs.seeds(BASE, runs.best(BASE))
    arms = [a for a in ARMS if a != BASE and len(runs.seeds(a, runs.best(a)).keys() & base.keys()) > 1]
    if not arms:
        return ""
    tasks = sorted(next(iter(base.values()))["test"]["tasks"])
    cells = {(t, a): difference(runs.seeds(a, runs.best(a)), base, t) for t in tasks for a in arms}
    corrected = dict(zip(cells, holm([d.p for d in cells.values()])))
    rows = []
    for task in tasks:
        shown = [f"**{show(cells[task, a])}**" if corrected[task, a] < 0.05 else show(cells[task, a]) for a in arms]
        rows.append([task, f"{mean(base, task):.3f}", *shown])
    return table(["task", "random", *arms], rows)


def comparison(title: str, lines: list[tuple[str, dict[int, dict], dict[str, dict[int, dict]]]]) -> str:
    """One line a setting: random batches' loss, and what each arm differs from it in the same setting."""
    arms = [arm for arm in ARMS if arm != BASE and any(by.get(arm) for _, _, by in lines)]
    rows = []
    for label, base, by in lines:
        seeds = max((len(found.keys() & base.keys()) for a, found in by.items() if a != BASE), default=0)
        rows.append([label, str(seeds), f"{mean(base, 'all'):.3f}", *[show(difference(by.get(a, {}), base, "all")) for a in arms]])
    return table([title, "seeds", "random", *arms], rows)


def tables(results: Results) -> str:
    """All tables; a block of them for each choice of data, model and regime."""
    keys = ("arm", "lr", "seed", "groups", "batch", "schedule", "loss", "tail")
    blocks: dict[str, list[dict]] = defaultdict(list)
    for row in results.rows:
        s = row["settings"]
        blocks["; ".join(f"{k} {v}" for k, v in s.items() if k not in keys)].append(row)
    parts = [block(title, rows) for title, rows in sorted(blocks.items(), key=lambda b: b[1][0]["settings"]["regime"], reverse=True)]
    note = (
        "Loss is the mean over held-out response tokens. Differences are paired by seed, arm minus random, with 95 % intervals by "
        "Student's t over the seeds: below 0 the arm is better. They do not say how another set of test samples would turn out."
    )
    return "\n\n".join([note, *parts]) + "\n"


def block(title: str, rows: list[dict]) -> str:
    settings: dict[tuple, Runs] = defaultdict(Runs)
    for row in rows:
        s = row["settings"]
        settings[s["batch"], s["schedule"], s["loss"]].found[s["arm"], s["lr"], s["groups"], s["tail"]][s["seed"]] = row["measures"]
    # The main setting is the one that the sweep of learning rates was made in.
    swept = [k for k, runs in settings.items() if any(max(seeds) >= SWEEP for seeds in runs.found.values())]
    if not swept:
        return f"## {title}\n\nThe sweep of learning rates has not begun."
    main, usual = swept[0], {}
    for (arm, _, groups, tail), seeds in settings[main].found.items():
        if max(seeds) >= SWEEP:
            usual[arm] = (groups, tail)
    plain = Runs()
    for (arm, lr, groups, tail), seeds in settings[main].found.items():
        if usual.get(arm) == (groups, tail):
            plain.found[arm, lr] |= seeds
    out = [f"## {title}; batch {main[0]}, schedule {main[1]}, loss {main[2]}"]
    out += [main_table(plain), course_table(plain), "### By task", task_table(plain)]
    rates = sorted({lr for _, lr in plain.found})
    lines = [(f"{lr:g}", plain.seeds(BASE, lr, True), {a: plain.seeds(a, lr, True) for a in ARMS}) for lr in rates]
    out += ["### The same learning rate for all", comparison("rate", [line for line in lines if line[1]])]
    best, lines = plain.best(BASE), []
    for (batch, schedule, loss), runs in sorted(settings.items(), key=str):
        for lr in sorted({lr for arm, lr, *_ in runs.found if arm == BASE}):
            base = runs.found.get((BASE, lr, 0, "pool"), {})
            kinds = sorted({(g, t) for a, l, g, t in runs.found if l == lr and g}, key=str)
            for groups, tail in kinds:
                if (batch, schedule, loss) == main and ((groups, tail) in usual.values() or lr != best):
                    continue
                by = {a: runs.found.get((a, lr, groups if a in ("embedding", "length") else 0, tail), {}) for a in ("task", "embedding", "length")}
                if any(by.values()) and base:
                    label = f"batch {batch}, rate {lr:g}, {schedule}, loss {loss}, {groups} groups, tail {tail}"
                    lines.append((label, base, by))
    if lines:
        out += ["### Other settings", comparison("setting", lines)]
    return "\n\n".join(part for part in out if part)
