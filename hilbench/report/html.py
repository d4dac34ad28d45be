"""The HTML report: one file that holds everything it needs and asks nothing of a network."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hilbench import __version__
from hilbench.errors import ConfigError
from hilbench.gate.rules import Budget
from hilbench.gate.verdict import Verdict
from hilbench.report.plots.plot import FAINT, INK, LINE, PALETTE, PAPER, context, draw, in_order, spec
from hilbench.report.sources import sources
from hilbench.report.table import comparison
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
        "table": comparison(run.frame, run.baseline),
        "groups": [" · ".join(map(str, key)) for key, _ in parts],
        "group_of": {tuple(map(str, key)): place for place, (key, _) in enumerate(parts)},
        "plots": in_order(),
        "charts": [Markup(_script_safe(_charts(rows, given | _limits(run, key, budgets)))) for key, rows in parts],
        "sources": sources(run),
        "vega": Markup(_vega()),
    }
    return str(_template("report.html.j2").render(page))


def _limits(run: Run, group: Sequence[Hashable], budgets: Sequence[Budget]) -> dict[str, Any]:
    """Budgets that hold for every variant of a group, as lines of its plots."""
    model, board, target = map(str, group)
    key = Key(model, board, target, variant="")
    mine = (budget.require for budget in budgets if budget.variant == "*" and budget.selects(key))
    return {"budgets": (*run.budgets, *mine)}


def _charts(rows: pd.DataFrame, given: dict[str, Any]) -> dict[str, Any]:
    drawn = {plot.name: draw(plot, rows, given) for plot in in_order()}
    return {name: spec(chart) for name, chart in drawn.items() if chart is not None}


def _script_safe(value: Any) -> str:
    """JSON that may stand inside a script element, colours as the style sheet's, which knows light from dark."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    named = {PAPER: "paper", INK: "ink", LINE: "line", FAINT: "faint"}
    named |= {colour: f"series-{number}" for number, colour in enumerate(PALETTE)}
    for colour, name in named.items():
        text = text.replace(f'"{colour}"', f'"var(--{name})"')
    return text


@cache
def _vega() -> str:
    """Vega, Vega-Lite and their embedding as one script (BSD 3-Clause, University of Washington IDL)."""
    version = alt.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0]
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version)).replace("</script", "<\\/script")


@cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=PackageLoader("hilbench.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(name)
