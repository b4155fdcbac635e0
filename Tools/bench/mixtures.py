"""Seeded vectors of length 1 for benchmarks of clustering, and the orders in which they arrive."""

from dataclasses import dataclass

import numpy as np

KINDS = {
    "iso": "200 isotropic components with power-law weights",
    "hier": "20 topics, 200 anisotropic components of different width: closer to sentence embeddings",
    "overlap": "the same components, two and a half times as wide: heavily overlapping",
    "none": "no components at all: a decaying spectrum about a common mean",
}
ORDERS = ("shuffled", "sorted", "gradual")


@dataclass
class Mixture:
    """`vectors` (Float16), and how far along a drift each one is: its component, or its first principal coordinate."""

    vectors: np.ndarray
    drift: np.ndarray

    def order(self, name: str, seed: int) -> np.ndarray:
        """Rows in order of arrival: shuffled; sorted by drift, the hardest; gradual, where at each time a third of the
        components arrive, mixed, and the third moves on."""
        generator = np.random.default_rng(seed)
        if name == "shuffled":
            return generator.permutation(len(self.drift))
        if name == "sorted":
            return np.argsort(self.drift, kind="stable")
        return np.argsort(self.drift + generator.random(len(self.drift)) / 3, kind="stable")


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def mixture(kind: str, rows: int, dimension: int, seed: int, components: int = 200, block: int = 50_000) -> Mixture:
    """`rows` vectors of a kind, in random order; made block by block, so that a million take little more than their size."""
    generator = np.random.default_rng(seed)
    sample = spectrum(generator, dimension) if kind == "none" else clusters(kind, generator, dimension, components)
    vectors = np.empty((rows, dimension), np.float16)
    drift = np.empty(rows, np.float64)
    for start in range(0, rows, block):
        count = min(block, rows - start)
        vectors[start : start + count], drift[start : start + count] = sample(count)
    if kind == "none":
        drift[np.argsort(drift, kind="stable")] = np.arange(rows) / rows
    return Mixture(vectors, drift)


def spectrum(generator: np.random.Generator, dimension: int):
    scale = np.arange(1, dimension + 1) ** -0.5
    rotation = np.linalg.qr(generator.standard_normal((dimension, dimension)))[0].astype(np.float32)

    def sample(count: int):
        values = (generator.standard_normal((count, dimension)) * scale).astype(np.float32)
        values[:, 0] += 1
        return unit(values @ rotation), values[:, 1]

    return sample


def clusters(kind: str, generator: np.random.Generator, dimension: int, components: int):
    weights = 1 / np.arange(1, components + 1)
    weights = generator.permutation(weights / weights.sum())
    root = np.sqrt(dimension)
    if kind == "iso":
        means = unit(generator.standard_normal((components, dimension)))
    else:
        topics = unit(generator.standard_normal((20, dimension)))
        offsets = unit(generator.standard_normal((components, dimension)))
        means = unit(topics[generator.integers(0, 20, components)] + 0.7 * offsets)
        widths = (2.0 if kind == "overlap" else 0.8) * np.exp(0.25 * generator.standard_normal(components))
        bases = generator.standard_normal((components, 12, dimension), np.float32) / root
        spread = np.linspace(1.6, 0.3, 12)

    def sample(count: int):
        component = np.sort(generator.choice(components, size=count, p=weights))
        noise = generator.standard_normal((count, dimension), np.float32) / root
        values = np.empty((count, dimension), np.float32)
        for j in np.unique(component):
            rows = slice(*np.searchsorted(component, [j, j + 1]))
            if kind == "iso":
                values[rows] = means[j] + 0.8 * noise[rows]
            else:
                latent = generator.standard_normal((rows.stop - rows.start, 12)) * spread
                values[rows] = means[j] + widths[j] * (0.8 * latent @ bases[j] / np.sqrt(12) + 0.6 * noise[rows])
        shuffle = generator.permutation(count)
        return unit(values)[shuffle], component[shuffle] / components

    return sample
