"""Running a suite with a measurement made by hand: what is kept, what is tried again, and the exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.errors import BuildError, ConfigError, ExitCode, HilbenchError, ModelError, TargetError, ToolError
from hilbench.results.schema import RunRecord, Status
from hilbench.results.store import open_store, read_header, read_records
from hilbench.runner import cell as cell_module
from hilbench.runner import run as module
from hilbench.runner.cell import Cell, Outcome, cells, choose_target
from hilbench.suite import Suite, of_model, replace_given
from hilbench.variants.variant import Variant


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.started: tuple[int, int] | None = None
        self.records: list[RunRecord] = []

    def start(self, total: int, kept: int) -> None:
        self.started = (total, kept)

    def done(self, record: RunRecord) -> None:
        self.records.append(record)


@pytest.fixture
def suite() -> Suite:
    variants = tuple(map(Variant.parse, ["float32", "int8", "int8+patch"]))
    return replace_given(of_model("digits"), boards=(find("mps2-an386"),), variants=variants)


def ended(cell: Cell, status: Status = Status.OK, exit_code: int = 0) -> Outcome:
    record = RunRecord(
        cell.run_id, "s", "m", "b", "qemu", str(cell.variant), status, "", "", "", "0", exit_code=exit_code
    )
    return Outcome(record, {"output_0": np.zeros(1)} if status is Status.OK else {})


def test_cells_are_every_combination(suite: Suite) -> None:
    found = cells(suite)
    assert [str(cell.variant) for cell in found] == ["float32", "int8", "int8+patch"]
    assert len({cell.run_id for cell in found}) == 3
    assert cells(replace(suite, repeats=9))[0].run_id != found[0].run_id


def test_all_cells_are_measured_and_kept(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measure", ended)
    records = module.run(suite, tmp_path, 1, told := Told())
    assert [record.variant for record in records] == ["float32", "int8", "int8+patch"]
    assert told.started == (3, 0)
    assert read_header(tmp_path)["finished"] is True
    assert len(list((tmp_path / "outputs").iterdir())) == 3
    module.run(suite, tmp_path, 1, again := Told())
    assert (again.started, again.records) == ((3, 3), [])
    assert len(read_header(tmp_path)["commands"]) == 2


def test_what_another_run_left_in_the_folder_is_found_again(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "measure", ended)
    module.run(suite, tmp_path, 1, Told())
    fewer = replace_given(suite, variants=(Variant.parse("int8+sparse:0.5"),))
    assert [record.variant for record in module.run(fewer, tmp_path, 1, Told())] == ["int8+sparse:0.5"]
    records = module.run(suite, tmp_path, 1, told := Told())
    assert told.started == (3, 3)
    assert [record.variant for record in records] == ["float32", "int8", "int8+patch"]


def test_infrastructure_failures_are_tried_again(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measure", lambda cell: ended(cell, Status.FAILED, ExitCode.TARGET))
    module.run(suite, tmp_path, 1, Told())
    assert read_header(tmp_path)["finished"] is False
    monkeypatch.setattr(module, "measure", ended)
    records = module.run(suite, tmp_path, 1, told := Told())
    assert told.started == (3, 0)
    assert {record.status for record in records} == {Status.OK}


def test_what_stops_everything_keeps_what_is_finished(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_fails(cell: Cell) -> Outcome:
        if str(cell.variant) == "int8":
            raise ToolError("gcc", "gone")
        return ended(cell)

    monkeypatch.setattr(module, "measure", second_fails)
    with pytest.raises(ToolError, match="gone"):
        module.run(suite, tmp_path, 1, Told())
    assert [record.variant for record in read_records(tmp_path)] == ["float32"]


def test_a_damaged_model_is_found_before_anything_is_measured(suite: Suite, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"no")
    models = (*suite.models, replace(suite.models[0], name="bad", path=bad))
    with pytest.raises(ModelError, match=r"bad\.tflite"):
        module.run(replace(suite, models=models), tmp_path / "out", 1, Told())
    assert not (tmp_path / "out").exists()


def statuses(*found: tuple[Status, int]) -> list[RunRecord]:
    return [RunRecord("", "", "", "", "", "", s, "", "", "", "", exit_code=code) for s, code in found]


OK, FIT = (Status.OK, 0), (Status.DOES_NOT_FIT, 6)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([OK, OK], 0),
        ([OK, FIT, (Status.UNSUPPORTED, 6)], 0),
        ([FIT], 6),
        ([], 6),
        ([OK, (Status.FAILED, 4), (Status.FAILED, 5)], 4),
        ([OK, (Status.FAILED, 5)], 5),
        ([OK, (Status.MISMATCH, 0), (Status.FAILED, 3)], 7),
    ],
)
def test_exit_codes(found: list[tuple[Status, int]], code: int) -> None:
    assert module.exit_code(statuses(*found)) == code


def test_the_folder_of_a_run_that_names_none(tmp_path: Path) -> None:
    def folder(name: str, finished: bool) -> Path:
        with open_store(tmp_path / name) as store:
            store.write_header({"finished": finished})
        return tmp_path / name

    assert module.choose_folder("demo", tmp_path) == tmp_path / "demo-1"
    folder("demo-1", True)
    folder("demo-x", False)
    folder("demo-two-7", False)
    assert module.choose_folder("demo", tmp_path) == tmp_path / "demo-2"
    folder("demo-9", True)
    unfinished = folder("demo-10", False)
    assert module.choose_folder("demo", tmp_path) == unfinished


def test_a_target_is_the_emulator_unless_named() -> None:
    board = find("nucleo_l4r5zi")
    assert choose_target(board, "auto") == "qemu"
    assert choose_target(board, "host") == "host"
    with pytest.raises(ConfigError, match="no emulator"):
        choose_target(board.model_copy(update={"emulator": None}), "auto")


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (TargetError("emulator gone\nmore\neven more"), 4, "emulator gone more"),
        (BuildError(["cc"], "x.c: in f:\nx.c:3: error: no\n"), 5, "build failed: x.c:3: error: no"),
        (BuildError(["cc"], ""), 5, "build failed: build failed: cc"),
    ],
)
def test_an_error_of_one_cell_becomes_its_row(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, error: HilbenchError, code: int, detail: str
) -> None:
    def gone(*_: object) -> None:
        raise error

    monkeypatch.setattr(cell_module, "compile_model", gone)
    record = cell_module.measure(cells(suite)[0]).record
    assert (record.status, record.exit_code, record.detail.strip()) == (Status.FAILED, code, detail)
    assert record.provenance["error"] == str(error)
