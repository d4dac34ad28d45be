"""Kernels on the emulated nucleo_l4r5zi: modelled cycles of whole networks, beside what others publish for the board.

    python benchmarks/kernels.py [--variant int8] [--board nucleo_l4r5zi] [--steps] [MODEL.tflite ...]

Without models, those of MLPerf Tiny are looked for (in $HILBENCH_SHARED/models, or in `shared/models` beside the
checkout), and an autoencoder of the shape of its anomaly detection (640-128-128-128-128-8-..., seeded weights) is made.
Every network is built, run in the emulator under the block profiler, and its output compared with the reference; one
that differs has no figures. Cycles are modelled, with the band that is printed; instructions are exact. CMSIS-NN's
kernels for Helium take 1.79 M instructions on `mps3-an547` for KWS, 4.81 M for IC and 6.43 M for VWW (TensorFlow Lite
Micro of August 2026, gcc 12).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from hilbench.boards import Board, find
from hilbench.boards.board import Fit, Timing
from hilbench.build.execute import execute
from hilbench.build.image import FirmwareImage
from hilbench.build.plan import prepare
from hilbench.codegen import generate
from hilbench.importers import load_model
from hilbench.ir.attrs import Activation, FullyConnected
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.ir.reference import run as reference
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.profile import Priced, harness, price
from hilbench.profile.core import CoreTiming
from hilbench.profile.decode import Kind
from hilbench.profile.timing import TIMINGS
from hilbench.targets.target import TARGETS
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

PUBLISHED = {
    "AD": "CMSIS-NN 1.033, X-CUBE-AI 0.631, Plumerai 0.486",
    "IC": "CMSIS-NN 46.75, HALE 21.48, X-CUBE-AI 19.81",
    "KWS": "CMSIS-NN 11.98, HALE 7.52, X-CUBE-AI 5.18",
    "VWW": "CMSIS-NN 36.15, HALE 21.69; with channels removed: X-CUBE-AI 10.67",
}
"""Mcycles per inference on NUCLEO-L4R5ZI at 120 MHz: MLPerf Tiny results v1.0 to v1.2 (mlcommons.org)."""

TIMINGS.add(
    "one each", CoreTiming("one each", "counts instructions", lambda block: (1.0,) * len(block), frozenset(Kind))
)
ONE_EACH = Timing(
    model="one each", fit=Fit(on="counted by the emulator", points=0, mean_error_pct=0, worst_error_pct=0)
)
"""What stands in on boards without a timing model, the emulated Cortex-M55 among them: instructions, counted."""

FILES = {"IC": "pretrainedResnet_quant", "KWS": "kws_ref_model", "VWW": "vww_96_int8"}
AUTOENCODER = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)


def autoencoder() -> Graph:
    """Fully connected layers of the widths of AUTOENCODER with seeded int8 weights; outputs spread over the range."""
    rng = np.random.default_rng(0)
    tensors = {"x0": Tensor("x0", (1, AUTOENCODER[0]), DType.INT8, QuantParams((0.05,), (0,)))}
    ops = []
    for i, (inputs, outputs) in enumerate(pairwise(AUTOENCODER)):
        weights = np.clip(rng.normal(0, 30, (outputs, inputs)), -127, 127).astype(np.int8)
        biases = rng.integers(-2000, 2000, outputs).astype(np.int32)
        last = i == len(AUTOENCODER) - 2
        scale = float(np.float32(0.05 * 0.01 * 30 * 80 * np.sqrt(inputs) / 60))
        made = (
            Tensor(f"w{i}", weights.shape, DType.INT8, QuantParams((0.01,), (0,)), weights),
            Tensor(f"b{i}", biases.shape, DType.INT32, None, biases),
            Tensor(f"x{i + 1}", (1, outputs), DType.INT8, QuantParams((scale,), (0 if last else -128,))),
        )
        tensors |= {tensor.name: tensor for tensor in made}
        activation = FullyConnected(Activation.NONE if last else Activation.RELU)
        ops.append(Op("FULLY_CONNECTED", (f"x{i}", f"w{i}", f"b{i}"), (f"x{i + 1}",), activation, i))
    return Graph("autoencoder", tensors, tuple(ops), ("x0",), (f"x{len(AUTOENCODER) - 1}",))


def shared_models() -> Path:
    """Where models are that are not shipped."""
    return Path(os.environ.get("HILBENCH_SHARED") or Path(__file__).parents[2] / "shared") / "models"


def networks(paths: list[Path]) -> Iterator[tuple[str, Graph]]:
    """What was asked for, or the networks of MLPerf Tiny that are here."""
    if paths:
        yield from ((path.stem, load_model(path)) for path in paths)
        return
    yield "AD", autoencoder()
    for name, file in FILES.items():
        path = shared_models() / f"{file}.tflite"
        if path.is_file():
            yield name, load_model(path)
        else:
            print(f"{name}: not here: {path}")


def measured(plan: Plan, image: FirmwareImage, board: Board) -> Priced:
    """Run once under the profiler, compare the outputs, price the profile."""
    rng = np.random.default_rng(1)
    inputs = {name: _random(plan.graph[name], rng) for name in plan.graph.inputs}
    everything = reference(plan.graph, inputs)
    return profiled(plan, image, board, inputs, {name: everything[name] for name in plan.graph.outputs})


def profiled(
    plan: Plan, image: FirmwareImage, board: Board, inputs: Mapping[str, Array], expected: Mapping[str, Array]
) -> Priced:
    """The priced profile of a run with these inputs; the outputs are compared where any are expected."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile"
        extra = harness.arguments(image, board, out)
        with TARGETS["qemu"].open(board, image, extra=extra) as session:  # type: ignore[call-arg]
            for index, name in enumerate(inputs):
                session.write_input(index, inputs[name].tobytes())
            session.run()
            for index, name in enumerate(expected):
                _compare(session.read_output(index), expected[name])
        profile = harness.profiles(out, image, board, [step.name for step in plan.steps], 1)[-1]
    return price(profile, board.timing or ONE_EACH)


def _random(tensor: Tensor, rng: np.random.Generator) -> Array:
    if tensor.dtype == DType.FLOAT32:
        return rng.standard_normal(tensor.shape).astype(np.float32)
    return rng.integers(-128, 128, tensor.shape).astype(np.int8)


def _compare(got: bytes, expected: Array) -> None:
    values = np.frombuffer(got, expected.dtype).reshape(expected.shape)
    same = (
        np.allclose(values, expected, rtol=1e-4, atol=1e-6)
        if expected.dtype.kind == "f"
        else (values == expected).all()
    )
    if not same:
        raise SystemExit("the output differs from the reference: no figures")


def show_steps(plan: Plan, priced: Priced) -> None:
    """A line per step: kernel, cycles per multiply-accumulate and per output, cycles, and those that were predicted."""
    for section in priced.sections:
        if section.step < 0 or plan.steps[section.step].kernel is None:
            continue
        step = plan.steps[section.step]
        outputs = plan.graph[plan.graph.ops[step.op].outputs[0]].elements
        per_mac = f"{section.cycles / step.macs:6.2f}" if step.macs else "     -"
        error = f"{step.cycles:>12,.0f} {100 * (step.cycles / section.cycles - 1):>+6.1f}%" if step.cycles else ""
        spent = f"{per_mac} {section.cycles / outputs:8.1f} {section.cycles:>10,}"
        print(f"    {step.index:3} {step.kernel:40} {spent} {error}")


def main(arguments: argparse.Namespace) -> None:
    """Print the table."""
    board, variant = find(arguments.board), Variant.parse(arguments.variant)
    features: frozenset[str] = frozenset() if arguments.plain else board.core.features
    print(f"{board.name}, {variant}, {arguments.optimize}" + (", plain kernels only" if arguments.plain else ""))
    if board.timing is None:
        print("the board has no timing model: what is called cycles are instructions")
    print(
        f"{'':10} {'instructions':>12} {'Mcycles':>9} {'band':>5} {'/MAC':>5} {'arena':>8} {'.text':>7} {'weights':>8}"
    )
    for name, graph in networks(arguments.models):
        plan = make_plan(transform(graph, variant, None).graph, variant.schedule, features)
        image = execute(prepare(generate(plan, name), board, target="qemu", optimize=arguments.optimize))
        priced, ledger = measured(plan, image, board), image.ledger
        assert ledger is not None
        macs = sum(step.macs for step in plan.steps)
        sizes = f"{plan.arena_bytes:>8,} {ledger.flash_model_code:>7,} {ledger.flash_weights:>8,}"
        time = f"{priced.instructions:>12,} {priced.cycles / 1e6:>9.3f} {priced.error_pct:>4.1f}%"
        published: Mapping[str, str] = PUBLISHED if board.name == "nucleo_l4r5zi" else {}
        print(f"{name:10} {time} {priced.cycles / macs:>5.2f} {sizes}  {published.get(name, '')}")
        if arguments.steps:
            show_steps(plan, priced)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--variant", default="int8")
    parser.add_argument("--board", default="nucleo_l4r5zi")
    parser.add_argument("--optimize", default="-O2")
    parser.add_argument("--plain", action="store_true", help="leave out kernels that need instructions of the core")
    parser.add_argument("--steps", action="store_true", help="a line per step")
    main(parser.parse_args())
