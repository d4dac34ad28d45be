"""The comparison table: against the baseline, one provenance per column, nothing made up where a value is missing."""

from __future__ import annotations

import pytest

from hilbench.cli.table import print_table
from hilbench.report.markdown import tables
from hilbench.report.table import Table, comparison
from hilbench.results.frame import tidy
from hilbench.results.schema import Provenance, RunRecord, Status, Value


def record(variant: str, *values: Value, status: Status = Status.OK, target: str = "qemu") -> RunRecord:
    return RunRecord(variant, "s", "kws", "b", target, variant, status, "", "", "", "0", values)


def counted(metric: str, value: float, unit: str = "B", **more: object) -> Value:
    return Value(metric, value, unit, Provenance.COUNTED, **more)  # type: ignore[arg-type]


def static(metric: str, value: float, unit: str = "B") -> Value:
    return Value(metric, value, unit, Provenance.STATIC)


def heads(table: Table) -> list[str]:
    return [f"{column.title}: {column.kind}" for column in table.columns]


def texts(table: Table) -> list[tuple[str, ...]]:
    return [
        (row.variant, row.status, *(f"{cell.text} {cell.change}".strip() for cell in row.cells)) for row in table.rows
    ]


RECORDS = [
    record("int8", counted("instructions", 1000, "instructions", repeat=0), counted("arena_bytes", 400)),
    record(
        "int8+patch",
        counted("instructions", 1100, "instructions", repeat=0),
        counted("instructions", 7, "instructions", step="00_conv", repeat=0),
        counted("arena_bytes", 100),
        static("arena_bytes", 100),
        counted("accuracy", 0.902, "1"),
    ),
    record("float32", status=Status.DOES_NOT_FIT),
]


def test_changes_are_from_the_baseline() -> None:
    table = comparison(tidy(RECORDS), "int8")
    assert heads(table) == ["instructions: counted", "arena: B, counted", "accuracy: counted"]
    assert texts(table) == [
        ("int8", "ok", "1,000", "400", ""),
        ("int8+patch", "ok", "1,100 +10.0 %", "100 -75.0 %", "0.902"),
        ("float32", "does_not_fit", "", "", ""),
    ]


def test_without_a_baseline_the_first_variant_is_it() -> None:
    assert comparison(tidy(RECORDS), "").rows == comparison(tidy(RECORDS), "int8").rows
    assert texts(comparison(tidy(RECORDS), "int8+patch"))[0][3] == "400 +300.0 %"


def test_provenances_have_columns_of_their_own() -> None:
    mixed = [record("a", static("flash_model_bytes", 10)), record("b", counted("flash_model_bytes", 5))]
    both = [*mixed, record("c", Value("flash_model_bytes", 1, "B", Provenance.MEASURED))]
    table = comparison(tidy(both), "b")
    assert heads(table) == [f"flash model: B, {kind}" for kind in ("static", "counted", "measured")]
    assert texts(table) == [("a", "ok", "10", "", ""), ("b", "ok", "", "5", ""), ("c", "ok", "", "", "1")]


def test_a_prediction_stands_where_some_run_has_nothing_else() -> None:
    arena = [static("arena_bytes", 100), counted("arena_bytes", 90)]
    assert heads(comparison(tidy([record("a", *arena)]))) == ["arena: B, counted"]
    assert len(heads(comparison(tidy([record("a", *arena), record("b", arena[0])])))) == 2


def test_warm_repeats_are_what_is_compared() -> None:
    repeats = [counted("instructions", value, "instructions", repeat=n) for n, value in enumerate((900, 10, 20))]
    table = comparison(tidy([record("int8", *repeats), record("cold", repeats[0])]), "")
    assert [row[2] for row in texts(table)] == ["15", "900 +5900.0 %"]


def test_a_modelled_figure_has_its_band() -> None:
    def modelled(metric: str, value: float, unit: str) -> Value:
        return Value(metric, value, unit, Provenance.MODELLED)

    values = modelled("cycles", 1_222_000.5, "cycles"), modelled("latency_ms", 4.3651, "ms")
    table = comparison(tidy([record("int8", *values, modelled("cycles_error_pct", 5.25, "%"))]), "")
    assert heads(table) == ["cycles: modelled", "latency: ms, modelled"]
    assert texts(table) == [("int8", "ok", "1,222,000 ±5.2 %", "4.365 ±5.2 %")]


def test_targets_are_apart() -> None:
    table = comparison(tidy([*RECORDS, record("int8", counted("arena_bytes", 1), target="board")]), "int8")
    assert {row.group for row in table.rows} == {("kws", "b", "qemu"), ("kws", "b", "board")}


def test_markdown() -> None:
    (text,) = tables(comparison(tidy(RECORDS), "int8"))
    lines = text.splitlines()
    assert lines[0] == "## kws · b · qemu"
    assert lines[2] == "| variant | status | instructions<br>counted | arena<br>B, counted | accuracy<br>counted |"
    assert lines[5] == "| int8+patch | ok | 1,100 (+10.0 %) | 100 (-75.0 %) | 0.902 |"


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(comparison(tidy(RECORDS), "int8"))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert [line.split() for line in out.splitlines() if "patch" in line] == [
        ["int8+patch", "ok", "1,100", "(+10.0", "%)", "100", "(-75.0", "%)", "0.902"]
    ]


def test_an_empty_run_has_an_empty_table() -> None:
    assert comparison(tidy([]), "int8").rows == ()
