"""Reports without a browser: tables, Markdown, plots over the registry, files, and what must stay out of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import altair
import pandas as pd
import pytest

import hilbench
from hilbench.errors import ConfigError, UsageError
from hilbench.gate.rules import Budget
from hilbench.report import markdown
from hilbench.report.files import write_plots
from hilbench.report.html import render
from hilbench.report.plots.plot import PLOTS, context, draw, spec
from hilbench.report.plots.sparsity import crossover
from hilbench.report.select import Reading
from hilbench.report.table import comparison
from hilbench.results import history
from hilbench.results.run import Run
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.results.store import open_store
from tests.unit.report.report_examples import make_run


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(models=1, variants=5)


@pytest.fixture(scope="module")
def past(run: Run, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("history")
    for day in (1, 2, 3):
        history.add(run, folder, f"c{day}", datetime(2026, 1, day, tzinfo=UTC))
    return history.load(folder)


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_valid_and_has_a_sentence(name: str, run: Run, past: pd.DataFrame) -> None:
    chart = draw(PLOTS[name], Reading(run.frame), context(run, past))
    assert chart is not None
    assert altair.Chart.from_dict(spec(chart), validate=True).to_dict()["description"].startswith(PLOTS[name].title)
    assert PLOTS[name].says.endswith(".")


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_copes_with_a_run_of_failures(name: str) -> None:
    record = RunRecord("r", "s", "m", "b", "t", "int8", Status.FAILED, "no answer", "", "", "0")
    failed = Run((record,))
    past = failed.frame.assign(commit="c", time=pd.Timestamp(0))
    assert draw(PLOTS[name], Reading(failed.frame), context(failed, past)) is None


@pytest.mark.parametrize("name", PLOTS)
def test_no_axis_holds_two_provenances(name: str, run: Run, past: pd.DataFrame) -> None:
    """Every axis that has a value says which one kind it holds, where the values of a run have several."""
    text = json.dumps(spec(draw(PLOTS[name], Reading(run.frame), context(run, past))))
    kinds = [kind.value for kind in Provenance]
    assert name == "arena" or any(f"({kind})" in text for kind in kinds)


def test_the_crossover_is_where_pruning_begins_to_pay() -> None:
    def at(*times: float) -> float | None:
        return crossover(pd.DataFrame({"ratio": [0.0, 0.4, 0.8][: len(times)], "times": times}))

    assert at(1.0, 0.8, 1.2) == pytest.approx(0.6)
    assert at(1.0, 1.0, 1.2) == 0.4  # as fast as dense up to there
    assert at(1.0, 1.1, 1.2) == 0.0
    assert at(1.0, 0.9, 0.95) is None


def test_pruned_variants_are_compared_with_their_own_dense_one() -> None:
    names = (
        "int8",
        "int8+keep",
        "int8+sparse:0.8",
        "int8+sparse:0.8+keep",
        "int8+sparse:2:4",
        "float32+sparse:0.5",
        "?",
    )
    records = [
        replace(record, variant=v) for v, record in zip(names, make_run(variants=len(names) + 1).records, strict=False)
    ]
    chart = draw(PLOTS["sparsity"], Reading(Run(tuple(records)).frame), {})
    assert chart is not None
    points = chart["vconcat"][0]["data"]["values"]
    assert {point["curve"] for point in points} == {"int8, unstructured", "int8+keep, unstructured", "int8, 2:4"}
    assert {point["ratio"] for point in points} == {0.0, 0.5, 0.8}


def test_plots_are_in_one_order() -> None:
    places = [plot.place for plot in PLOTS.values()]
    assert len(set(places)) == len(places)


def test_the_table_compares_with_the_named_baseline_variant(run: Run) -> None:
    table = comparison(run.frame, "int8+patch")
    rows = {row.variant: row for row in table.rows}
    place = [(column.metric, column.provenance) for column in table.columns].index(("instructions", "counted"))
    assert rows["int8+patch"].baseline and rows["int8+patch"].cells[place].change == ""
    base, other = rows["int8+patch"].cells[place].value, rows["int8"].cells[place].value
    assert rows["int8"].cells[place].change == f"{100 * (other / base - 1):+.1f} %"


def test_modelled_numbers_carry_their_band(run: Run) -> None:
    table = comparison(run.frame)
    cells = {column.provenance: cell for column, cell in zip(table.columns, table.rows[0].cells, strict=True)}
    assert cells["modelled"].text.endswith("±5.2 %")
    assert "±" not in cells["counted"].text


def test_a_result_without_values_is_a_row_with_its_reason(run: Run) -> None:
    last = comparison(run.frame).rows[-1]
    assert (last.status, last.detail) == ("does_not_fit", "ram is too small <b>")
    assert all(cell.text == "" for cell in last.cells)


def test_wide_never_mixes_provenances() -> None:
    values = (Value("cycles", 1.0, "", Provenance.MEASURED), Value("cycles", 2.0, "", Provenance.MODELLED))
    frame = Run((RunRecord("r", "s", "m", "b", "t", "v", Status.OK, "", "", "", "0", values),)).frame
    columns = [("cycles", "measured"), ("cycles", "modelled"), ("cycles", "counted")]
    row = Reading(frame).wide(columns).iloc[0]
    assert row[columns[0]] == 1.0 and row[columns[1]] == 2.0 and pd.isna(row[columns[2]])


def test_markdown_has_a_table_per_group_and_escapes(run: Run) -> None:
    text = markdown.render(make_run(models=2))
    assert text.count("| variant | status |") == 2
    assert "ram is too small &lt;b>" in text
    assert "hilbench run suites/demo.toml" in text


def test_html_asks_nothing_of_a_network_and_escapes_what_runs_say(run: Run) -> None:
    text = render(run)
    own = text[: text.index("<script>")]
    assert "http" not in own.replace("https://vega.github.io/schema", "")
    assert "too small &lt;b&gt;" in own


def test_a_run_of_failures_has_a_report() -> None:
    text = render(
        Run((RunRecord("r", "s", "m", "b", "t", "int8", Status.FAILED, "no answer within 5 s", "", "", "0"),))
    )
    assert "1 failed" in text and "no answer within 5 s" in text
    assert "1 result:" in text and "Nothing was measured" in text and "No result here has values" in text
    assert "Nothing was measured" not in render(make_run()) and "No result here" not in render(make_run())


def test_the_flash_ledger_closes_and_an_unknown_item_is_not_called_the_harness(run: Run) -> None:
    (panel,) = draw(PLOTS["flash"], Reading(run.frame), {})["vconcat"]
    bars, totals = (layer["data"]["values"] for layer in panel["layer"])
    assert {bar["item"] for bar in bars} == {"weights", "code", "tables", "harness"}
    for whole in totals:
        assert sum(bar["value"] for bar in bars if bar["variant"] == whole["variant"]) == whole["total"]
    unsplit = run.frame[run.frame["metric"] != "flash_code_bytes"]
    assert draw(PLOTS["flash"], Reading(unsplit), {}) is None


def test_a_simulated_board_is_named_as_one(run: Run) -> None:
    virtual = {"hello": {"simulator": "hilbench virtual nucleo"}}
    told = Run((replace(run.records[0], target="board", provenance=virtual),))
    for text in (render(told), markdown.render(told)):
        assert "hilbench virtual nucleo stood in" in text and "model0 · board0 · board: no silicon" in text
    assert "no silicon" not in render(run) + markdown.render(run)


def test_an_empty_run_has_none() -> None:
    with pytest.raises(ConfigError, match="no results"):
        render(Run(()))


def test_budgets_of_rules_are_lines_where_they_apply(run: Run) -> None:
    rules = [Budget(require="sram_total_bytes <= 12345", board="board0")]
    rules += [Budget(require="sram_total_bytes <= 12346", board="other")]
    text = render(run, budgets=rules)
    assert "12345" in text and "12346" not in text


def test_plots_as_files(run: Run, tmp_path: Path) -> None:
    written = write_plots(run, tmp_path)
    assert len(written) == 2 * (len(PLOTS) - 1)
    for path in written:
        content = path.read_bytes()
        assert content.startswith(b"<svg" if path.suffix == ".svg" else b"\x89PNG")


def test_notebook_functions(run: Run, tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.write_header(run.header)
        for record in run.records:
            store.append(record)
    frame = hilbench.open(tmp_path)
    assert isinstance(hilbench.plot.pareto(frame), altair.LayerChart)
    assert isinstance(hilbench.plot.arena(frame[frame["variant"] == "int8"]), altair.ConcatChart)
    assert "int8" in hilbench.plot.layers(frame, baseline="int8+patch").to_json()
    with pytest.raises(UsageError, match="nothing that plot 'trend' draws"):
        hilbench.plot.trend(frame)
    with pytest.raises(AttributeError, match="plots: accuracy, arena"):
        _ = hilbench.plot.nothing
    assert set(dir(hilbench.plot)) == set(PLOTS)
