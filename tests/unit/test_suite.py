"""Suites: what a file may say, what the command line may change, and where files are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.errors import ConfigError, UsageError
from hilbench.resources import shipped
from hilbench.suite import changed, find_suite, load, of_model, replace_given, shipped_models, suites
from hilbench.variants.variant import Variant

DIGITS = shipped("suites", "models", "digits.tflite")
GOOD = f"""
boards = ["mps2-an386"]
variants = ["int8", "int8+patch"]
[[model]]
file = "{DIGITS}"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_a_suite_file(tmp_path: Path) -> None:
    suite = load(written(tmp_path, GOOD))
    assert suite.name == "mine"
    assert [str(v) for v in suite.models[0].variants] == ["int8", "int8+patch"]
    assert [board.name for board in suite.boards] == ["mps2-an386"]
    assert (suite.repeats, suite.target, suite.baseline) == (3, "auto", "")
    assert [(each.toolchain, each.optimize) for each in suite.compilers] == [("gcc", "-O2")]
    assert suite.row("int8", suite.compilers[0]) == "int8"


def test_compilers_are_an_axis(tmp_path: Path) -> None:
    given = 'toolchain = ["gcc", "zig"]\noptimize = ["-O2", "-Os"]\nbaseline = "int8"\n'
    suite = load(written(tmp_path, given + GOOD))
    rows = [suite.row("int8", each) for each in suite.compilers]
    assert rows == ["int8 gcc -O2", "int8 gcc -Os", "int8 zig -O2", "int8 zig -Os"]
    assert suite.baseline_row == "int8 gcc -O2"
    one = load(written(tmp_path, 'toolchain = "zig"\noptimize = ["-O2", "-Os"]\n' + GOOD))
    assert [one.row("int8", each) for each in one.compilers] == ["int8 -O2", "int8 -Os"]


def test_the_host_has_its_own_compiler(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'target = "host"\n' + GOOD)).target == "host"
    with pytest.raises(ConfigError, match="'zig' does not build for the host"):
        load(written(tmp_path, 'target = "host"\ntoolchain = "zig"\n' + GOOD))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("boards =", "bords =", "unknown key 'bords'; known here: .*boards"),
        ("file =", "flie =", r"unknown key 'model\.0\.flie'; known here: .*file"),
        ('"mps2-an386"', '"mps2-an368"', "unknown board 'mps2-an368'. Did you mean 'mps2-an386'"),
        ('"int8+patch"', '"int8+pitch"', "Did you mean 'patch'"),
        ('variants = ["int8", "int8+patch"]', "", "no variants for model"),
        ("variants =", 'baseline = "float32"\nvariants =', "unknown baseline variant 'float32'"),
        ("variants =", "repeats = 0\nvariants =", "'repeats'.*greater than or equal to 1"),
        ("variants =", 'optimize = "-Ofast"\nvariants =', "'optimize.0'"),
        ("variants =", "optimize = []\nvariants =", "'optimize'.*at least 1 item"),
        ("variants =", 'toolchain = ["gcc", "gc"]\nvariants =', "unknown toolchain for boards 'gc'. .*'gcc'"),
        ("variants =", 'toolchain = "native"\nvariants =', "unknown toolchain for boards 'native'"),
        ("digits.tflite", "nothing.tflite", "no model file .*one of: .*digits"),
        ("[[model]]", '[[model]]\ndataset = "no.npz"', "no dataset file"),
        ("[[model]]", f'[[model]]\nfile = "{DIGITS}"\n[[model]]', "two models have the same name"),
        ("[[model]]", "[[model", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        load(written(tmp_path, GOOD.replace(old, new)))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.tflite").write_bytes(DIGITS.read_bytes())
    (tmp_path / "x.npz").write_bytes(b"")
    text = GOOD.replace(str(DIGITS), "own.tflite").replace("[[model]]", '[[model]]\ndataset = "x.npz"')
    model = load(written(tmp_path, text)).models[0]
    assert (model.path, model.dataset) == (tmp_path / "own.tflite", tmp_path / "x.npz")


def test_shipped_models_are_found_by_name(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD.replace(str(DIGITS), "digits"))).models[0].path == DIGITS


def test_own_suites_and_models_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "suites" / "models" / "digits.tflite"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")
    written(tmp_path / "suites", GOOD)
    monkeypatch.chdir(tmp_path)
    assert shipped_models()["digits"].samefile(own)
    assert suites()["mine"].samefile(tmp_path / "suites" / "mine.toml")
    assert "demo" in suites()


def test_an_unknown_suite_is_named() -> None:
    with pytest.raises(UsageError, match=r"unknown suite 'dmeo'\. Did you mean 'demo'"):
        find_suite("dmeo")


def test_the_command_line_comes_first(tmp_path: Path) -> None:
    suite = replace_given(
        load(written(tmp_path, GOOD)),
        boards=(find("nucleo_l4r5zi"),),
        variants=(Variant.parse("float32"),),
        repeats=7,
        target=None,
    )
    assert suite.boards[0].name == "nucleo_l4r5zi"
    assert [str(v) for v in suite.models[0].variants] == ["float32"]
    assert (suite.repeats, suite.target) == (7, "auto")


def test_nothing_is_eliminated_where_that_is_asked_for(tmp_path: Path) -> None:
    text = GOOD.replace('"int8", ', '"int8", "int8+keep", ').replace("variants =", 'baseline = "int8"\nvariants =')
    suite = changed(load(written(tmp_path, text)), Variant.keeping)
    assert [str(v) for v in suite.models[0].variants] == ["int8+keep", "int8+keep+patch"]
    assert suite.baseline == "int8+keep"


def test_a_model_needs_a_board() -> None:
    with pytest.raises(UsageError, match=r"give --board NAME, one of: .*mps2-an386"):
        replace_given(of_model("digits"))


def test_a_model_is_measured_as_its_file_stores_it() -> None:
    assert [str(v) for v in of_model("digits").models[0].variants] == ["float32"]


def test_the_digest_of_a_model_covers_its_data(tmp_path: Path) -> None:
    data = tmp_path / "x.npz"
    data.write_bytes(b"a")
    first = of_model("digits", str(data)).models[0].digest()
    data.write_bytes(b"b")
    assert of_model("digits", str(data)).models[0].digest() != first
