"""Does training in single-group batches help here? Trains the same model on the same samples in the orders of arms.py.

    run train @p3.args            everything that is not in the results yet; stop it whenever you like, it goes on next time
    run time  @p3.args            one run of each arm, to see what all would take
    run report @p3.args           the tables, from the results so far

Patterns are relative to the present folder. Every finished run is a line of WORK/results.jsonl.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

import report
from arms import ARMS, schedule
from data import prepare
from results import Results, best_rate
from training import evaluate, start, train

PHASES = ("tuned", "scratch", "rates", "groups", "batches", "recipe")
GROUPED = ("task", "embedding", "length")


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, fromfile_prefix_chars="@")
    add = parser.add_argument
    add("action", choices=("train", "time", "report"))
    add("--work", type=Path, default=Path("grouping-experiment"), help="the folder for data, checkpoints and results")
    add("--results", type=Path, help="report: another file of results than WORK/results.jsonl")
    add("--cohort", default="cohort", help="the program")
    data = parser.add_argument_group("data")
    add = data.add_argument
    add("--tune", nargs="+", default=[], metavar="[TASK=]PATTERN", help="files of any layout that Cohort reads; without TASK the file's name is the task")
    add("--pretrain", nargs="*", default=[], metavar="PATTERN", help="other data for the first stage; else three tenths of --tune are set apart")
    add("--samples", type=int, default=3_200, help="to train on, an epoch")
    add("--held-out", type=int, default=768, help="to test on; half as many choose learning rates")
    add("--pretrain-own", action="store_true", help="put three tenths of --tune among the data of --pretrain: the model knows the tasks already")
    add("--pretrain-samples", type=int, default=16_000)
    add("--length", type=int, default=96, help="tokens of a sample, at most")
    add("--data-seed", type=int, default=1)
    model = parser.add_argument_group("model")
    add = model.add_argument
    add("--model", default="", metavar="NAME", help="a causal model of Hugging Face, by name or folder; it is tuned as it is")
    add("--layers", type=int, default=2)
    add("--width", type=int, default=64)
    add("--heads", type=int, default=4)
    add("--vocabulary", type=int, default=2_048)
    add("--device", default="cpu")
    add("--threads", type=int, default=1)
    stage = parser.add_argument_group("first stage")
    add = stage.add_argument
    add("--seed-groups", type=int, default=2, help="checkpoints; seed s begins with number s modulo this")
    add("--pretrain-epochs", type=int, default=2)
    add("--pretrain-lr", type=float, default=3e-3)
    add("--pretrain-batch", type=int, default=32)
    grid = parser.add_argument_group("runs")
    add = grid.add_argument
    add("--phases", nargs="+", choices=PHASES, default=list(PHASES))
    add("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    add("--seeds", type=int, default=8)
    add("--scratch-seeds", type=int, default=5)
    add("--sweep-seeds", type=int, default=2, help="further seeds, by which learning rates are chosen")
    add("--scratch-sweep-seeds", type=int, default=1)
    add("--more-seeds", type=int, default=4, help="of the other sweeps")
    add("--rates", nargs="+", type=float, default=[1e-4, 3e-4, 1e-3, 3e-3, 1e-2])
    add("--scratch-rates", nargs="+", type=float, default=[3e-3, 1e-2])
    add("--batch", type=int, default=32)
    add("--batches", nargs="+", type=int, default=[8, 128])
    add("--groups", type=int, default=16, help="groups by embedding and by length")
    add("--group-counts", nargs="+", type=int, default=[4, 48])
    add("--epochs", type=int, default=1)
    add("--scratch-epochs", type=int, default=3)
    add("--tail", default="pool", choices=("pool", "fill", "drop", "short"))
    chosen = parser.parse_args(arguments)
    if not chosen.tune and chosen.action != "report":
        parser.error("--tune is missing: the data")
    return chosen


class Experiment:
    """The grid of runs. A run is a dictionary of settings, and its results are found by them."""

    def __init__(self, chosen: argparse.Namespace):
        self.options = chosen
        self.data = prepare(chosen)
        self.results = Results(chosen.work / "results.jsonl")
        first = f"{chosen.pretrain_epochs} epochs of {len(self.data.parts['pretrain'])} at {chosen.pretrain_lr:g}, batch {chosen.pretrain_batch}"
        own = ", the tasks among them" if chosen.pretrain_own else ""
        shape = f"{chosen.layers} layers, {chosen.width} wide, {self.data.vocabulary} tokens"
        self.fixed = {
            "data": self.data.digest,
            "samples": len(self.data.parts["train"]),
            "length": chosen.length,
            "model": chosen.model or shape,
            "first": "its own weights" if chosen.model else f"{first}, {chosen.seed_groups} checkpoints{own}",
        }

    def settings(self, regime: str, arm: str, seed: int, lr: float, **other) -> dict:
        """All that decides a run's outcome; what does not concern the arm is left out, so that runs are shared."""
        o = self.options
        epochs = o.scratch_epochs if regime == "scratch" else o.epochs
        all_of_it = {"epochs": epochs} | {"batch": o.batch, "groups": o.groups, "schedule": "cosine", "loss": "mean", "tail": o.tail} | other
        if arm not in ("embedding", "length"):
            all_of_it["groups"] = 0
        if arm not in GROUPED:
            all_of_it["tail"] = "pool"
        first = {"first": "none"} if regime == "scratch" else {}
        return self.fixed | first | {"regime": regime, "arm": arm, "lr": lr} | all_of_it | {"seed": seed}

    def perform(self, settings: dict) -> dict:
        """One run: train, then measure on the held-out samples."""
        o, s, parts = self.options, settings, self.data.parts
        keys = ("batch", "groups", "seed", "tail", "epochs")
        order = schedule(s["arm"], self.data.cohort, parts["train"].task, **{k: s[k] for k in keys})
        model = start(o, self.data, s["regime"], s["seed"])
        torch.manual_seed(s["seed"])
        measures = train(model, parts["train"], order.batches, lr=s["lr"], schedule=s["schedule"], device=o.device, loss=s["loss"])
        seen = {i for batch in order.batches for i in batch}
        measures |= {"steps": len(order.batches), "seen": round(len(seen) / len(parts["train"]), 5), "pure": round(order.pure, 5)}
        valid = evaluate(model, parts["valid"], o.device)
        return measures | {"valid": {k: valid[k] for k in ("all", "macro")}, "test": evaluate(model, parts["test"], o.device)}

    def ensure(self, settings: dict) -> None:
        if self.results.find(settings) is None:
            measures = self.perform(settings)
            self.results.add(settings, measures)
            s, m = settings, measures
            print(
                f"{len(self.results):4} {s['regime']:7} {s['arm']:9} lr {s['lr']:g} batch {s['batch']} groups {s['groups']} {s['schedule']} {s['loss']} "
                f"seed {s['seed']}: test {m['test']['all']:.4f} macro {m['test']['macro']:.4f} cosine {m['cosine']:+.3f} in {m['seconds']:.0f} s",
                flush=True,
            )

    def best(self, regime: str, arm: str) -> float:
        rates, seeds = self.sweep(regime)
        return best_rate(rates, [[self.results.find(self.settings(regime, arm, s, lr)) for s in seeds] for lr in rates])

    def sweep(self, regime: str) -> tuple[list[float], range]:
        """Learning rates and seeds, by which the best rate is chosen; the seeds of the tables are others."""
        o = self.options
        rates, seeds = (o.rates, o.sweep_seeds) if regime == "tuned" else (o.scratch_rates, o.scratch_sweep_seeds)
        return rates, range(100, 100 + seeds)

    def main_table(self, regime: str, seeds: int) -> None:
        """The sweep of learning rates with seeds of its own, then each arm at its best one, seed by seed."""
        rates, sweep_seeds = self.sweep(regime)
        for lr in rates:
            for seed in sweep_seeds:
                for arm in self.options.arms:
                    self.ensure(self.settings(regime, arm, seed, lr))
        for seed in range(seeds):
            for arm in self.options.arms:
                self.ensure(self.settings(regime, arm, seed, self.best(regime, arm)))

    def vary(self, arms: tuple, settings: list[dict], regime: str = "tuned") -> None:
        """Other settings, at the learning rate that is best for random batches, so that only one thing changes."""
        for other in settings:
            rate = {"lr": self.best(regime, "random")} | other
            for seed in range(self.options.more_seeds):
                for arm in arms:
                    self.ensure(self.settings(regime, arm, seed, **rate))

    def run(self) -> None:
        o, all_arms = self.options, ("random", *GROUPED)
        if "tuned" in o.phases:
            self.main_table("tuned", o.seeds)
        if "scratch" in o.phases:
            self.main_table("scratch", o.scratch_seeds)
        best = self.best("tuned", "random")
        if "recipe" in o.phases:
            self.vary(all_arms, [{}, {"loss": "constant"}, {"schedule": "constant"}])
            self.vary(GROUPED, [{"tail": "fill"}])
        if "rates" in o.phases:
            self.vary(all_arms, [{"lr": lr} for lr in o.rates])
        if "groups" in o.phases:
            self.vary(("embedding", "length"), [{"groups": n} for n in o.group_counts])
        if "batches" in o.phases:
            # Adam's rule of thumb: the learning rate goes with the root of the batch.
            self.vary(all_arms, [{"batch": n, "lr": float(f"{best * (n / o.batch) ** 0.5:.3g}")} for n in o.batches])


def main() -> int:
    chosen = options(sys.argv[1:])
    torch.set_num_threads(chosen.threads)
    if chosen.action == "report":
        print(report.tables(Results(chosen.results or chosen.work / "results.jsonl")))
        return 0
    chosen.work.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(chosen)
    print(json.dumps(experiment.fixed), flush=True)
    if chosen.action == "time":
        for arm in chosen.arms:
            measures = experiment.perform(experiment.settings("scratch", arm, 0, chosen.scratch_rates[0]))
            print(f"{arm:10} {measures}", flush=True)
        return 0
    experiment.run()
    (chosen.work / "report.md").write_text(report.tables(experiment.results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
