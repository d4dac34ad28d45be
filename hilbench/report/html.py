"""The HTML report: one file that holds everything it needs and asks nothing of a network."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any

import pandas as pd
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hilbench import __version__
from hilbench.errors import ConfigError
from hilbench.gate.rules import Budget
from hilbench.gate.verdict import Verdict
from hilbench.report.plots.plot import (
    CONFIG,
    FAINT,
    INK,
    LINE,
    PALETTE,
    PAPER,
    SCHEMA,
    VEGA_LITE,
    Chart,
    context,
    drawn,
    in_order,
)
from hilbench.report.select import Reading
from hilbench.report.sources import sources
from hilbench.report.table import HEADLINES, comparison
from hilbench.results.baseline import Key
from hilbench.results.run import GROUP, Run


def render(
    run: Run, verdict: Verdict | None = None, history: pd.DataFrame | None = None, budgets: Sequence[Budget] = ()
) -> str:
    """The report of a run, with the gate's verdict and the history of its values where there are such.

    Raises:
        ConfigError: the run holds no results.
    """
    if not run.records:
        raise ConfigError("the run holds no results", right="hilbench run measures some")
    parts = run.frame.groupby(GROUP, sort=False)
    given = context(run, history)
    page = {
        "title": run.header.get("suite") or "hilbench run",
        "version": __version__,
        "header": run.header,
        "statuses": Counter(record.status.value for record in run.records),
        "verdict": verdict,
        "table": comparison(run.frame, run.baseline, (*HEADLINES, "flash_total_bytes", "macs")),
        "simulated": {" · ".join(group): name for group, name in run.simulated.items()},
        "groups": [" · ".join(map(str, key)) for key, _ in parts],
        "group_of": {tuple(map(str, key)): place for place, (key, _) in enumerate(parts)},
        "plots": in_order(),
        "charts": [Markup(_script_safe(charts(rows, given | _limits(run, key, budgets)))) for key, rows in parts],
        "config": Markup(_script_safe(CONFIG)),
        "sources": sources(run),
        "vega": Markup(vega()),
    }
    return str(_template("report.html.j2").render(page))


def _limits(run: Run, group: Sequence[Hashable], budgets: Sequence[Budget]) -> dict[str, Any]:
    """Budgets that hold for every variant of a group, as lines of its plots."""
    model, board, target = map(str, group)
    key = Key(model, board, target, variant="")
    mine = (budget.require for budget in budgets if budget.variant == "*" and budget.selects(key))
    return {"budgets": (*run.budgets, *mine)}


def charts(rows: pd.DataFrame, given: dict[str, Any]) -> dict[str, Chart]:
    """Every plot of a group by name, with packed data."""
    return {plot.name: {"$schema": SCHEMA, **_packed(chart)} for plot, chart in drawn(Reading(rows), given).items()}


def _packed(chart: Chart) -> Chart:
    """The same chart with its data by column, which names each column once and each text once."""
    if "values" in chart.get("data", ()):
        chart = chart | {"data": {"columns": _columns(chart["data"]["values"])}}
    nested = {kind: [_packed(each) for each in chart[kind]] for kind in _NESTED if kind in chart}
    return chart | nested


_NESTED = ("layer", "concat", "hconcat", "vconcat")


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {name: _column([row[name] for row in rows]) for name in rows[0]}


def _column(values: list[Any]) -> Any:
    """Numbers as they are, to nine digits; texts as the list of those that occur, and the place of each in it."""
    if not isinstance(values[0], str):
        return [_short(value) if isinstance(value, float) else value for value in values]
    texts = list(dict.fromkeys(values))
    place = {text: at for at, text in enumerate(texts)}
    return {"texts": texts, "places": [place[value] for value in values]}


def _script_safe(value: Any) -> str:
    """JSON that may stand inside a script element, colours as the style sheet's, which knows light from dark."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    named = {PAPER: "paper", INK: "ink", LINE: "line", FAINT: "faint"}
    named |= {colour: f"series-{number}" for number, colour in enumerate(PALETTE)}
    for colour, name in named.items():
        text = text.replace(f'"{colour}"', f'"var(--{name})"')
    return text


def _short(value: float) -> float:
    return int(value) if value.is_integer() else float(f"{value:.9g}")


@cache
def vega() -> str:
    """Vega, Vega-Lite and their embedding as one script (BSD 3-Clause, University of Washington IDL)."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)).replace(
        "</script", "<\\/script"
    )


@cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=PackageLoader("hilbench.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(name)
