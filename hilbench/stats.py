"""Statistics of repeated measurements: how far one set of samples is shifted against another, with its confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]

EXACT_TO = 40
"""Samples up to which the distribution of U is counted out; beyond, its normal approximation is as good."""


@dataclass(frozen=True)
class Shift:
    """How many times as large the second sample is as the first: the estimate and its confidence interval."""

    ratio: float
    low: float
    high: float


def shift(before: Sequence[float], after: Sequence[float], confidence: float) -> Shift | None:
    """Ratio of `after` to `before`, free of assumptions about the distribution of the samples.

    The Hodges-Lehmann estimate on logarithms, with the interval that belongs to the exact Mann-Whitney test
    (Hollander, Wolfe and Chicken 2014, "Nonparametric Statistical Methods", sections 4.2 and 4.3).

    Args:
        before: samples, all positive.
        after: samples, all positive.
        confidence: of the two-sided interval, 0 to 1.

    Returns:
        None where so few samples cannot give this confidence, whatever their values.
    """
    if min(*before, *after) <= 0:
        raise ValueError("a ratio needs samples above 0")
    cut = _critical(len(before), len(after), (1 - confidence) / 2)
    if cut is None:
        return None
    differences = np.sort(np.subtract.outer(np.log(after), np.log(before)).ravel())
    low, high = differences[cut], differences[len(differences) - 1 - cut]
    return Shift(float(np.exp(np.median(differences))), float(np.exp(low)), float(np.exp(high)))


def samples_needed(confidence: float) -> int:
    """Fewest samples on each side that can give this confidence."""
    return next(n for n in range(1, 1000) if _critical(n, n, (1 - confidence) / 2) is not None)


def _critical(n: int, m: int, tail: float) -> int | None:
    """Largest c with P(U < c + 1) <= tail under no shift; c pairwise differences may be cut off at each end.

    U counts the pairs in which the second sample is smaller. None where even P(U = 0) is above `tail`.
    """
    if not n or not m:
        return None
    if max(n, m) > EXACT_TO:
        deviation = math.sqrt(n * m * (n + m + 1) / 12)
        return math.floor(n * m / 2 + NormalDist().inv_cdf(tail) * deviation) - 1
    below = np.cumsum(_distribution(n, m)) <= tail
    return int(below.sum()) - 1 if below[0] else None


@cache
def _distribution(n: int, m: int) -> Counts:
    """P(U = u) for u = 0 to n*m without ties: coefficients of the Gaussian binomial (Mann and Whitney 1947)."""
    counts = np.zeros(n * m + 1)
    counts[0] = 1.0
    for i in range(1, m + 1):
        counts = _times_one_minus(counts, n + i)
        counts = _divided_by_one_minus(counts, i)
    probabilities: Counts = counts / counts.sum()
    return probabilities


def _times_one_minus(counts: Counts, power: int) -> Counts:
    """Polynomial times (1 - q**power), cut to the same length."""
    out = counts.copy()
    out[power:] -= counts[: len(counts) - power] if power < len(counts) else 0
    return out


def _divided_by_one_minus(counts: Counts, power: int) -> Counts:
    """Polynomial divided by (1 - q**power)."""
    out = counts.copy()
    for u in range(power, len(out)):
        out[u] += out[u - power]
    return out
