"""One cell of a suite, model × variant × board: from the model file to its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

import hilbench
from hilbench.boards import Board
from hilbench.build.toolchain import toolchain_of
from hilbench.errors import BuildError, ConfigError, DoesNotFit, ExitCode, HilbenchError, TargetError, UnsupportedModel
from hilbench.ir import reference
from hilbench.ir.graph import Array, Graph
from hilbench.metrics.metric import Evidence, collect
from hilbench.profile import Profile
from hilbench.results.schema import RunRecord, Status, Value
from hilbench.runner.firmware import Firmware, compile_model
from hilbench.runner.identity import code_digest
from hilbench.runner.inputs import Inputs, make_inputs
from hilbench.runner.session import Observed, observe
from hilbench.suite import Compiler, Model, Suite
from hilbench.targets.attached import is_attached
from hilbench.targets.target import TARGETS
from hilbench.variants.variant import Variant

_ENDED_BY = {DoesNotFit: Status.DOES_NOT_FIT, UnsupportedModel: Status.UNSUPPORTED}


@dataclass(frozen=True)
class Cell:
    """What is measured: a model in a variant, on a board through a target ("qemu", "board", "host").

    `row` is what the rows call the variant.
    """

    suite: str
    model: Model
    board: Board
    variant: Variant
    target: str
    repeats: int
    compiler: Compiler
    row: str

    @property
    def toolchain(self) -> str:
        """Name and version of what builds it, and the model's optimisation level."""
        return f"{toolchain_of(self.target, self.compiler.toolchain).identity()} {self.compiler.optimize}"

    @cached_property
    def run_id(self) -> str:
        """16 hex digits over everything that the result depends on; equal ids mean that a result can be used again."""
        board = self.board.model_dump_json()
        asked = (self.model.name, self.model.digest(), board, self.row, str(self.variant), self.target, self.repeats)
        made_by = (self.toolchain, code_digest())
        return hashlib.sha256(repr((asked, made_by)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """A record; the device's outputs (`outputs/RUN_ID.npz`) and the last repeat's block profile where there are any."""

    record: RunRecord
    outputs: Mapping[str, Array] = field(default_factory=dict)
    profile: Profile | None = None


def cells(suite: Suite) -> list[Cell]:
    """Every cell of a suite: boards within compilers within variants within models."""
    return [
        _cell(suite, model, variant, compiler, board)
        for model in suite.models
        for variant in model.variants
        for compiler in suite.compilers
        for board in suite.boards
    ]


def _cell(suite: Suite, model: Model, variant: Variant, compiler: Compiler, board: Board) -> Cell:
    target, row = choose_target(board, suite.target), suite.row(str(variant), compiler)
    return Cell(suite.name, model, board, variant, target, suite.repeats, compiler, row)


def choose_target(board: Board, asked: str) -> str:
    """The target by name; "auto" is the board itself where it is attached, else the emulator that its file names.

    Raises:
        UsageError: no target has that name.
        ConfigError: "auto", and the board file names no emulator.
    """
    if asked != "auto":
        return TARGETS[asked].name
    if is_attached(board):
        return "board"
    if board.emulator is None:
        raise ConfigError("no emulator", where=f"board {board.name}", right="give --target, or add [emulator]")
    return board.emulator.kind


def measure(cell: Cell) -> Outcome:
    """Run the whole pipeline for a cell. What stops this cell alone becomes its record.

    Raises:
        HilbenchError: what would stop every cell (a tool is missing), or is the user's to mend (a wrong dataset).
    """
    try:
        return _measured(cell)
    except (DoesNotFit, UnsupportedModel, BuildError, TargetError) as error:
        return Outcome(_ended(cell, error))


def _measured(cell: Cell) -> Outcome:
    firmware = compile_model(cell.model, cell.variant, cell.board, cell.target, cell.compiler)
    inputs = make_inputs(firmware.graph, cell.model.dataset)
    observed = observe(cell.target, cell.board, firmware, inputs, cell.repeats)
    expected = expected_outputs(firmware.graph, inputs)
    evidence = _evidence(cell, firmware, observed, expected, inputs)
    values = collect(evidence, right_answer=True)
    status, detail = _verdict(values, observed)
    if status is not Status.OK:
        values = collect(evidence, right_answer=False)
    record = _record(cell, status, detail)
    record = replace(
        record,
        build_id=firmware.image.build_id,
        values=values,
        provenance=record.provenance | firmware.provenance() | observed.provenance() | _said_of(inputs),
    )
    profile = observed.profiles[-1] if status is Status.OK and observed.profiles else None
    return Outcome(record, _kept(firmware, observed, inputs), profile)


def expected_outputs(graph: Graph, inputs: Inputs) -> dict[str, Array]:
    """Every graph output for all inputs, [n, *output shape], from the numpy reference."""
    rows = [reference.run(graph, inputs.sample(index)) for index in range(len(inputs))]
    return {name: np.stack([row[name] for row in rows]) for name in graph.outputs}


def _evidence(
    cell: Cell, firmware: Firmware, observed: Observed, expected: Mapping[str, Array], inputs: Inputs
) -> Evidence:
    return Evidence(
        graph=firmware.graph,
        plan=firmware.plan,
        image=firmware.image,
        board=cell.board,
        hello=observed.hello,
        provenance=observed.counts_are,
        samples=observed.samples,
        watermarks=observed.watermarks,
        outputs=observed.outputs,
        expected=expected,
        labels=inputs.labels,
        profiles=observed.profiles,
    )


def _verdict(values: tuple[Value, ...], observed: Observed) -> tuple[Status, str]:
    mismatch = next(value for value in values if value.metric == "output_mismatches")
    if mismatch.value:
        return Status.MISMATCH, f"{int(mismatch.value)} {mismatch.unit} differ from the reference, {mismatch.detail}"
    if not observed.steady:
        return Status.MISMATCH, "repeats of the same input gave different outputs"
    return Status.OK, ""


def _record(cell: Cell, status: Status, detail: str) -> RunRecord:
    provenance = {
        "model_file": cell.model.path.name,
        "model_sha256": cell.model.digest(),
        "optimize": cell.compiler.optimize,
        "hilbench_sha256": code_digest(),
        "board": cell.board.model_dump(mode="json", exclude_none=True),
    }
    return RunRecord(
        run_id=cell.run_id,
        suite=cell.suite,
        model=cell.model.name,
        board=cell.board.name,
        target=cell.target,
        variant=cell.row,
        status=status,
        detail=detail,
        build_id="",
        toolchain=cell.toolchain,
        hilbench_version=hilbench.__version__,
        provenance=provenance,
    )


def _ended(cell: Cell, error: HilbenchError) -> RunRecord:
    record = _record(cell, _ENDED_BY.get(type(error), Status.FAILED), _in_short(error))
    more = {"error": str(error), "error_class": type(error).__name__}
    return replace(record, provenance=record.provenance | more, exit_code=int(error.exit_code))


def _in_short(error: HilbenchError) -> str:
    """One line of an error's text, which may hold a command line, a listing, or a compiler's whole output."""
    if isinstance(error, BuildError):
        told = [line for line in error.output.splitlines() if "error" in line.lower()] or [str(error)]
        return f"build failed: {told[0].strip()}"
    lines = str(error).splitlines()
    return " ".join(line.strip() for line in (lines if isinstance(error, UnsupportedModel) else lines[:2]))


def _said_of(inputs: Inputs) -> dict[str, Any]:
    return {"inputs": inputs.source, "input_count": len(inputs), "inputs_sha256": inputs.digest()}


def _kept(firmware: Firmware, observed: Observed, inputs: Inputs) -> dict[str, Array]:
    """Arrays of the outputs file: output_K for graph output K, and what they are outputs of."""
    outputs = {f"output_{place}": observed.outputs[name] for place, name in enumerate(firmware.graph.outputs)}
    names = np.array(firmware.graph.outputs)
    return {**outputs, "output_names": names, "inputs_sha256": np.array(inputs.digest())}


FINAL = (Status.OK, Status.MISMATCH, Status.DOES_NOT_FIT, Status.UNSUPPORTED)
"""Statuses that running again would only repeat."""


def is_final(record: RunRecord) -> bool:
    """Whether a cell is done; infrastructure that failed (tool, target) is worth another try."""
    return record.status in FINAL or record.exit_code == ExitCode.BUILD
