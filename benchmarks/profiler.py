"""How fast QEMU executes with and without the block profiler: `python benchmarks/profiler.py MODEL... [--board NAME]`.

Both run the same image with -icount, as `hilbench run` does. What counts is the processor time of QEMU, not the clock
on the wall: many inferences less one, so that boot, translation and the link are taken off. Both take turns, and the
best of several rounds is printed, because everything else on the machine only ever adds time.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from hilbench.boards import find
from hilbench.runner.firmware import compile_model
from hilbench.runner.inputs import make_inputs
from hilbench.suite import of_model
from hilbench.targets.target import TARGETS, ProfilingTarget, Session
from hilbench.variants.variant import Variant


def spent(opened: AbstractContextManager[Session], sample: bytes, runs: int) -> tuple[int, float]:
    """Instructions of `runs` inferences, and the seconds of processor time of the whole session."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with opened as session:
        session.write_input(0, sample)
        counted = sum(step.ticks for _ in range(runs) for step in session.run())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return counted, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def speed(model: str, board_name: str, runs: int, rounds: int) -> tuple[float, float]:
    """Millions of instructions per second: bare, and under the profiler."""
    board, (entry,) = find(board_name), of_model(model).models
    firmware = compile_model(entry, Variant.parse("int8"), board, "qemu", "-O2")
    sample = make_inputs(firmware.graph, None).sample(0)[firmware.graph.inputs[0]].tobytes()
    target = TARGETS["qemu"]
    assert isinstance(target, ProfilingTarget)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording"
        ways = (
            lambda: target.open(board, firmware.image),
            lambda: target.open_profiled(board, firmware.image, recording),
        )
        taken = [[_rate(way, sample, runs) for way in ways] for _ in range(rounds)]
    bare, profiled = (max(rates) for rates in zip(*taken, strict=True))
    return bare, profiled


def _rate(way: Callable[[], AbstractContextManager[Session]], sample: bytes, runs: int) -> float:
    (few, base), (many, seconds) = spent(way(), sample, 1), spent(way(), sample, runs + 1)
    return (many - few) / (seconds - base) / 1e6


def main() -> None:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--board", default="nucleo_l4r5zi")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for model in asked.models:
        bare, profiled = speed(model, asked.board, asked.runs, asked.rounds)
        rates = f"bare {bare:.0f}, profiled {profiled:.0f} M instructions/s: {profiled / bare:.0%}"
        print(f"{Path(model).stem} on {asked.board}: {rates}")


if __name__ == "__main__":
    main()
