"""Metric `output_mismatches`: elements of the device's outputs that are not the reference's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hilbench.ir.graph import Array
from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value

FLOAT_TOLERANCE = 1e-4
"""Largest error of a float32 output, relative to the largest magnitude in that output tensor. Kernels and numpy add up
in different orders: n terms may differ by n times the unit roundoff, 6e-8 (Higham 2002, section 4.2)."""


def differing(output: Array, expected: Array) -> NDArray[np.bool_]:
    """True where an element is wrong: any difference of integers, floats beyond `FLOAT_TOLERANCE`.

    Infinities and NaN agree only with themselves. Both arrays have the same shape and dtype.
    """
    if not np.issubdtype(expected.dtype, np.floating):
        return np.asarray(output != expected)
    finite = np.abs(expected[np.isfinite(expected)])
    limit = FLOAT_TOLERANCE * float(finite.max(initial=0.0))
    return ~np.isclose(output, expected, rtol=0.0, atol=limit, equal_nan=True)


def _mismatches(evidence: Evidence) -> Iterator[Value]:
    wrong, elements = 0, 0
    for name, expected in evidence.expected.items():
        wrong += int(differing(evidence.outputs[name], expected).sum())
        elements += expected.size
    yield Value("output_mismatches", wrong, "elements", Provenance.COUNTED, detail=f"of {elements} compared")


METRICS.add("output", Metric({"output_mismatches": "elements"}, _mismatches))
