"""A baseline file holds a snapshot exactly, is short and sorted, and refuses to be anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.errors import ConfigError, UsageError
from hilbench.results.baseline import Key, Quantity, Result, Snapshot, of_run, parse, read, to_json, write
from hilbench.results.run import Run
from hilbench.results.schema import Provenance, RunRecord, Status, Value

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
names = st.just("[1,  2]") | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
quantities = st.builds(
    Quantity, st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.sampled_from(Provenance), st.just("") | names
)
results = st.builds(
    Result,
    st.builds(Key, names, names, names, names),
    st.sampled_from(Status),
    names,
    st.integers(0, 7),
    st.dictionaries(names, names, max_size=3),
    st.dictionaries(quantities, st.lists(numbers, min_size=1, max_size=4).map(tuple), max_size=5),
)


@given(st.lists(results, max_size=4), st.lists(names, max_size=2))
def test_what_is_written_is_read_again(made: list[Result], budgets: list[str]) -> None:
    snapshot = Snapshot("here", {result.key: result for result in made}, tuple(budgets))
    text = to_json(snapshot)
    kept = {
        key: replace(r, samples={q: s for q, s in r.samples.items() if not left_out(q)})
        for key, r in snapshot.results.items()
    }
    assert parse(json.loads(text), "here") == replace(snapshot, results=kept)
    assert to_json(parse(json.loads(text), "here")) == text


def left_out(quantity: Quantity) -> bool:
    return bool(quantity.step) and quantity.provenance is Provenance.MODELLED


def record() -> RunRecord:
    values = [Value("latency_ms", t, "ms", Provenance.MEASURED, repeat=i) for i, t in enumerate((1.25, 1.5))]
    values += [Value("instructions", 70.0, "instructions", Provenance.COUNTED, repeat=i) for i in range(3)]
    values += [Value("instructions", 40.0, "instructions", Provenance.COUNTED, step="00_conv_2d")]
    return RunRecord(
        "id", "demo", "digits", "nucleo", "board", "int8", Status.OK, "", "b", "gcc 12", "0.1", tuple(values),
        {"model_sha256": "m", "hello": {"clock_hz": 120, "core": "m4", "counter": "dwt"}, "arena": [{"name": "x"}]},
    )  # fmt: skip


def test_the_file_is_what_a_reviewer_wants_to_read(tmp_path: Path) -> None:
    write(of_run(Run((record(),)), "run"), tmp_path / "base.json")
    text = (tmp_path / "base.json").read_text()
    assert '"latency_ms measured": [1.25, 1.5]' in text
    assert '"00_conv_2d": 40' in text
    assert '"clock_hz": "120"' in text
    assert "arena" not in text
    assert read(tmp_path / "base.json").results[Key("digits", "nucleo", "board", "int8")].exit_code == 0


def test_exact_repeats_are_one_number_and_noisy_ones_are_kept() -> None:
    (result,) = of_run(Run((record(),)), "run").results.values()
    assert result.samples[Quantity("instructions", Provenance.COUNTED)] == (70.0,)
    assert result.samples[Quantity("latency_ms", Provenance.MEASURED)] == (1.25, 1.5)


def test_exact_repeats_that_disagree_are_kept() -> None:
    odd = replace(record(), values=(*record().values, Value("instructions", 71.0, "", Provenance.COUNTED, repeat=3)))
    (result,) = of_run(Run((odd,)), "run").results.values()
    assert result.samples[Quantity("instructions", Provenance.COUNTED)] == (70.0, 70.0, 70.0, 71.0)


def good() -> dict[str, object]:
    found: dict[str, object] = json.loads(to_json(of_run(Run((record(),)), "run")))
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "not a baseline"),
        ({"version": 99}, "version 99, this hilbench reads 1"),
        ({"results": [{"model": "digits"}]}, "damaged baseline"),
        ({"results": 5}, "damaged baseline"),
    ],
)
def test_what_is_not_a_baseline_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(good() | change, "base.json")


@pytest.mark.parametrize("number", [float("nan"), "7", None, [], [1, None]])
def test_a_value_that_is_no_number_is_refused(number: object) -> None:
    raw = good()
    raw["results"][0]["values"] = {"instructions counted": number}  # type: ignore[index]
    with pytest.raises(ConfigError, match="instructions counted"):
        parse(raw, "base.json")


def test_files_that_are_not_there_or_not_json(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"format": "hilbench')
    with pytest.raises(ConfigError, match="not valid JSON"):
        read(tmp_path / "cut.json")
    with pytest.raises(UsageError, match="no run in"):
        read(tmp_path)
