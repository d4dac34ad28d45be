"""Steps in a history: at which commit a series changed level, and by how much.

Exact values change when they change. Noisy ones are segmented with PELT (Killick, Fearnhead and Eckley 2012) on
standardised values, as `ruptures` implements it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
import ruptures

from hilbench.results.history import SERIES, medians
from hilbench.results.schema import Provenance

LEAST_PCT = 0.1
"""Noisy levels closer than this are one level: boards drift by less, and no one acts on it."""

LEVEL = 2
"""Runs that make a level of a noisy series."""

_EXACT = (Provenance.COUNTED, Provenance.STATIC)


@dataclass(frozen=True)
class Step:
    """From this run on the series lies on another level. `place` is the run's position in the series."""

    place: int
    commit: str
    before: float
    after: float

    @property
    def pct(self) -> float:
        """Change in per cent of the level before."""
        return 100 * (self.after - self.before) / abs(self.before) if self.before else float("inf")


def steps(history: pd.DataFrame) -> pd.DataFrame:
    """Every step of every series: SERIES, commit, before, after, pct, newest last."""
    rows = []
    for key, series in medians(history).groupby(SERIES, sort=False):
        found = find_steps(series["value"].tolist(), series["commit"].tolist(), exact=key[-1] in _EXACT)
        rows += [
            {
                **dict(zip(SERIES, key, strict=True)),
                "commit": s.commit,
                "before": s.before,
                "after": s.after,
                "pct": s.pct,
            }
            for s in found
        ]
    return pd.DataFrame(rows, columns=[*SERIES, "commit", "before", "after", "pct"])


def find_steps(values: Sequence[float], commits: Sequence[str], *, exact: bool) -> list[Step]:
    """Steps of one series, oldest first."""
    places = _changes(values) if exact else _segments(values)
    levels = [median(values[a:b]) for a, b in pairwise([0, *places, len(values)])] if values else []
    pairs = pairwise(levels)
    found = [Step(at, commits[at], old, new) for at, (old, new) in zip(places, pairs, strict=True)]
    return found if exact else [step for step in found if abs(step.pct) >= LEAST_PCT]


def _changes(values: Sequence[float]) -> list[int]:
    return [at for at in range(1, len(values)) if values[at] != values[at - 1]]


def _segments(values: Sequence[float]) -> list[int]:
    """Change points of a noisy series; a running median of three keeps one bad run from being a step."""
    if len(values) < 2 * LEVEL:
        return []
    logs = np.log(np.maximum(np.asarray(values, dtype=np.float64), np.finfo(float).tiny))
    logs[1:-1] = np.median([logs[:-2], logs[1:-1], logs[2:]], axis=0)
    # Median of |x - y| of two normal values in units of their deviation: 0.6745 times the square root of 2.
    noise = np.median(np.abs(np.diff(logs))) / 0.9539
    scale = max(noise, LEAST_PCT / 100 / 3)
    found = ruptures.Pelt(model="l2", min_size=LEVEL, jump=1).fit(logs / scale)
    return [int(at) for at in found.predict(pen=3 * np.log(len(values)))[:-1]]
