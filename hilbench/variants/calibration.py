"""Which values the tensors of a float graph take: found by running its reference on samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from hilbench.errors import ConfigError
from hilbench.ir.graph import Array, Graph
from hilbench.ir.reference import run
from hilbench.variants.variant import Calibration

SYNTHETIC_SAMPLES = 16
SEED = 20240229

Ranges = Mapping[str, tuple[float, float]]
"""Least and greatest value of each tensor."""


def synthetic(graph: Graph) -> Calibration:
    """Seeded samples, uniform in [-1, 1), for a user who gave none."""
    rng = np.random.default_rng(SEED)
    return {
        name: rng.uniform(-1, 1, (SYNTHETIC_SAMPLES, *graph[name].shape[1:])).astype(np.float32)
        for name in graph.inputs
    }


def describe(graph: Graph, calibration: Calibration | None) -> str:
    """What the row says about the calibration."""
    if calibration is None:
        return f"calibrated on {SYNTHETIC_SAMPLES} synthetic samples (none were given)"
    return f"calibrated on {len(checked(graph, calibration)[graph.inputs[0]])} samples"


def checked(graph: Graph, calibration: Calibration) -> Calibration:
    """The calibration with one array [n, *shape] of float32 per graph input.

    A single array serves a graph of one input whatever its name. A leading batch axis of 1 may be left out.

    Raises:
        ConfigError: an input has no array, or one of another shape, of no samples, or with values that are not finite.
    """
    if len(graph.inputs) == 1 and len(calibration) == 1:
        calibration = dict(zip(graph.inputs, calibration.values(), strict=True))
    found = {name: _array(graph, name, calibration) for name in graph.inputs}
    if len({len(array) for array in found.values()}) != 1:
        raise ConfigError("calibration data: inputs have different numbers of samples")
    return found


def _array(graph: Graph, name: str, calibration: Calibration) -> Array:
    shape = graph[name].shape
    right = f"right: an array {['samples', *shape[1:]]} of real numbers for each of {list(graph.inputs)}"
    if name not in calibration:
        raise ConfigError(f"calibration data: no array for input '{name}', only {sorted(calibration)}", right=right)
    array = np.asarray(calibration[name])
    if array.ndim == 0 or array.shape[1:] not in (shape, shape[1:]) or not len(array):
        raise ConfigError(f"calibration data: input '{name}' has shape {list(array.shape)}", right=right)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ConfigError(f"calibration data: input '{name}' holds values that are not finite numbers", right=right)
    return array.astype(np.float32).reshape(len(array), *shape)


def observe(graph: Graph, calibration: Calibration) -> Ranges:
    """Ranges of every tensor of a float graph over all samples; constants have those of their data."""
    low = {name: float(t.data.min()) for name, t in graph.tensors.items() if t.data is not None and t.data.size}
    high = {name: float(t.data.max()) for name, t in graph.tensors.items() if t.data is not None and t.data.size}
    for sample in _samples(checked(graph, calibration)):
        for name, array in run(graph, sample).items():
            low[name] = min(low.get(name, np.inf), float(array.min()))
            high[name] = max(high.get(name, -np.inf), float(array.max()))
    return {name: (low[name], high[name]) for name in low}


def _samples(calibration: Calibration) -> Iterator[dict[str, Array]]:
    names = list(calibration)
    for arrays in zip(*calibration.values(), strict=True):
        yield dict(zip(names, arrays, strict=True))
