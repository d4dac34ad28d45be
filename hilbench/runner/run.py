"""Running a suite: cells that are not done yet, some at once, each record on the disk as soon as it is there."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import hilbench
from hilbench.errors import ExitCode, UnsupportedModel
from hilbench.importers import load_model
from hilbench.profile import jsonform
from hilbench.results.schema import RunRecord, Status
from hilbench.results.store import Store, newest_records, open_store, read_header, read_records
from hilbench.runner.cell import Cell, Outcome, cells, is_final, measure
from hilbench.runner.pool import each
from hilbench.suite import Suite


class Progress(Protocol):
    """Told what happens while a suite runs."""

    def start(self, total: int, kept: int) -> None:
        """The suite has `total` cells, `kept` of them finished by an earlier, interrupted run."""

    def done(self, record: RunRecord) -> None:
        """A cell has ended, well or not."""


def run(suite: Suite, folder: Path, jobs: int, progress: Progress) -> list[RunRecord]:
    """Measure every cell of `suite` into `folder`, `jobs` at once; records in the suite's order.

    Cells that `folder` holds already, made by the same hilbench, compiler, model and board files, are kept; those that
    infrastructure failed are tried again.

    Raises:
        HilbenchError: what stops the whole run; all records finished before are kept.
    """
    wanted = cells(suite)
    _check_models(suite)
    with open_store(folder) as store:
        kept = {run_id for run_id, record in newest_records(folder).items() if is_final(record)}
        header = _header(suite, wanted, folder)
        store.write_header(header)
        progress.start(len(wanted), sum(cell.run_id in kept for cell in wanted))
        todo = [cell for cell in wanted if cell.run_id not in kept]
        with closing(each(measure, todo, _at_once(todo, jobs))) as outcomes:
            for outcome in outcomes:
                _keep(store, outcome)
                progress.done(outcome.record)
        records = read_records(folder)
        store.write_header(header | {"finished": all(map(is_final, records))})
    return records


def _at_once(todo: Sequence[Cell], jobs: int) -> int:
    """A board runs one cell at a time, and holding its probe while another cell waits for it would be a race."""
    return 1 if any(cell.target == "board" for cell in todo) else jobs


def choose_folder(suite: str, parent: Path) -> Path:
    """Where a run goes that names no folder: the newest `parent/SUITE-N` while it is unfinished, else the next N."""
    numbered = {int(p.name.rpartition("-")[2]): p for p in parent.glob(f"{suite}-*") if _number(p, suite)}
    newest = max(numbered, default=0)
    if newest and not read_header(numbered[newest]).get("finished", False):
        return numbered[newest]
    return parent / f"{suite}-{newest + 1}"


def exit_code(records: Iterable[RunRecord]) -> ExitCode:
    """What a run's records mean for a calling script.

    A wrong answer weighs most, then what broke (tool, target, build). Variants that do not fit or are not supported are
    results like others, unless nothing else came out.
    """
    records = list(records)
    if any(record.status is Status.MISMATCH for record in records):
        return ExitCode.MISMATCH
    broken = sorted(record.exit_code for record in records if record.status is Status.FAILED)
    if broken:
        return ExitCode(broken[0])
    return ExitCode.OK if any(record.status is Status.OK for record in records) else ExitCode.CONFIG


def _check_models(suite: Suite) -> None:
    """Read every model once before anything is built, so that a damaged file is found at once."""
    for model in suite.models:
        try:
            load_model(model.path)
        except UnsupportedModel:
            continue  # becomes a record of each of its cells


def _keep(store: Store, outcome: Outcome) -> None:
    """Outputs and profile first: a record that is there has them."""
    if outcome.outputs:
        store.save_outputs(outcome.record.run_id, outcome.outputs)
    if outcome.profile is not None:
        store.save_profile(outcome.record.run_id, jsonform.dumps(outcome.profile))
    store.append(outcome.record)


def _header(suite: Suite, wanted: Sequence[Cell], folder: Path) -> dict[str, Any]:
    earlier = read_header(folder).get("commands", [])
    command = {"argv": shlex.join(sys.argv), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    return {
        "suite": suite.name,
        "baseline": suite.baseline_row,
        "budgets": list(suite.budgets),
        "cells": [cell.run_id for cell in wanted],
        "commands": [*earlier, command],
        "versions": {
            "hilbench": hilbench.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": platform.platform(),
        },
        "finished": False,
    }


def _number(path: Path, suite: str) -> bool:
    return path.name.removeprefix(f"{suite}-").isdigit()
