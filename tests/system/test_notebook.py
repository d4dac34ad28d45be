"""The example notebook runs from top to bottom, and its plots are plots."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from hilbench.results.store import open_store
from tests.unit.report.report_examples import make_run

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"
PLOTTED = 4


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(models=2)
    with open_store(tmp_path / "run") as store:
        store.write_header(run.header)
        for record in run.records:
            store.append(record)
    monkeypatch.setenv("HILBENCH_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    done = NotebookClient(
        nbformat.read(NOTEBOOK, as_version=4), timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [output.get("data", {}) for cell in done.cells for output in cell.get("outputs", ())]
    assert sum("vegaEmbed" in data.get("text/html", "") for data in shown) == PLOTTED
    assert (tmp_path / "cost.svg").read_text().startswith("<svg")


def test_the_notebook_is_committed_without_outputs() -> None:
    assert not [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.get("outputs")]
