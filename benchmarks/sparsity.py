"""Sparse kernels against dense ones on the emulated nucleo_l4r5zi: how much faster pruned networks run, modelled.

    python benchmarks/sparsity.py [--format int8] [--board nucleo_l4r5zi] [--keep] [MODEL.tflite ...]

Without models, vww_96 of MLPerf Tiny is looked for (as in kernels.py), and the network like MobileNetV2 in
suites/models is taken. Every variant is built, run under the block profiler, and compared with the reference of the
same pruned weights. A cell says how many times fewer cycles than the dense variant the whole network takes, in brackets
the layers that were pruned (CONV_2D and FULLY_CONNECTED); then the flash of weights and indices, against that of dense
weights. With --keep nothing is eliminated, in neither of the two.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kernels import measured, shared_models

from hilbench.boards import Board, find
from hilbench.build.execute import execute
from hilbench.build.plan import prepare
from hilbench.codegen import generate
from hilbench.importers import load_model
from hilbench.ir.graph import Graph
from hilbench.plan.make import make_plan
from hilbench.variants.sparsity.magnitude import PRUNED_KINDS
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

RATIOS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
SHAPES = {"unstructured": "{}", "1x2": "{},block=1x2", "1x4": "{},block=1x4", "2x1": "{},block=2x1"}
GROUPS = ("2:4", "1:4")
SHIPPED = Path(__file__).parents[1] / "suites" / "models" / "mobilenetv2_035_96.tflite"


@dataclass(frozen=True)
class Run:
    """Cycles of the whole network and of the layers that can be pruned, flash of weights, steps by kernel."""

    cycles: float
    layers: float
    flash: int
    kernels: Counter[str]


def run(graph: Graph, text: str, board: Board) -> Run:
    """Build a variant, run it, compare it, price it."""
    variant = Variant.parse(text)
    plan = make_plan(transform(graph, variant, None).graph, variant.schedule, board.core.features)
    image = execute(prepare(generate(plan, graph.name), board, target="qemu", optimize="-O2"))
    priced = measured(plan, image, board)
    pruned = {step.index: str(step.kernel) for step in plan.steps if plan.graph.ops[step.op].kind in PRUNED_KINDS}
    layers = sum(section.cycles for section in priced.sections if section.step in pruned)
    assert image.ledger is not None
    return Run(priced.cycles, layers, image.ledger.flash_weights, Counter(pruned.values()))


def cell(dense: Run, sparse: Run) -> str:
    """Speed-ups of the whole and of the layers, and what is left of the flash of weights."""
    return (
        f"{dense.cycles / sparse.cycles:4.2f} ({dense.layers / sparse.layers:4.2f}) {sparse.flash / dense.flash:4.0%}"
    )


def table(name: str, graph: Graph, form: str, keep: str, board: Board) -> None:
    """The table of a model."""
    dense = run(graph, form + keep, board)
    print(
        f"\n{name}, {form}{keep}: {dense.cycles / 1e6:.3f} Mcycles, {dense.layers / 1e6:.3f} of them in what is pruned"
    )
    print(f"{'':14}" + "".join(f"{ratio:>20.0%}" for ratio in RATIOS))
    for shape, argument in SHAPES.items():
        runs = [run(graph, f"{form}+sparse:{argument.format(ratio)}{keep}", board) for ratio in RATIOS]
        print(f"{shape:14}" + "".join(f"{cell(dense, each):>20}" for each in runs))
        for ratio, each in zip(RATIOS, runs, strict=True):
            kernels = ", ".join(f"{count} {kernel}" for kernel, count in each.kernels.most_common())
            print(f"{'':14}  {ratio:.0%}: {kernels}")
    for group in GROUPS:
        print(f"{group:14}{cell(dense, run(graph, f'{form}+sparse:{group}{keep}', board)):>20}")


def main(arguments: argparse.Namespace) -> None:
    """A table per model."""
    board, keep = find(arguments.board), "+keep" if arguments.keep else ""
    vww = shared_models() / "vww_96_int8.tflite"
    if not arguments.models and not vww.is_file():
        print(f"vww_96: not here: {vww}")
    for path in arguments.models or [p for p in (vww, SHIPPED) if p.is_file()]:
        table(path.stem, load_model(path), arguments.format, keep, board)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--format", default="int8")
    parser.add_argument("--board", default="nucleo_l4r5zi")
    parser.add_argument("--keep", action="store_true", help="eliminate nothing")
    main(parser.parse_args())
