"""What the runs of a daemon measured: latencies, and whether something grows."""

import statistics


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latencies(values: list[float]) -> dict:
    if not values:
        return {"count": 0}
    return {
        "count": len(values), "p50_s": quantile(values, 0.5), "p99_s": quantile(values, 0.99), "max_s": max(values),
    }


class Growth:
    """A quantity of one process over time: does it go up without end?"""

    def __init__(self, name: str, times: list[float], values: list[float]):
        # The first quarter warms up: pools, caches and connections are being made.
        quarter = len(values) // 4
        self.name, self.first, self.last = name, values[0], values[-1]
        self.peak = max(values)
        self.before = statistics.median(values[quarter : 2 * quarter] or values)
        self.after = statistics.median(values[-quarter:] or values)
        kept = list(zip(times[quarter:], values[quarter:]))
        middle = statistics.fmean(t for t, _ in kept)
        spread = sum((t - middle) ** 2 for t, _ in kept)
        self.slope = sum((t - middle) * v for t, v in kept) / spread if spread else 0.0

    def record(self) -> dict:
        return {
            "first": self.first, "second_quarter": self.before, "last_quarter": self.after, "last": self.last,
            "peak": self.peak, "slope_per_minute": self.slope * 60,
        }


def rank_sum(left: list[float], right: list[float]) -> float:
    """The z of Wilcoxon's rank sum; positive: `right` is slower."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    ranks = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 1)
    n, m = len(left), len(right)
    return (ranks - m * (n + m + 1) / 2) / (n * m * (n + m + 1) / 12) ** 0.5
