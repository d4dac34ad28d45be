"""Weeks of CI replayed with honest noise: nothing of half a per cent is missed, and the gate never cries wolf."""

from __future__ import annotations

from collections import Counter

import gate_replay

from hilbench.gate.rules import Rules, Tolerance


def test_weeks_of_ci_without_a_miss_or_a_false_alarm() -> None:
    weeks = [gate_replay.week(seed, Rules()) for seed in range(8)]
    total = sum(weeks, gate_replay.Tally(Counter(), Counter(), 0, 0))
    small = {"0.3 % of latency"}
    assert sum(total.injected.values()) == 96
    assert set(total.missed) <= small
    assert total.false_alarms == 0


def test_a_gate_without_tolerance_cries_wolf_in_the_same_weeks() -> None:
    """The replay's noise is such that it would show."""
    eager = Rules(tolerance_pct=Tolerance(measured=0.0), confidence=0.9)
    assert sum(gate_replay.week(seed, eager).false_alarms for seed in range(3)) > 10
