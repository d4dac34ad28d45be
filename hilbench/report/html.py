"""The HTML report: one file that holds everything it needs and asks nothing of a network."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hilbench import __version__
from hilbench.report.plots.plot import PALETTE, PLOTS
from hilbench.report.table import comparison
from hilbench.results.run import GROUP, Run


def render(run: Run) -> str:
    """The report of a run."""
    groups = [(", ".join(map(str, key)), rows) for key, rows in run.frame.groupby(GROUP, sort=False)]
    page = {
        "title": run.header.get("suite") or "hilbench run",
        "version": __version__,
        "table": comparison(run.frame, run.baseline),
        "groups": [name for name, _ in groups],
        "plots": list(PLOTS.values()),
        "charts": [Markup(_script_safe(_charts(rows))) for _, rows in groups],
        "sources": run.sources,
        "commands": [command["argv"] for command in run.header.get("commands", ())],
        "vega": Markup(_vega()),
    }
    return str(_template("report.html.j2").render(page))


def _charts(rows: pd.DataFrame) -> dict[str, Any]:
    drawn = {name: plot.draw(rows) for name, plot in PLOTS.items()}
    return {name: chart.to_dict(validate=False) for name, chart in drawn.items() if chart is not None}


def _script_safe(value: Any) -> str:
    """JSON that may stand inside a script element, colours as the style sheet's, which knows light from dark."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    for number, colour in enumerate(PALETTE):
        text = text.replace(f'"{colour}"', f'"var(--series-{number})"')
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
