"""Fitting a board's coefficients: cycles that were measured, less what the core model explains, over counted events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hilbench.boards.board import Fit
from hilbench.errors import ConfigError


@dataclass(frozen=True)
class Point:
    """One measurement. `known` are the cycles that nothing is fitted for; `counts` are events by name."""

    name: str
    group: str
    measured: float
    known: float
    counts: Mapping[str, float]


@dataclass(frozen=True)
class Errors:
    """Relative errors of modelled cycles in percent of measured ones, by point."""

    by_point: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean of their absolute values."""
        return float(np.mean(np.abs(list(self.by_point.values()))))

    @property
    def worst(self) -> float:
        """Largest absolute value."""
        return float(np.max(np.abs(list(self.by_point.values()))))


@dataclass(frozen=True)
class Calibration:
    """Cycles per event, with the errors of the fitted points, and those of points and groups left out of the fit."""

    coefficients: Mapping[str, float]
    points: int
    in_sample: Errors
    one_left_out: Errors | None
    group_left_out: Mapping[str, Errors] = field(default_factory=dict)


def calibrate(points: Sequence[Point], events: Sequence[str]) -> Calibration:
    """Least squares of relative errors: minimises sum(((known + counts @ c) / measured - 1)^2) over c.

    Raises:
        ConfigError: fewer points than coefficients, or events that the points cannot tell apart.
    """
    fitted = _fit(points, events)
    one_out = [(point, _without(points, events, [point])) for point in points] if len(points) > len(events) else []
    return Calibration(
        coefficients=fitted,
        points=len(points),
        in_sample=_errors(points, fitted),
        one_left_out=_join(_errors([point], c) for point, c in one_out) if one_out else None,
        group_left_out=_groups_left_out(points, events),
    )


def _groups_left_out(points: Sequence[Point], events: Sequence[str]) -> dict[str, Errors]:
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.group, []).append(point)
    if len(groups) < 2:
        return {}
    return {name: _errors(left, _without(points, events, left)) for name, left in groups.items()}


def _without(points: Sequence[Point], events: Sequence[str], left: Sequence[Point]) -> dict[str, float]:
    return _fit([point for point in points if point not in left], events)


def _fit(points: Sequence[Point], events: Sequence[str]) -> dict[str, float]:
    measured = np.array([point.measured for point in points])
    counts = np.array([[point.counts[event] for event in events] for point in points], float).reshape(-1, len(events))
    target = 1 - np.array([point.known for point in points]) / measured
    if len(points) < len(events) or np.linalg.matrix_rank(counts / measured[:, None]) < len(events):
        what = f"{len(points)} points cannot tell {', '.join(events)} apart"
        raise ConfigError(what, right="more points, in which the events occur in other proportions, or fewer events")
    found, *_ = np.linalg.lstsq(counts / measured[:, None], target, rcond=None)
    return dict(zip(events, map(float, found), strict=True))


def _errors(points: Iterable[Point], coefficients: Mapping[str, float]) -> Errors:
    return Errors(
        {
            point.name: 100
            * ((point.known + sum(c * point.counts[e] for e, c in coefficients.items())) / point.measured - 1)
            for point in points
        }
    )


def _join(parts: Iterable[Errors]) -> Errors:
    return Errors({name: error for part in parts for name, error in part.by_point.items()})


def as_fit(done: Calibration, source: str) -> Fit:
    """What a board file says of the fit: errors of points left out where there were enough, else those of the fit."""
    errors, how = (done.one_left_out, "one point left out") if done.one_left_out else (done.in_sample, "in sample")
    return Fit(
        on=f"{source}, {how}",
        points=done.points,
        mean_error_pct=round(errors.mean, 1),
        worst_error_pct=round(errors.worst, 1),
    )
