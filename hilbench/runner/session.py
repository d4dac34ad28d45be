"""What is observed on a target: every input through the firmware, the first one as often as asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hilbench.boards import Board
from hilbench.errors import TargetError, ToolError
from hilbench.ir.graph import Array, Graph
from hilbench.plan.lifetime import stage_ops
from hilbench.plan.plan import Plan
from hilbench.profile import Profile, harness
from hilbench.profile.blocks import OVERHEAD
from hilbench.profile.price import executed
from hilbench.results.schema import Provenance
from hilbench.runner.firmware import Firmware
from hilbench.runner.inputs import Inputs
from hilbench.targets.target import TARGETS, Hello, ProfilingTarget, Session, StepSample, Target, Watermark
from hilbench.variants.demand import windows
from hilbench.variants.prices import calls
from hilbench.variants.schedule import Patches, Rolling
from hilbench.variants.strips import rasters

_MARK_INSTRUCTIONS = 5
"""Instructions around a mark that are a step's for the profiler, and an empty step's, and so nobody's, for the counter:
5 as clang compiles them, 4 as gcc does, 3 on ARMv6-M; fewer where the step itself is empty."""


@dataclass(frozen=True)
class Observed:
    """What a target gave. `outputs[name]` is [n, *output shape]; `samples[r]` are those of repeat r of the first input.

    `counts_are` is the provenance of samples and watermarks, None where the target counts nothing.
    `steady`: all repeats gave the same output bytes. `profiles[r]` is the block profile of repeat r of the first input;
    empty where the target cannot be profiled, for the reason that `unprofiled` gives. `emulator`: its name and version.
    """

    hello: Hello
    counts_are: Provenance | None
    samples: Sequence[Sequence[StepSample]]
    watermarks: Mapping[str, Watermark]
    outputs: Mapping[str, Array]
    steady: bool
    profiles: Sequence[Profile] = ()
    unprofiled: str = ""
    emulator: str = ""

    def provenance(self) -> dict[str, Any]:
        """What the record keeps of the target."""
        return {"hello": asdict(self.hello), "unprofiled": self.unprofiled, "emulator": self.emulator}


def observe(target: str, board: Board, firmware: Firmware, inputs: Inputs, repeats: int) -> Observed:
    """Open the target and run every sample of `inputs`, the first one `repeats` times; under the profiler if possible.

    Raises:
        TargetError: the board or emulator failed, or the profiler and the firmware's counter disagree.
    """
    with TemporaryDirectory() as folder:
        recording = Path(folder) / "recording"
        opened, unprofiled = _open(TARGETS[target], board, firmware, recording)
        with opened as session:
            observed = _observe(target, session, firmware.graph, inputs, repeats)
        if unprofiled:
            return replace(observed, unprofiled=unprofiled)
        steps = [step.name for step in firmware.plan.steps]
        profiles = harness.profiles(recording, firmware.image, board, steps, repeats + len(inputs) - 1)[:repeats]
    for profile, samples in zip(profiles, observed.samples, strict=True):
        _compare(profile, samples, _marks(firmware.plan))
    return replace(observed, profiles=profiles)


def _open(
    target: Target, board: Board, firmware: Firmware, recording: Path
) -> tuple[AbstractContextManager[Session], str]:
    """The target's session, under the profiler where there is one; and why not, where it could have been."""
    if not isinstance(target, ProfilingTarget):
        return target.open(board, firmware.image), f"target {target.name} has no block profiler"
    try:
        return target.open_profiled(board, firmware.image, recording), ""
    except ToolError as error:
        return target.open(board, firmware.image), str(error)


def _compare(profile: Profile, samples: Sequence[StepSample], marks: int) -> None:
    """The firmware's own counter must have seen the instructions that the profiler saw in the steps, to the last one.

    Both leave out the counter's interrupts and waiting for the host, and what a mark costs is known. The rest of a run
    is not compared: its ends, and marks around a wait, are not the same instructions for both.
    """
    profiled = sum(executed(section.blocks) for section in profile.sections if section.step != OVERHEAD)
    counted = sum(sample.ticks for sample in samples if sample.step != OVERHEAD)
    if not 0 <= profiled - counted <= marks * _MARK_INSTRUCTIONS:
        raise TargetError(f"the block profiler saw {profiled:,} instructions in the steps, the counter {counted:,}")


def _marks(plan: Plan) -> int:
    """How often steps begin or go on in one run, at most: once each, or for each patch, each piece, and each fetch."""
    found = 0
    for stage in plan.schedule.stages:
        if isinstance(stage, Rolling):
            found += _pieces(plan.graph, stage)
        else:
            found += len(stage_ops(stage)) * (len(stage.regions) if isinstance(stage, Patches) else 1)
    return found


def _pieces(graph: Graph, stage: Rolling) -> int:
    """Pieces that a rolling stage writes and fetches; of what has no ring, the rows of every window that is read."""
    strips = (rasters(graph, stage.pieces, strip).items() for strip in stage.strips)
    found = sum(each.pieces for strip in strips for name, each in strip if stage.rings.get(name) != 0)
    for op in (graph.ops[position] for position in stage.ops):
        for which, name in enumerate(op.inputs):
            if name in stage.streamed and stage.rings[name] == 0 and (seen := windows(op, graph, which)):
                found += calls(graph, stage, op) * seen[0].extent
    return found


def _observe(target: str, session: Session, graph: Graph, inputs: Inputs, repeats: int) -> Observed:
    runs = [_infer(session, graph, inputs.sample(0)) for _ in range(repeats)]
    rest = [_infer(session, graph, inputs.sample(index))[1] for index in range(1, len(inputs))]
    rows = [runs[0][1], *rest]
    return Observed(
        hello=session.hello,
        counts_are=_provenance(TARGETS[target].provenance),
        samples=[samples for samples, _ in runs],
        watermarks={mark.region: mark for mark in session.watermarks()},
        outputs={name: np.stack([row[name] for row in rows]) for name in graph.outputs},
        steady=all(_same(outputs, runs[0][1]) for _, outputs in runs),
        emulator=session.hello.simulator or TARGETS[target].emulator(),
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
