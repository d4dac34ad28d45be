"""`hilbench fit`: budgets as they are written."""

from __future__ import annotations

import pytest

from hilbench.cli.fit import _milliseconds
from hilbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "wanted"), [("", None), ("100ms", 100), ("0.1 s", 100), ("2.5", 2.5), ("400us", 0.4), ("0ms", 0)]
)
def test_a_latency_has_a_unit(text: str, wanted: float | None) -> None:
    assert _milliseconds(text) == (None if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize("text", ["ms", "-1ms", "100 m", "1e3", "inf", "nan", "100KiB", "1,5ms"])
def test_what_is_no_latency_is_refused_with_a_right_one(text: str) -> None:
    with pytest.raises(UsageError, match="right: --latency 100ms"):
        _milliseconds(text)
