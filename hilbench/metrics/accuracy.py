"""Metric `accuracy`: the share of labelled inputs that the device classified rightly (top 1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hilbench.ir.graph import Array, Tensor
from hilbench.metrics.metric import METRICS, Evidence, Metric
from hilbench.results.schema import Provenance, Value


def predicted_classes(output: Array, tensor: Tensor) -> Array:
    """Class of each row of `output` [n, ...]: the largest score, or score > 0.5 where there is only one.

    Ties go to the lower class, as argmax does on the device's own integers.
    """
    scores = output.reshape(len(output), -1)
    if scores.shape[1] > 1:
        return np.asarray(np.argmax(scores, axis=1))
    real = scores[:, 0].astype(np.float64)
    if tensor.quant is not None:
        real = tensor.scale * (real - tensor.zero_point)
    return np.asarray(real > 0.5, np.int64)


def _accuracy(evidence: Evidence) -> Iterator[Value]:
    if evidence.labels is None:
        return
    name = evidence.graph.outputs[0]
    right = predicted_classes(evidence.outputs[name], evidence.graph[name]) == evidence.labels
    detail = f"{int(right.sum())} of {len(right)} right"
    yield Value("accuracy", float(right.mean()), "1", Provenance.COUNTED, detail=detail)


METRICS.add("accuracy", Metric({"accuracy": "1"}, _accuracy))
