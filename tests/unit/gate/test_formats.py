"""Every verdict format, over the registry, and what each one promises its reader."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from hilbench.gate.formats.format import FORMATS
from hilbench.gate.formats.github import SHOWN
from hilbench.gate.formats.markdown import MARK
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.gate.verdict import Verdict
from hilbench.results.schema import Status
from tests.unit.gate.gate_examples import LATENCIES, measured, record, snapshot


def verdicts() -> dict[str, Verdict]:
    base = snapshot(record("a"), record("b"), record("gone"), name="reports/baselines/demo.json")
    worse = snapshot(
        record("a", instructions=1001, sram_total_bytes=19_000), record("b", status=Status.FAILED), record("n")
    )
    slow = snapshot(measured(LATENCIES)), snapshot(measured(tuple(1.01 * t for t in LATENCIES)))
    return {
        "same": judge(base, base, Rules()),
        "worse": judge(base, worse, Rules()),
        "slower": judge(*slow, Rules()),
        "infrastructure": judge(
            base, snapshot(*(record(v, status=Status.FAILED) for v in ("a", "b", "gone"))), Rules()
        ),
    }


@pytest.mark.parametrize("verdict", verdicts())
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_every_verdict(name: str, verdict: str) -> None:
    text = FORMATS[name].render(verdicts()[verdict])
    assert text.endswith("\n")
    assert FORMATS[name].summary


def test_text_says_what_where_and_by_how_much() -> None:
    text = FORMATS["text"].render(verdicts()["worse"])
    assert text.startswith("FAILED: 2 regressions")
    assert "1,000 → 1,001, +0.100 %" in text and "in 01_softmax +1" in text


def test_markdown_begins_with_its_mark_and_keeps_its_table_whole() -> None:
    text = FORMATS["markdown"].render(verdicts()["worse"])
    assert text.startswith(MARK)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows and all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_github_escapes_and_never_exceeds_what_is_shown() -> None:
    base = snapshot(*(record(f"v{i}") for i in range(20)), name="a,b:c.json")
    worse = snapshot(*(record(f"v{i}", instructions=1001) for i in range(20)))
    lines = FORMATS["github"].render(judge(base, worse, Rules())).splitlines()
    errors = [line for line in lines if line.startswith("::error file=a%2Cb%3Ac.json,")]
    assert len(errors) == SHOWN
    assert "and 11 more" in errors[-1]
    assert all(line.startswith("::") for line in lines)


def test_junit_counts_failures_and_errors_apart() -> None:
    root = ElementTree.fromstring(FORMATS["junit"].render(verdicts()["worse"]).split("\n", 1)[1])
    assert (root.get("failures"), root.get("errors")) == ("2", "1")
    assert len(root.findall(".//failure")) == 2 and len(root.findall(".//error")) == 1
    assert len(root.findall(".//testcase")) == int(root.get("tests", ""))


def test_sarif_has_a_rule_for_each_result() -> None:
    run = json.loads(FORMATS["sarif"].render(verdicts()["worse"]))["runs"][0]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"] and {result["ruleId"] for result in run["results"]} <= known
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "reports/baselines/demo.json"


def test_json_says_the_exit_code() -> None:
    assert json.loads(FORMATS["json"].render(verdicts()["infrastructure"]))["exit_code"] == 4


def test_series_leave_out_what_is_not_a_cost_and_keep_provenance_in_the_name() -> None:
    entries = json.loads(FORMATS["github-action-benchmark"].render(verdicts()["same"]))
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names)) == 6
    assert any(name.endswith("instructions (counted)") for name in names)
    assert not any("accuracy" in name for name in names)


def test_bencher_measures_hold_the_spread() -> None:
    measures = json.loads(FORMATS["bencher"].render(verdicts()["slower"]))
    (latency,) = (m["latency_ms-measured"] for m in measures.values())
    assert latency["lower_value"] < latency["value"] < latency["upper_value"]


def test_openmetrics_ends_as_it_must() -> None:
    assert FORMATS["openmetrics"].render(verdicts()["same"]).endswith("# EOF\n")
