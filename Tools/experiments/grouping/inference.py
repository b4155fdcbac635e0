"""Paired differences with Student's t intervals, and Holm's correction."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Difference:
    """Mean of paired differences, half the width of its 95 % interval, two-sided p, and the number of pairs."""

    mean: float
    half: float
    p: float
    pairs: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.mean) > self.half


def beta_tail(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), by the continued fraction (Lentz), for x < (a + 1) / (a + b + 2)."""
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            value *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return front * value


def t_two_sided(t: float, freedom: int) -> float:
    """P(|T| > t) for Student's t with so many degrees of freedom."""
    x, a, b = freedom / (freedom + t * t), freedom / 2, 0.5
    if x >= 1:
        return 1.0
    if x < (a + 1) / (a + b + 2):
        return beta_tail(x, a, b)
    return 1 - beta_tail(1 - x, b, a)


def t_quantile(freedom: int, p: float = 0.05) -> float:
    """The t whose two tails together have p."""
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, freedom) > p else (low, middle)
    return high


def paired(values: list[float], baseline: list[float]) -> Difference:
    """values - baseline, pair by pair; with one pair there is no interval."""
    differences = np.array(values) - np.array(baseline)
    pairs, mean = len(differences), float(differences.mean())
    if pairs < 2:
        return Difference(mean, math.inf, 1.0, pairs)
    error = float(differences.std(ddof=1)) / math.sqrt(pairs)
    if error == 0:
        return Difference(mean, 0.0, 1.0 if mean == 0 else 0.0, pairs)
    return Difference(mean, t_quantile(pairs - 1) * error, t_two_sided(abs(mean) / error, pairs - 1), pairs)


def holm(ps: list[float]) -> list[float]:
    """Adjusted p values: below 0.05 they are significant with a family-wise error of 5 %."""
    order, adjusted, least = np.argsort(ps), [0.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = least
    return adjusted
