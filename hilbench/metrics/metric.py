"""What a metric is: a function over the evidence of one run, registered by a module of `hilbench.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage, Ledger
from hilbench.ir.graph import Array, Graph
from hilbench.plan.plan import Plan
from hilbench.profile import Profile
from hilbench.registry import Registry
from hilbench.results.schema import Provenance, Value
from hilbench.targets.target import Hello, StepSample, Watermark


@dataclass(frozen=True)
class Evidence:
    """Everything that one run left behind. Metrics read it and nothing else.

    `samples[repeat]` are the step samples of one run of the first input; `provenance` is what the target's counter
    gives. `outputs` and `expected` hold, per graph output, all inputs stacked on a new first axis: the device's, and
    the numpy reference's of the same graph. `labels` are the dataset's, one integer per input, or None.
    `profiles[repeat]` is the exact block profile of one run of the first input; none where there was no profiler.
    """

    graph: Graph
    plan: Plan
    image: FirmwareImage
    board: Board
    hello: Hello
    provenance: Provenance | None
    samples: Sequence[Sequence[StepSample]]
    watermarks: Mapping[str, Watermark]
    outputs: Mapping[str, Array]
    expected: Mapping[str, Array]
    labels: Array | None = None
    profiles: Sequence[Profile] = ()

    @property
    def ledger(self) -> Ledger | None:
        """Bytes by item; None for images that are not for a board (the host target)."""
        return self.image.ledger


@dataclass(frozen=True)
class Metric:
    """Names and units of the values that `measure` gives. `timing` marks those that a wrong answer forfeits."""

    units: Mapping[str, str]
    measure: Callable[[Evidence], Iterable[Value]]
    timing: bool = False


METRICS: Registry[Metric] = Registry("metric", "hilbench.metrics")


def collect(evidence: Evidence, *, right_answer: bool) -> tuple[Value, ...]:
    """Every metric's values; none of time where the answer was not right."""
    wanted = [metric for metric in METRICS.values() if right_answer or not metric.timing]
    return tuple(value for metric in wanted for value in metric.measure(evidence))
