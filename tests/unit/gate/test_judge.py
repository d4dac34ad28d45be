"""What the gate says: regressions, improvements, noise, budgets, bad ends, and nonsense."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hilbench.config import parse
from hilbench.errors import ConfigError, ExitCode, ToolError
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.gate.verdict import Kind, Verdict
from hilbench.results.schema import Provenance, Status, Value
from tests.unit.gate.gate_examples import LATENCIES, measured, record, snapshot


def rules(**raw: object) -> Rules:
    return Rules.model_validate(raw, strict=False)


def verdict(before: object, after: object, **raw: object) -> Verdict:
    return judge(snapshot(before), snapshot(after, name="run"), rules(**raw))


def test_the_same_run_passes() -> None:
    found = verdict(record(), record())
    assert found.exit_code is ExitCode.OK
    assert {finding.kind for finding in found.findings} == {Kind.SAME}


@pytest.mark.parametrize(
    ("metric", "value"), [("instructions", 1001), ("sram_total_bytes", 20_001), ("accuracy", 0.899)]
)
def test_one_unit_worse_fails(metric: str, value: float) -> None:
    found = verdict(record(), record(**{metric: value}))
    assert found.exit_code is ExitCode.GATE_FAILED
    assert [finding.quantity.metric for finding in found.failures] == [metric]


@pytest.mark.parametrize(
    ("metric", "value"), [("instructions", 999), ("sram_total_bytes", 19_999), ("accuracy", 0.901)]
)
def test_one_unit_better_asks_for_a_new_baseline(metric: str, value: float) -> None:
    found = verdict(record(), record(**{metric: value}))
    assert found.exit_code is ExitCode.OK
    (finding,) = found.of(Kind.IMPROVED)
    assert finding.quantity.metric == metric and "new baseline" in finding.text


def test_an_improvement_can_be_made_to_fail() -> None:
    assert verdict(record(), record(instructions=999), improved="fail").exit_code is ExitCode.GATE_FAILED


def test_a_regression_names_the_steps_it_comes_from() -> None:
    (finding,) = verdict(record(), record(instructions=1010)).failures
    assert finding.steps == ("01_softmax +10",)


def test_steps_are_judged_only_where_a_rule_names_them() -> None:
    slower, faster = record(), record()
    moved = tuple(replace(v, value=v.value + {"00_conv_2d": 5, "01_softmax": -5}.get(v.step, 0)) for v in faster.values)
    faster = replace(faster, values=moved)
    assert verdict(slower, faster).exit_code is ExitCode.OK
    by_step = [{"metric": "instructions", "step": "*"}]
    assert verdict(slower, faster, rule=by_step).exit_code is ExitCode.GATE_FAILED


def test_a_tolerance_lets_small_changes_pass_and_large_ones_not() -> None:
    rule = [{"metric": "instructions", "tolerance_pct": 1.0}]
    assert verdict(record(), record(instructions=1010), rule=rule).exit_code is ExitCode.OK
    assert verdict(record(), record(instructions=1011), rule=rule).exit_code is ExitCode.GATE_FAILED


def test_later_rules_win_and_select_by_pattern() -> None:
    rule = [{"metric": "instructions", "ignore": True}, {"variant": "int8*", "metric": "instructions"}]
    assert verdict(record(), record(instructions=1001), rule=rule).exit_code is ExitCode.GATE_FAILED
    assert verdict(record(), record(instructions=1001), rule=rule[:1]).exit_code is ExitCode.OK


def test_modelled_values_are_left_to_their_counts() -> None:
    def with_cycles(cycles: float) -> object:
        plain = record()
        return replace(plain, values=(*plain.values, Value("cycles", cycles, "cycles", Provenance.MODELLED)))

    assert verdict(with_cycles(1300), with_cycles(2600)).exit_code is ExitCode.OK


def test_noise_within_the_spread_passes() -> None:
    assert verdict(measured(LATENCIES), measured(LATENCIES[::-1])).exit_code is ExitCode.OK


def test_half_a_per_cent_of_measured_time_fails() -> None:
    slower = tuple(t * 1.005 for t in LATENCIES)
    (finding,) = verdict(measured(LATENCIES), measured(slower)).failures
    assert finding.quantity.metric == "latency_ms" and finding.change_pct == pytest.approx(0.5, abs=0.02)


def test_too_few_samples_is_an_answer() -> None:
    found = verdict(measured(LATENCIES[:3]), measured(tuple(2 * t for t in LATENCIES[:3])))
    assert found.exit_code is ExitCode.OK
    (finding,) = found.of(Kind.INCONCLUSIVE)
    assert "5 on each side" in finding.text
    strict = verdict(measured(LATENCIES[:3]), measured(LATENCIES[:3]), inconclusive="fail")
    assert strict.exit_code is ExitCode.GATE_FAILED


def test_one_wild_sample_is_not_a_regression() -> None:
    assert verdict(measured(LATENCIES), measured((*LATENCIES[1:], 150.0))).exit_code is ExitCode.OK


@pytest.mark.parametrize("status", [Status.MISMATCH, Status.DOES_NOT_FIT, Status.UNSUPPORTED])
def test_a_result_that_ends_badly_is_a_regression(status: Status) -> None:
    assert verdict(record(), record(status=status)).exit_code is ExitCode.GATE_FAILED


def test_what_never_fitted_is_no_regression_but_a_wrong_output_always_fails() -> None:
    for status, code in ((Status.DOES_NOT_FIT, ExitCode.OK), (Status.MISMATCH, ExitCode.GATE_FAILED)):
        assert verdict(record(status=status), record(status=status)).exit_code is code


def test_infrastructure_is_not_a_regression() -> None:
    found = verdict(record(), record(status=Status.FAILED))
    assert found.exit_code is ExitCode.TARGET
    assert "NO VERDICT" in found.headline


def test_infrastructure_does_not_hide_a_regression() -> None:
    before = snapshot(record("a"), record("b"))
    after = snapshot(record("a", status=Status.FAILED), record("b", instructions=2000))
    assert judge(before, after, Rules()).exit_code is ExitCode.GATE_FAILED


def test_vanished_and_new_results_are_judged_by_rule() -> None:
    both, one = snapshot(record("a"), record("b")), snapshot(record("a"))
    assert judge(both, one, Rules()).exit_code is ExitCode.GATE_FAILED
    assert judge(both, one, rules(vanished="warn")).exit_code is ExitCode.OK
    assert judge(one, both, Rules()).exit_code is ExitCode.OK
    assert judge(one, both, rules(new="fail")).exit_code is ExitCode.GATE_FAILED


def test_a_vanished_value_fails() -> None:
    less = replace(record(), values=record().values[1:])
    (finding,) = verdict(record(), less).failures
    assert finding.kind is Kind.VANISHED and finding.quantity.metric == "instructions"


def test_a_metric_of_another_provenance_is_another_value() -> None:
    other = tuple(
        replace(v, provenance=Provenance.MODELLED) if v.metric == "instructions" else v for v in record().values
    )
    found = verdict(record(), replace(record(), values=other))
    assert found.exit_code is ExitCode.GATE_FAILED
    assert {f.kind for f in found.failures} == {Kind.VANISHED}


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        ("sram_total_bytes <= 20000", ExitCode.OK),
        ("sram_total_bytes < 20000", ExitCode.GATE_FAILED),
        ("sram_total_bytes <= 19_999", ExitCode.GATE_FAILED),
        ("accuracy >= 0.9", ExitCode.OK),
        ("accuracy > 0.9", ExitCode.GATE_FAILED),
    ],
)
def test_budgets(budget: str, code: ExitCode) -> None:
    assert verdict(record(), record(), budget=[{"require": budget}]).exit_code is code
    suite = judge(snapshot(record()), snapshot(record(), budgets=[budget]), Rules())
    assert suite.exit_code is code


def test_a_budget_within_the_band_of_a_model_is_inconclusive() -> None:
    def latency(ms: float) -> object:
        values = (
            Value("latency_ms", ms, "ms", Provenance.MODELLED),
            Value("cycles_error_pct", 8.0, "%", Provenance.MODELLED),
        )
        return replace(record(), values=(*record().values, *values))

    def kinds(ms: float) -> set[Kind]:
        found = verdict(latency(ms), latency(ms), budget=[{"require": "latency_ms <= 100"}])
        return {f.kind for f in found.findings} - {Kind.SAME}

    assert kinds(92) == set()
    assert kinds(98) == {Kind.INCONCLUSIVE}
    assert kinds(110) == {Kind.OVER_BUDGET}


def test_a_budget_for_a_metric_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="sram_total_bytes"):
        verdict(record(), record(), budget=[{"require": "sram_totl_bytes <= 5"}])


def test_a_budget_that_finds_nothing_says_so() -> None:
    found = verdict(record(), record(), budget=[{"require": "accuracy >= 0.5", "board": "nucelo*"}])
    (finding,) = found.of(Kind.INCONCLUSIVE)
    assert found.exit_code is ExitCode.OK and "found no value to hold" in finding.text


def test_what_failed_in_the_baseline_says_nothing_about_what_it_is_now() -> None:
    found = verdict(record(status=Status.FAILED), record(status=Status.DOES_NOT_FIT))
    assert found.exit_code is ExitCode.OK


def test_other_conditions_are_refused_unless_allowed() -> None:
    other = replace(record(), toolchain="gcc 13")
    with pytest.raises(ConfigError, match=r"gcc 12\.2\.1 before, gcc 13 now"):
        verdict(record(), other)
    found = verdict(record(), other, across=["toolchain"])
    assert found.exit_code is ExitCode.OK and "gcc 13" in found.crossed[0]


def test_another_board_has_nothing_in_common() -> None:
    with pytest.raises(ConfigError, match="no result in common"):
        verdict(record(), replace(record(), board="nucleo_f446re"))


def test_an_empty_run_is_refused() -> None:
    with pytest.raises(ConfigError, match="no results"):
        judge(snapshot(record()), snapshot(), Rules())


def test_an_unfinished_run_is_infrastructure() -> None:
    with pytest.raises(ToolError, match="1 of 2 results are missing") as caught:
        snapshot(record("a"), cells=["a", "b"])
    assert caught.value.exit_code is ExitCode.TOOL


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_a_number_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match="instructions of digits int8"):
        snapshot(record(instructions=value))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"tolerence_pct": {}}, "tolerance_pct"),
        ({"rule": [{"metrics": "x"}]}, "metric"),
        ({"budget": [{"require": "latency below 100"}]}, "is not a budget"),
        ({"across": ["compiler"]}, "toolchain"),
        ({"new": "explode"}, "fail"),
        ({"confidence": 1.0}, "less than 1"),
    ],
)
def test_rules_refuse_what_they_do_not_know(raw: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(raw, Rules, where="rules.toml")
