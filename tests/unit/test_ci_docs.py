"""What the documents and the CI files tell people to type exists, and the rules they show are rules."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from hilbench.cli.main import build_app
from hilbench.config import parse
from hilbench.gate.formats.format import FORMATS
from hilbench.gate.rules import Rules
from hilbench.report.plots.plot import PLOTS
from hilbench.results.baseline import CONDITIONS

DOCS = Path(__file__).parents[2] / "docs"
FILES = (DOCS / "ci.md", DOCS / "reports.md", DOCS / "ci" / "github.yml", DOCS / "ci" / "gitlab.yml")
COMMAND = re.compile(r"\bhilbench ([a-z]+)((?: +(?:\\\n *)?(?:\"[^\"]*\"|[^\s`'()|;&]+))*)")


def commands(path: Path) -> list[tuple[str, list[str]]]:
    """Verb and long options of every command of a file; sentences about hilbench are not commands."""
    text = re.sub(r"\n +(?=--)", " ", path.read_text().replace("\\\n", " "))
    return [(verb, re.findall(r"--[a-z][a-z-]*", rest)) for verb, rest in COMMAND.findall(text) if verb in VERBS]


VERBS = dict(typer.main.get_command(build_app([])).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_and_options_exist(path: Path) -> None:
    found = commands(path)
    assert len(found) >= 5
    for verb, options in found:
        known = {name for param in VERBS[verb].params for name in param.opts}
        assert set(options) <= known, f"hilbench {verb}"


@pytest.mark.parametrize("path", FILES[2:], ids=lambda path: path.name)
def test_ci_files_are_yaml_and_name_known_formats_and_conditions(path: Path) -> None:
    assert yaml.safe_load(path.read_text())
    text = path.read_text()
    assert set(re.findall(r"--write ([a-z-]+)=", text)) <= set(FORMATS)
    assert set(re.findall(r"--across (\w+)", text)) <= set(CONDITIONS)


def test_the_rules_that_are_shown_are_rules_and_the_first_are_the_defaults() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", FILES[0].read_text(), re.DOTALL)
    shown = [parse(tomllib.loads(block), Rules, where="docs/ci.md") for block in blocks]
    assert shown[0] == Rules()
    assert shown[1].rule and shown[1].budget


def test_all_formats_and_conditions_are_explained() -> None:
    text = FILES[0].read_text()
    assert all(f"`{name}`" in text for name in FORMATS)
    assert all(name in text for name in CONDITIONS)


def test_all_plots_are_explained() -> None:
    text = FILES[1].read_text()
    assert all(f"`{name}`" in text for name in PLOTS)
