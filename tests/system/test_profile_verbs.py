"""price, profile and calibrate as a user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hilbench.boards import load
from hilbench.resources import shipped
from tests.assembly import firmware
from tests.system.conftest import Hilbench

needs_tools = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-as") is None,
    reason="no qemu-system-arm or no arm-none-eabi-as",
)
SHORT = {
    "blocks": [{"address": 0, "code": "00bf00bffcd1", "executions": 100, "taken": 99, "changes": 1}],
    "counters": {},
}
LOOP = "    movs r0, #100\n1:  subs r0, #1\n    bne 1b\n    bx lr"


def write_profile(folder: Path, **counters: int) -> Path:
    path = folder / "profile.json"
    path.write_text(json.dumps({**SHORT, "counters": counters}))
    return path


def test_price_as_json(hilbench: Hilbench, tmp_path: Path) -> None:
    path = write_profile(tmp_path, flash_line8_changes=10, unaligned=0)
    done = hilbench("price", str(path), "--board", "nucleo_l4r5zi", "--format", "json")
    priced = json.loads(done.stdout)
    # NOP, NOP, BNE: 3 cycles, 2 more where it is taken; 2.41 for each changed line of flash.
    assert priced["cycles"] == round(300 + 2 * 99 + 24.1)
    assert priced["error_pct"] == 5.2
    assert priced["provenance"] == "modelled"
    assert priced["latency_ms"] == pytest.approx(priced["cycles"] / 120e3)


def test_price_as_table_shows_the_band(hilbench: Hilbench, tmp_path: Path) -> None:
    path = write_profile(tmp_path, flash_line8_changes=1000, unaligned=0)
    done = hilbench("price", str(path), "--board", "nucleo_l4r5zi")
    assert done.returncode == 0
    assert "bound by data reads from flash" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("price", "profile.json", "--board", "nucleo_l4r5zi"), 6, "counter of unaligned is missing"),
        (("price", "profile.json", "--board", "mps2-an386"), 6, "no [timing]"),
        (("price", "profile.json", "--board", "nucleo_l4"), 2, "Did you mean 'nucleo_l4r5zi'"),
        (("price", "none.json", "--board", "nucleo_l4r5zi"), 6, "No such file"),
        (("price", "profile.json", "--board", "nucleo_l4r5zi", "--format", "xml"), 2, "unknown format 'xml'"),
        (("profile", "profile.json", "--board", "nucleo_l4r5zi"), 6, "unknown model format"),
        (("profile", "digits"), 2, "a model needs --board"),
        (("profile", "digits", "--board", "nucleo_l4r5zi", "--export", "pprof=x"), 2, "unknown export format 'pprof'"),
        (("profile", "digits", "--board", "nucleo_l4r5zi", "--export", "chrome"), 2, "names no file"),
        (("calibrate", "profile.json", "--board", "nucleo_l4r5zi"), 6, "no measurements"),
        (("calibrate", "points.csv", "--board", "nucleo_l4r5zi"), 6, "no column 'wide_unaligned'"),
        (("calibrate", "points.csv", "--board", "nucleo_l4r5zi", "--fit", "luck"), 6, "unknown event 'luck'"),
        (("calibrate", "points.csv", "--board", "nucleo_l4r5zi", "--where", "x"), 2, "not of the form NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said(
    hilbench: Hilbench, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    write_profile(tmp_path, flash_line8_changes=10)
    (tmp_path / "points.csv").write_text("cycles,core_cycles,taken\n100,90,5\n")
    done = hilbench(*arguments)
    assert says in done.stderr
    assert done.returncode == code


@needs_tools
def test_profile_of_a_function_in_somebodys_image(hilbench: Hilbench, tmp_path: Path) -> None:
    elf = firmware(tmp_path, LOOP)
    asked = ("profile", str(elf), "--function", "snippet", "--machine", "mps2-an386", "--board", "nucleo_l4r5zi")
    done = hilbench(*asked, "--format", "json", "--export", "collapsed=stacks.txt", "--export", "profile=taken.json")
    summary = json.loads(done.stdout)
    assert summary["total"]["instructions"] == 202
    assert sum(share["instructions"] for share in summary["functions"]) == 202
    assert {share["name"] for share in summary["functions"]} == {"snippet"}
    stacks = (tmp_path / "stacks.txt").read_text().splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in stacks) == summary["total"]["cycles"]
    again = json.loads(hilbench("price", "taken.json", "--board", "nucleo_l4r5zi", "--format", "json").stdout)
    assert again["cycles"] == summary["total"]["cycles"]


@needs_tools
def test_an_image_needs_function_and_machine(hilbench: Hilbench, tmp_path: Path) -> None:
    done = hilbench("profile", str(firmware(tmp_path, LOOP)))
    assert done.returncode == 2
    assert "--function" in done.stderr


@needs_tools
def test_profile_of_a_model_adds_up(hilbench: Hilbench, tmp_path: Path) -> None:
    done = hilbench(
        "profile", "digits", "--board", "nucleo_u575zi", "--format", "json", "--export", "chrome=trace.json"
    )
    summary = json.loads(done.stdout)
    total = summary["total"]
    for part in ("layers", "functions", "lines", "instruction_mix"):
        assert sum(entry["instructions"] for entry in summary[part]) == total["instructions"]
    assert sum(layer["cycles"] for layer in summary["layers"]) == total["cycles"]
    assert not [warning for warning in summary["warnings"] if "no timing rule" in warning]
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    shown = hilbench("profile", "digits", "--board", "nucleo_u575zi").stdout
    assert "MACs/cycle of 2" in shown
    assert f"{total['instructions']:,} instructions (counted)" in shown


def test_calibrate_writes_the_board_file_and_keeps_its_comments(hilbench: Hilbench, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    shutil.copyfile(shipped("boards", "nucleo_l4r5zi.toml"), mine)
    rows = "".join(f"{1000 * n + 3 * f},{1000 * n},{f}\n" for n, f in ((1, 10), (2, 70), (3, 20)))
    (tmp_path / "points.csv").write_text("cycles,core_cycles,flash_line8_changes\n" + rows)
    asked = ("calibrate", "points.csv", "--board", "mine.toml", "--fit", "flash_line8_changes", "--source", "two loops")
    done = hilbench(*asked, "--write", "mine.toml")
    assert "3.000" in done.stdout
    timing = load(mine).timing
    assert timing is not None
    assert timing.coefficients == {"wide_unaligned": 0.236, "flash_line8_changes": 3.0}
    assert (timing.fit.on, timing.fit.points) == ("two loops, one point left out", 3)
    comments = [
        line for line in shipped("boards", "nucleo_l4r5zi.toml").read_text().splitlines() if line.startswith("#")
    ]
    assert comments and all(line in mine.read_text().splitlines() for line in comments)


@needs_tools
def test_profile_of_a_run_is_that_of_its_rows(hilbench: Hilbench, tmp_path: Path) -> None:
    boards = ("--board", "nucleo_l4r5zi", "--board", "nucleo_u575zi")
    hilbench("run", "digits", *boards, "--variant", "int8", "--repeats", "2", "--out", "out", "--jobs", "1")
    rows = json.loads(hilbench("show", "out", "--format", "json").stdout)
    doubtful = hilbench("profile", "out")
    assert doubtful.returncode == 2
    assert "2 profiles of out fit; name one" in doubtful.stderr
    summary = json.loads(hilbench("profile", "out", "--board", "nucleo_u575zi", "--format", "json").stdout)
    mine = [row for row in rows if row["board"] == "nucleo_u575zi" and row["repeat"] == 1 and not row["step"]]
    values = {row["metric"]: row for row in mine}
    assert values["instructions"]["provenance"] == "counted"
    assert values["cycles"]["provenance"] == "modelled"
    assert values["instructions"]["value"] == summary["total"]["instructions"]
    assert values["cycles"]["value"] == summary["total"]["cycles"]
    assert "±2.4 %, block profile, warm" in values["cycles"]["detail"]
    for metric in ("instructions", "cycles"):
        steps = [r for r in rows if (r["metric"], r["board"], r["repeat"]) == (metric, "nucleo_u575zi", 0)]
        (total,) = (row["value"] for row in steps if not row["step"])
        assert sum(row["value"] for row in steps if row["step"]) == total


@needs_tools
def test_without_the_profiler_instructions_come_from_the_counter(
    hilbench: Hilbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path / "cache"))
    done = hilbench("run", "digits", "--board", "nucleo_l4r5zi", "--variant", "int8", "--repeats", "1", "--out", "out")
    assert done.returncode == 0
    assert "no modelled cycles" in done.stdout
    assert "no-such-compiler: not found on the PATH" in done.stdout
    rows = json.loads(hilbench("show", "out", "--format", "json").stdout)
    (total,) = (row for row in rows if row["metric"] == "instructions" and not row["step"])
    assert (total["provenance"], total["detail"]) == ("counted", "counter icount, cold")
    assert not [row for row in rows if row["metric"] == "cycles"]
