"""Fits: on made-up points whose coefficients are known, and on the published points where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.boards.board import Timing
from hilbench.errors import ConfigError
from hilbench.profile import Block, Counters, Profile, Section, jsonform
from hilbench.profile.calibrate import Point, as_fit, calibrate
from hilbench.profile.points import Table
from hilbench.profile.runpoints import read_run_points
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.results.store import open_store

NAMES = {
    "cycles": "published_cycles", "core_cycles": "trm_estimate", "changes": "dir_changes",
    "unaligned": "unaligned_data", "flash_line_misses": "flash_D_misses",
}  # fmt: skip


def timing(board: str) -> Timing:
    found = find(board).timing
    assert found is not None
    return found


def point(name: str, known: float, counts: dict[str, float], measured: float, group: str = "") -> Point:
    return Point(name, group, measured, known, counts)


def test_exact_points_give_their_coefficients_back() -> None:
    rows = [(1000, 10, 0), (2000, 0, 30), (500, 40, 20), (800, 5, 5)]
    points = [point(str(k), k, {"taken": a, "unaligned": b}, k + 2 * a + 3 * b) for k, a, b in rows]
    done = calibrate(points, ["taken", "unaligned"])
    assert done.coefficients == pytest.approx({"taken": 2, "unaligned": 3})
    assert done.in_sample.worst == pytest.approx(0, abs=1e-9)
    assert done.one_left_out is not None
    assert done.one_left_out.worst == pytest.approx(0, abs=1e-9)


def test_an_odd_point_shows_where_it_is_left_out() -> None:
    points = [point(str(k), 1000, {"taken": 100 * k}, 1000 + 200 * k) for k in (1, 2, 3)]
    odd = point("odd", 1000, {"taken": 100}, 2 * 1200)
    done = calibrate([*points, odd], ["taken"])
    assert done.one_left_out is not None
    assert done.one_left_out.by_point["odd"] == pytest.approx(-50)
    assert abs(done.in_sample.by_point["odd"]) < 50


def test_groups_are_left_out_one_at_a_time() -> None:
    a = [point(f"a{k}", 1000, {"taken": 100 * k}, 1000 + 200 * k, "a") for k in (1, 2)]
    b = [point(f"b{k}", 1000, {"taken": 100 * k}, 1000 + 300 * k, "b") for k in (1, 2)]
    done = calibrate(a + b, ["taken"])
    assert done.group_left_out["a"].by_point["a1"] == pytest.approx(100 * (1300 / 1200 - 1))
    assert done.group_left_out["b"].by_point["b2"] == pytest.approx(100 * (1400 / 1600 - 1))


def test_events_in_proportion_cannot_be_told_apart() -> None:
    points = [point(str(k), 1000, {"taken": k, "unaligned": 2 * k}, 1000 + k) for k in (1, 2, 3)]
    with pytest.raises(ConfigError, match="cannot tell taken, unaligned apart"):
        calibrate(points, ["taken", "unaligned"])


def test_table_errors_name_their_place(tmp_path: Path) -> None:
    table = tmp_path / "points.csv"
    table.write_text("cycles,core_cycles,taken\n100,90,x\n")
    with pytest.raises(ConfigError, match=r"points.csv, line 2: 'x' in column 'taken' \(a number\)"):
        Table(table, ("taken",), timing("nucleo_l4r5zi")).points()
    with pytest.raises(ConfigError, match="no column 'unaligned'"):
        Table(table, ("unaligned",), timing("nucleo_l4r5zi")).points()
    with pytest.raises(ConfigError, match=r"unknown event 'takn'\. Did you mean 'taken'"):
        Table(table, ("takn",), timing("nucleo_l4r5zi")).points()
    with pytest.raises(ConfigError, match="no row where"):
        Table(table, ("taken",), timing("nucleo_l4r5zi"), where={"board": "x"}).points()


def test_points_from_profiles_use_the_core_model(tmp_path: Path) -> None:
    # 10 times NOP NOP and a branch that is taken: 30 + 2 * 10 cycles; the rest is 4 cycles per changed line of flash.
    profile = (
        '{"blocks": [{"address": 0, "code": "00bf00bffce7", "executions": 10, "taken": 10, "changes": 0}], "counters": '
    )
    for lines in (5, 7):
        (tmp_path / f"{lines}.json").write_text(f'{profile} {{"flash_line8_changes": {lines}, "unaligned": 0}}}}')
    table = tmp_path / "points.csv"
    table.write_text("cycles,profile\n70,5.json\n78,7.json\n")
    plain = timing("nucleo_l4r5zi").model_copy(update={"coefficients": {"flash_line8_changes": 99.0}})
    done = calibrate(Table(table, ("flash_line8_changes",), plain).points(), ["flash_line8_changes"])
    assert done.coefficients == pytest.approx({"flash_line8_changes": 4})


PUBLISHED = {
    # The points here are of one of the two engines that the board files' coefficients were fitted on.
    "nucleo_l4r5zi": ("L4R5ZI", {"unaligned": 1.0}, 1.6, 4.7),
    "nucleo_u575zi": ("U575ZI", {}, 1.2, 2.2),
    "nucleo_h7a3zi": ("H7A3ZI", {"changes": 7.6}, 2.4, 6.9),
    "disco_f746ng": ("F746NG", {"changes": 7.6}, 4.1, 11.4),
    "nucleo_g0b1re": ("G0B1RE", {}, 2.5, 7.0),
}
"""The board's name in the table, what its core_cycles do not hold, and mean and worst error of the fit in percent."""


@pytest.mark.parametrize("board", PUBLISHED)
def test_published_points_give_the_board_files_coefficients(shared: Path, board: str) -> None:
    path = shared / "timing_points.csv"
    if not path.exists():
        pytest.skip(f"the published points are not here: {path}")
    there, fixed, mean, worst = PUBLISHED[board]
    expected = timing(board).coefficients
    done = calibrate(
        Table(path, tuple(expected), timing(board), NAMES, {"board": there}, fixed).points(), tuple(expected)
    )
    assert done.coefficients == pytest.approx(expected, rel=0.06)
    assert done.in_sample.mean <= mean
    assert done.in_sample.worst <= worst


def test_fit_says_how_its_errors_were_found() -> None:
    points = [point(str(k), 1000, {"taken": 100 * k}, 1000 + 200 * k) for k in (1, 2, 3)]
    fit = as_fit(calibrate(points, ["taken"]), "three loops")
    assert (fit.on, fit.points, fit.worst_error_pct) == ("three loops, one point left out", 3, 0.0)


def run_folder(folder: Path, target: str, values: tuple[Value, ...], profile: Profile | None = None) -> Path:
    record = RunRecord(
        f"id-{target}", "s", "digits", "nucleo_l4r5zi", target, "int8", Status.OK, "", "b", "gcc", "0", values
    )
    with open_store(folder) as store:
        if profile is not None:
            store.save_profile(record.run_id, jsonform.dumps(profile))
        store.append(record)
    return folder


def test_points_from_a_run_on_a_board_and_one_in_the_emulator(tmp_path: Path) -> None:
    # NOP NOP BNE, never taken: 3 cycles a round, and 5 for each changed line of flash; the pool is too short to count.
    block = Block(0, bytes.fromhex("00bf00bffcd1"), 10_000)
    conv = Section(0, "00_conv", (block,), Counters(flash_line8_changes=2000, unaligned=0))
    dense = Section(1, "01_dense", (block,), Counters(flash_line8_changes=50, unaligned=0))
    pool = Section(2, "02_pool", (Block(0, bytes.fromhex("00bf"), 7),), Counters(flash_line8_changes=0, unaligned=0))
    took = {"00_conv": 40_000, "01_dense": 30_250, "02_pool": 99, "": 70_257}
    rows = [
        Value("cycles", cycles + 500 * (repeat == 0), "cycles", Provenance.MEASURED, step, repeat)
        for step, cycles in took.items()
        for repeat in range(3)
    ]
    board = run_folder(tmp_path / "board", "board", tuple(rows))
    emulated = run_folder(tmp_path / "qemu", "qemu", (), Profile((conv, dense, pool)))
    events = ("flash_line8_changes",)
    points = read_run_points(board, emulated, events, timing("nucleo_l4r5zi"))
    assert [point.name for point in points] == ["digits int8 total", "digits int8 00_conv", "digits int8 01_dense"]
    assert calibrate(points, events).coefficients == pytest.approx({"flash_line8_changes": 5})
    with pytest.raises(ConfigError, match="no cycles that a board measured"):
        read_run_points(emulated, emulated, events, timing("nucleo_l4r5zi"))
    with pytest.raises(ConfigError, match="no profile of a model, variant and board"):
        read_run_points(board, board, events, timing("nucleo_l4r5zi"))
