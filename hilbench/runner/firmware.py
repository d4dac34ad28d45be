"""From a model file to firmware for one board: import, transform, plan, generate, build."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hilbench.boards import Board
from hilbench.build import BuildPlan, execute, prepare
from hilbench.build.image import FirmwareImage
from hilbench.build.toolchain import CROSS, TOOLCHAINS
from hilbench.codegen import generate
from hilbench.importers import load_model
from hilbench.ir.graph import Graph
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.runner.inputs import read_calibration
from hilbench.suite import Compiler, Model
from hilbench.variants.transform import transform
from hilbench.variants.variant import Transformed, Variant


@dataclass(frozen=True)
class Firmware:
    """A model in a variant, built for a board. `graph` is what the reference runs; `plan` is what the device runs."""

    graph: Graph
    plan: Plan
    image: FirmwareImage
    notes: tuple[str, ...]

    def provenance(self) -> dict[str, Any]:
        """What the record keeps of how the firmware was made, and the arena map for its picture."""
        return {
            "graph_sha256": self.graph.digest(),
            "plan_sha256": self.plan.digest(),
            "flags": list(self.image.flags),
            "notes": list(self.notes),
            "arena": [asdict(buffer) for buffer in self.plan.buffers],
            "steps": [step.name for step in self.plan.steps],
            "kernels": [step.kernel for step in self.plan.steps],
        }


def plan_model(model: Model, variant: Variant, board: Board, toolchain: str = CROSS) -> tuple[Transformed, Plan]:
    """The transformed graph and its plan, of kernels that the toolchain can compile.

    Raises:
        ModelError, UnsupportedModel: the model cannot be read or served.
        ConfigError: the calibration data do not suit it.
        UsageError: a kernel that the variant names does not exist, or serves nothing here.
    """
    graph = load_model(model.path)
    done = transform(graph, variant, read_calibration(graph, model.calibration))
    features = board.core.features - TOOLCHAINS[toolchain].lacks
    return done, make_plan(done.graph, variant.schedule, features, variant.kernels, board.memory.flash.size)


def prepare_model(plan: Plan, name: str, board: Board, target: str, compiler: Compiler) -> BuildPlan:
    """Sources and build commands for a plan; nothing is executed."""
    sources = generate(plan, name)
    return prepare(sources, board, target=target, optimize=compiler.optimize, toolchain=compiler.toolchain)


def compile_model(model: Model, variant: Variant, board: Board, target: str, compiler: Compiler) -> Firmware:
    """Everything up to the image.

    Raises:
        HilbenchError: see `plan_model`; DoesNotFit, BuildError and ToolError from the build.
    """
    done, plan = plan_model(model, variant, board, compiler.toolchain)
    image = execute(prepare_model(plan, model.name, board, target, compiler))
    return Firmware(done.graph, plan, image, (*done.notes, *_left_out(board, compiler.toolchain)))


def _left_out(board: Board, toolchain: str) -> list[str]:
    """A note for each kind of kernel that the core could run and the toolchain cannot compile."""
    missing = sorted(board.core.features & TOOLCHAINS[toolchain].lacks)
    return [f"without kernels for {feature}, which {toolchain} does not compile" for feature in missing]
