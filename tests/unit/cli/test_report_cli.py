"""The verbs `report` and `history` on run folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hilbench.cli.main import build_app
from hilbench.results.run import Run
from hilbench.results.store import open_store
from tests.unit.report.report_examples import make_run


def keep(run: Run, folder: Path) -> Path:
    with open_store(folder) as store:
        store.write_header(run.header)
        for record in run.records:
            store.append(record)
    return folder


def call(*args: object) -> Result:
    return CliRunner().invoke(build_app([str(args[0])]), [str(arg) for arg in args])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return keep(make_run(variants=2), tmp_path / "run")


def test_html_is_written_into_the_run_folder_by_default(folder: Path) -> None:
    result = call("report", folder)
    assert result.exit_code == 0 and str(folder / "report.html") in result.stdout
    assert "<h1>demo</h1>" in (folder / "report.html").read_text()


def test_markdown_with_a_verdict(folder: Path, tmp_path: Path) -> None:
    assert call("baseline", folder, "--out", tmp_path / "base.json").exit_code == 0
    result = call("report", folder, "--format", "markdown", "--baseline", tmp_path / "base.json")
    assert result.exit_code == 0
    assert "hilbench gate: passed: 2 results" in (folder / "report.md").read_text()


def test_plots_and_history(folder: Path, tmp_path: Path) -> None:
    for commit in ("a1", "b2"):
        added = call("history", folder, "--store", tmp_path / "history", "--commit", commit)
        assert added.exit_code == 0 and "no series took a step" in added.stdout
    result = call("report", folder, "--history", tmp_path / "history", "--plots", tmp_path / "plots")
    assert result.exit_code == 0
    assert (tmp_path / "plots" / "model0-board0-qemu-trend.svg").is_file()


def test_history_names_the_commit_that_stepped(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "history"
    run = make_run(variants=2)
    worse = [replace(v, value=v.value + 1) if v.metric == "instructions" else v for v in run.records[0].values]
    later = {**run.header, "commands": [{"argv": "x", "at": "2026-01-03T00:00:00+00:00"}]}
    after = keep(Run((replace(run.records[0], values=tuple(worse)), run.records[1]), later), tmp_path / "after")
    assert call("history", folder, "--store", store, "--commit", "good").exit_code == 0
    lines = call("history", after, "--store", store, "--commit", "bad").stdout.splitlines()
    assert [line for line in lines if line.startswith("bad") and "instructions (counted)" in line]


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    assert call("report", tmp_path / "none").exit_code == 2
    assert call("history", "--store", tmp_path / "none").exit_code == 2
    assert call("report", folder, "--baseline", tmp_path / "none.json").exit_code == 6
    assert call("report", folder, "--format", "pdf").exit_code == 2
