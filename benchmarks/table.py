"""Whole networks with all kernels, beside what others publish: as fast as can be, in the arena of others, in the least.

    python benchmarks/table.py [--board nucleo_l4r5zi ...]

Every network of MLPerf Tiny that is here (see benchmarks/kernels.py) is planned in three ways: with any arena, with one
that is no larger than TensorFlow Lite Micro's with CMSIS-NN, and with the least that rings need; the visual wake words
with and without the channels that can be removed. Each is built, run in the emulator, and compared with the reference.
A ceiling is 0.5 cycles per multiply-accumulate, one SMLAD for two. Prints a Markdown table per board.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from kernels import measured, networks

from hilbench.boards import Board, find
from hilbench.build.execute import execute
from hilbench.build.plan import prepare
from hilbench.codegen import generate
from hilbench.errors import DoesNotFit, UnsupportedModel
from hilbench.ir.graph import Graph
from hilbench.plan.make import make_plan
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

BEST = {
    "nucleo_l4r5zi": {"AD": 0.486, "IC": 19.81, "KWS": 5.18, "VWW": 10.67, "VWW+keep": 21.66},
    "nucleo_h7a3zi": {"IC": 15.2, "KWS": 4.23, "VWW": 10.3},
    "nucleo_u575zi": {"IC": 22.3, "KWS": 6.19, "VWW": 14.6},
    "nucleo_g0b1re": {"IC": 97.4, "KWS": 30.4, "VWW": 90.5},
}
"""Least Mcycles per inference of any engine, MLPerf Tiny results v1.0 to v1.2 (mlcommons.org); "+keep": without
removed channels."""

TFLM_ARENA = {"IC": 54996, "KWS": 22820, "VWW": 100708}
"""Bytes of TensorFlow Lite Micro's arena with CMSIS-NN."""

CEILING = 0.5


def rows(name: str) -> Iterator[tuple[str, str]]:
    """What each row is called, and its variant."""
    for keep in ("", "+keep")[: 1 + (name == "VWW")]:
        yield f"{name}{keep}: fastest", f"int8{keep}"
        if name in TFLM_ARENA:
            yield f"{name}{keep}: TFLite Micro's arena", f"int8{keep}+layers:arena={TFLM_ARENA[name]}"
            yield f"{name}{keep}: least, resident", f"int8{keep}+rolling"
            yield f"{name}{keep}: least, streamed", f"int8{keep}+rolling:input=streamed"


def row(name: str, graph: Graph, variant: Variant, board: Board) -> str:
    """A line of the table."""
    try:
        plan = make_plan(transform(graph, variant, None).graph, variant.schedule, board.core.features)
        image = execute(prepare(generate(plan, name), board, target="qemu", optimize="-O2"))
    except (UnsupportedModel, DoesNotFit) as error:
        return f"| {name} | {type(error).__name__} | | | | | | |"
    priced, ledger = measured(plan, image, board), image.ledger
    assert ledger is not None
    macs, million = sum(step.macs for step in plan.steps), priced.cycles / 1e6
    best = BEST.get(board.name, {}).get(name.partition(":")[0])
    ratio = f"{million / best:.2f} of {best}" if best else ""
    speed = f"{priced.cycles / macs:.2f} | {CEILING * macs / priced.cycles:.0%}"
    sizes = f"{plan.arena_bytes:,} | {ledger.flash_model_code:,}"
    return f"| {name} | {million:.3f} | {priced.error_pct:.1f}% | {ratio} | {speed} | {sizes} |"


def main(arguments: argparse.Namespace) -> None:
    """A table per board."""
    for board in map(find, arguments.board or ["nucleo_l4r5zi"]):
        print(f"\n{board.name}, int8, -O2, modelled\n")
        print("| network | Mcycles | band | of the best published | cycles/MAC | of the ceiling | arena B | .text B |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for name, graph in networks(arguments.models):
            for title, variant in rows(name):
                print(row(title, graph, Variant.parse(variant), board), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--board", action="append")
    main(parser.parse_args())
