"""History on disk, and the steps found in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hilbench.errors import ConfigError, UsageError
from hilbench.results import history
from hilbench.results.frame import DTYPES
from hilbench.results.run import Run
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.trend import find_steps, steps

COMMITS = [f"c{i}" for i in range(50)]


def run(instructions: float, latency: float) -> Run:
    values = (
        Value("instructions", instructions, "instructions", Provenance.COUNTED, repeat=0),
        Value("instructions", instructions, "instructions", Provenance.COUNTED, repeat=1),
        Value("latency_ms", latency, "ms", Provenance.MEASURED, repeat=0),
        Value("instructions", 5, "instructions", Provenance.COUNTED, step="00_conv_2d"),
    )
    return Run((RunRecord("r", "s", "m", "b", "t", "int8", Status.OK, "", "", "gcc", "0", values),))


def store(folder: Path, runs: list[Run]) -> None:
    for number, one in enumerate(runs):
        history.add(one, folder, COMMITS[number], datetime(2026, 1, 1 + number, tzinfo=UTC))


def test_pandas_opens_the_store_directly(tmp_path: Path) -> None:
    store(tmp_path, [run(100, 1.0), run(101, 1.0)])
    frame = pd.read_parquet(tmp_path)
    assert set(frame.columns) == {*DTYPES, "commit", "time"}
    assert len(frame) == 6 and set(frame["commit"]) == {"c0", "c1"}


def test_an_exact_value_steps_by_one(tmp_path: Path) -> None:
    store(tmp_path, [run(100, 1.0), run(101, 1.0), run(101, 1.0)])
    found = steps(history.load(tmp_path))
    assert found[["metric", "commit", "before", "after"]].values.tolist() == [["instructions", "c1", 100, 101]]


def test_the_same_run_twice_is_there_once(tmp_path: Path) -> None:
    store(tmp_path, [run(100, 1.0)])
    store(tmp_path, [run(100, 1.0)])
    assert len(history.load(tmp_path)) == 3


@pytest.mark.parametrize("size_pct", [0.0, 0.5, -3.0])
def test_a_noisy_step_is_found_where_it_is(size_pct: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        values = 100 * (1 + rng.normal(0, 2e-4, 50))
        at = int(rng.integers(5, 45))
        values[at:] *= 1 + size_pct / 100
        found = find_steps(values.tolist(), COMMITS, exact=False)
        assert [step.place for step in found] == ([at] if size_pct else [])
        assert not found or found[0].pct == pytest.approx(size_pct, abs=0.05)


def test_one_bad_run_is_no_step() -> None:
    values = [100.0] * 20
    values[9] = 130.0
    assert find_steps(values, COMMITS, exact=False) == []


@pytest.mark.parametrize("count", range(5))
def test_short_histories(count: int) -> None:
    assert find_steps([1.0] * count, COMMITS[:count], exact=False) == []
    assert find_steps([1.0] * count, COMMITS[:count], exact=True) == []


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no history"):
        history.load(tmp_path)
    with pytest.raises(ConfigError, match="holds no values"):
        history.add(Run((replace(run(1, 1).records[0], values=()),)), tmp_path, "c", datetime.now(UTC))
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ConfigError, match="not a readable Parquet"):
        history.load(tmp_path)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match="are missing"):
        history.load(tmp_path)
