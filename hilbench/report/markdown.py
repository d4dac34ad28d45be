"""The report as Markdown: verdict, comparison and provenance, for pull requests, wikis and papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from hilbench.gate.formats.format import FORMATS
from hilbench.gate.formats.markdown import escape
from hilbench.gate.verdict import Verdict
from hilbench.report.sources import sources
from hilbench.report.table import Row, Table, comparison
from hilbench.results.run import Run


def render(run: Run, verdict: Verdict | None = None) -> str:
    """The Markdown report of a run."""
    parts = [f"# {run.header.get('suite') or 'hilbench run'}"]
    if verdict is not None:
        parts.append(FORMATS["markdown"].render(verdict).strip())
    parts += tables(comparison(run.frame, run.baseline))
    for group, name in run.simulated.items():
        parts.append(
            f"**{' · '.join(group)}: no silicon.** {name} stood in; what is called measured was counted by it."
        )
    facts = sources(run)
    if facts.commands:
        parts.append("To measure this again:\n\n```\n" + "\n".join(facts.commands) + "\n```")
    shared = [f"- {name}: {escape(text)}" for name, text in (facts.versions | facts.shared).items() if name != "board"]
    return "\n\n".join([*parts, "\n".join(shared)]) + "\n"


def tables(table: Table) -> Iterator[str]:
    """A heading and a table in GitHub's form per model, board and target."""
    heads = ["variant", "status", *(f"{column.title}<br>{column.kind}" for column in table.columns)]
    for group, rows in groupby(table.rows, key=lambda row: row.group):
        lines = [_line(heads), _line(["---", "---", *["---:"] * len(table.columns)]), *map(_row, rows)]
        yield f"## {' · '.join(group)}\n\n" + "\n".join(lines)


def _row(row: Row) -> str:
    status = row.status + (f": {escape(row.detail)}" if row.detail else "")
    numbers = [f"{cell.text} ({cell.change})" if cell.change else cell.text for cell in row.cells]
    return _line([f"{row.variant}{' (baseline)' if row.baseline else ''}", status, *numbers])


def _line(texts: Iterable[str]) -> str:
    return "| " + " | ".join(texts) + " |"
