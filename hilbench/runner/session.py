"""What is observed on a target: every input through the firmware, the first one as often as asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hilbench.boards import Board
from hilbench.ir.graph import Array, Graph
from hilbench.results.schema import Provenance
from hilbench.runner.firmware import Firmware
from hilbench.runner.inputs import Inputs
from hilbench.targets.target import TARGETS, Hello, Session, StepSample, Watermark


@dataclass(frozen=True)
class Observed:
    """What a target gave. `outputs[name]` is [n, *output shape]; `samples[r]` are those of repeat r of the first input.

    `counts_are` is the provenance of samples and watermarks, None where the target counts nothing.
    `steady`: all repeats gave the same output bytes.
    """

    hello: Hello
    counts_are: Provenance | None
    samples: Sequence[Sequence[StepSample]]
    watermarks: Mapping[str, Watermark]
    outputs: Mapping[str, Array]
    steady: bool

    def provenance(self) -> dict[str, Any]:
        """What the record keeps of the target."""
        return {"hello": asdict(self.hello)}


def observe(target: str, board: Board, firmware: Firmware, inputs: Inputs, repeats: int) -> Observed:
    """Open the target and run every sample of `inputs`, the first one `repeats` times.

    Raises:
        TargetError: the board or emulator failed.
    """
    with TARGETS[target].open(board, firmware.image) as session:
        runs = [_infer(session, firmware.graph, inputs.sample(0)) for _ in range(repeats)]
        rest = [_infer(session, firmware.graph, inputs.sample(index))[1] for index in range(1, len(inputs))]
        watermarks = {mark.region: mark for mark in session.watermarks()}
        hello = session.hello
    rows = [runs[0][1], *rest]
    return Observed(
        hello=hello,
        counts_are=_provenance(TARGETS[target].provenance),
        samples=[samples for samples, _ in runs],
        watermarks=watermarks,
        outputs={name: np.stack([row[name] for row in rows]) for name in firmware.graph.outputs},
        steady=all(_same(outputs, runs[0][1]) for _, outputs in runs),
    )


def _infer(session: Session, graph: Graph, sample: Mapping[str, Array]) -> tuple[list[StepSample], dict[str, Array]]:
    """One inference. Inputs are sent every time: the arena may have used their bytes for something else."""
    for place, name in enumerate(graph.inputs):
        session.write_input(place, np.ascontiguousarray(sample[name]).tobytes())
    samples = session.run()
    outputs = {name: _output(session, graph, place) for place, name in enumerate(graph.outputs)}
    return samples, outputs


def _output(session: Session, graph: Graph, place: int) -> Array:
    tensor = graph[graph.outputs[place]]
    return np.frombuffer(session.read_output(place), tensor.dtype.numpy).reshape(tensor.shape)


def _same(a: Mapping[str, Array], b: Mapping[str, Array]) -> bool:
    return all(a[name].tobytes() == b[name].tobytes() for name in a)


def _provenance(text: str) -> Provenance | None:
    return None if text == "none" else Provenance(text)
