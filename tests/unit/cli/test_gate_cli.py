"""The verbs `baseline`, `gate` and `compare` on run folders, with their exit codes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hilbench.cli.main import build_app
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.results.store import open_store


def record(variant: str, instructions: float, status: Status = Status.OK) -> RunRecord:
    values = (Value("instructions", instructions, "instructions", Provenance.COUNTED),) if status is Status.OK else ()
    return RunRecord(
        variant, "demo", "digits", "nucleo", "qemu", variant, status, "", "b", "gcc 12", "0.1", values,
        {"model_sha256": "m"}, exit_code=0 if status is Status.OK else 4,
    )  # fmt: skip


def make_run(folder: Path, *records: RunRecord) -> Path:
    with open_store(folder) as store:
        store.write_header({"suite": "demo", "cells": [r.run_id for r in records], "finished": True})
        for made in records:
            store.append(made)
    return folder


def call(*args: object) -> Result:
    return CliRunner().invoke(build_app([str(args[0])]), [str(arg) for arg in args])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_run(tmp_path / "good", record("a", 100), record("b", 200))


@pytest.fixture
def base(good: Path, tmp_path: Path) -> Path:
    assert call("baseline", good, "--out", tmp_path / "base.json").exit_code == 0
    return tmp_path / "base.json"


def test_a_run_passes_its_own_baseline(good: Path, base: Path) -> None:
    result = call("gate", good, "--baseline", base)
    assert result.exit_code == 0 and result.stdout.startswith("passed: 2 results")


def test_one_instruction_more_exits_with_1_and_writes_what_was_asked_for(base: Path, tmp_path: Path) -> None:
    worse = make_run(tmp_path / "worse", record("a", 101), record("b", 200))
    result = call(
        "gate", worse, "--baseline", base, "--write", f"junit={tmp_path}/g.xml", "--write", f"json={tmp_path}/g.json"
    )
    assert result.exit_code == 1 and "100 → 101" in result.stdout
    assert (tmp_path / "g.xml").read_text().count("<failure") == 1
    assert json.loads((tmp_path / "g.json").read_text())["exit_code"] == 1


def test_a_failed_target_exits_with_4(base: Path, tmp_path: Path) -> None:
    broken = make_run(tmp_path / "broken", record("a", 100), record("b", 0, Status.FAILED))
    assert call("gate", broken, "--baseline", base).exit_code == 4
    assert call("baseline", broken, "--out", tmp_path / "no.json").exit_code == 3


def test_nonsense_never_looks_like_a_regression(good: Path, base: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(good, cut)
    text = (cut / "records.jsonl").read_bytes()
    (cut / "records.jsonl").write_bytes(text[: len(text) - 30])
    assert call("gate", cut, "--baseline", base).exit_code == 3

    (cut / "records.jsonl").write_bytes(text.replace(b'"schema_version":1', b'"schema_version":99'))
    assert call("gate", cut, "--baseline", base).exit_code == 6

    (cut / "records.jsonl").write_bytes(text.replace(b'"value":100', b'"value":NaN'))
    assert call("gate", cut, "--baseline", base).exit_code == 6

    (cut / "records.jsonl").write_bytes(b"")
    assert call("gate", cut, "--baseline", base).exit_code in (3, 6)

    other = make_run(tmp_path / "other", replace(record("a", 100), board="another"))
    assert call("gate", other, "--baseline", base).exit_code == 6

    base.write_text(base.read_text().replace('"version": 1', '"version": 7'))
    assert call("gate", good, "--baseline", base).exit_code == 6
    assert call("gate", good, "--baseline", tmp_path / "none.json").exit_code == 6


def test_wrong_usage_exits_with_2(good: Path, base: Path) -> None:
    assert call("gate", good).exit_code == 2
    assert call("gate", good, "--baseline", base, "--format", "xml").exit_code == 2
    assert call("gate", good, "--baseline", base, "--write", "junit").exit_code == 2
    for verb in (("gate", good, "--baseline", base), ("compare", good, base)):
        result = call(*verb, "--across", "weather")
        assert result.exit_code == 2 and "unknown condition 'weather'. Known: board_sha256" in result.stderr


def test_unknown_keys_of_rules_are_refused(good: Path, base: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[tolerance]\ncounted = 1\n")
    result = call("gate", good, "--baseline", base, "--rules", tmp_path / "rules.toml")
    assert result.exit_code == 6 and "unknown key 'tolerance'" in result.stderr


@pytest.mark.parametrize("what", ["example", "run", "baseline"])
def test_the_self_test_catches_all_it_puts_in(what: str, good: Path, base: Path) -> None:
    args = {"example": [], "run": [good], "baseline": ["--baseline", base]}[what]
    result = call("gate", "--self-test", *args)
    assert result.exit_code == 0 and "an unchanged copy passes" in result.stdout


def test_the_self_test_fails_where_rules_look_away(good: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "instructions"\nignore = true\n')
    assert call("gate", good, "--self-test", "--rules", tmp_path / "rules.toml").exit_code == 3


def test_compare_shows_the_biggest_change_first(good: Path, base: Path, tmp_path: Path) -> None:
    new = make_run(tmp_path / "new", record("a", 101), record("b", 100), record("c", 5))
    result = call("compare", base, new)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "only after: digits · nucleo · qemu · c"
    changed = [line for line in lines if "%" in line]
    assert "-50.000 %" in changed[0] and "+1.000 %" in changed[1]
    assert "no value changed" in call("compare", base, good).stdout


def test_compare_refuses_other_conditions_unless_told_to(base: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "gcc13", replace(record("a", 100), toolchain="gcc 13"), record("b", 200))
    refused = call("compare", base, other)
    assert refused.exit_code == 6 and "gcc 12 before, gcc 13 now" in refused.stderr
    allowed = call("compare", base, other, "--across", "toolchain")
    assert allowed.exit_code == 0 and allowed.stdout.startswith("conditions differ, as allowed: toolchain")
