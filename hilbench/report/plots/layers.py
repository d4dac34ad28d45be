"""Plot `layers`: a waterfall over the steps, a variant beside the baseline."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.plot import PALETTE, PLOTS, Chart, Plot, hover

ROW, PANEL = 18, 245
PANELS = ("cycles", "instructions", "macs", "live_bytes")
TITLES = {"macs": "MACs", "live_bytes": "bytes in use"}


def layers(frame: pd.DataFrame, baseline: str = "") -> Chart | None:
    """Costs fall from step to step towards the total; memory stands at each step. A menu chooses the variant."""
    names = select.variants(frame)
    first = baseline if baseline in names else names[0]
    tables = {metric: _bars(select.per_step(frame, metric), metric) for metric in PANELS}
    tables = {metric: table for metric, table in tables.items() if not table.empty}
    if not tables:
        return None
    others = [name for name in names if name != first] or [first]
    menu = alt.param(name="variant_shown", value=others[0], bind=alt.binding_select(options=others, name="variant "))
    steps = pd.concat(tables.values()).sort_values("position", kind="stable")["step"]
    order = list(dict.fromkeys(steps))
    panels = [_panel(table, first, order, place == 0) for place, table in enumerate(tables.values())]
    chart: alt.HConcatChart = alt.hconcat(*panels, spacing=12).resolve_scale(y="shared").add_params(menu)
    return chart


def _bars(steps: pd.DataFrame, metric: str) -> pd.DataFrame:
    """From where to where each step's bar goes; only the first provenance of a metric is drawn."""
    if steps.empty:
        return steps
    steps = steps[steps["provenance"] == steps["provenance"].iloc[0]].copy()
    if metric == "live_bytes":
        return steps.assign(metric=metric, start=0.0, stop=steps["value"])
    stop = steps.groupby("variant", sort=False)["value"].cumsum()
    return steps.assign(metric=metric, start=stop - steps["value"], stop=stop)


def _panel(table: pd.DataFrame, baseline: str, order: list[str], named: bool) -> alt.Chart:
    metric, provenance = table["metric"].iloc[0], table["provenance"].iloc[0]
    rows = table[["variant", "step", "start", "stop", "value"]]
    title = f"{TITLES.get(metric, metric)} ({provenance})"
    axis = alt.Axis(labelLimit=200) if named else None
    chart: alt.Chart = (
        alt.Chart(rows)
        .transform_filter(f"datum.variant == {baseline!r} || datum.variant == variant_shown")
        .transform_calculate(role=f"datum.variant == {baseline!r} ? 'baseline' : 'variant'")
        .mark_bar()
        .encode(
            y=alt.Y("step:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=axis),
            yOffset=alt.YOffset("role:N", scale=alt.Scale(domain=["baseline", "variant"])),
            x=alt.X("start:Q", title=title, axis=alt.Axis(format="~s", tickCount=4)),
            x2=alt.X2("stop:Q"),
            color=alt.Color(
                "role:N", scale=alt.Scale(domain=["baseline", "variant"], range=[PALETTE[6], PALETTE[0]]), title=None
            ),
            tooltip=hover(variant="", step="", value=","),
        )
        .properties(width=PANEL, height=ROW * len(order))
    )
    return chart


PLOTS.add(
    "layers",
    Plot(
        "layers",
        50,
        "Layer by layer",
        "Each bar begins where the one above ends, so that the last one ends at the total; memory is what is in use "
        "while a step runs. The upper bar of a pair, grey, is the baseline.",
        layers,
    ),
)
