"""Format `markdown`: a pull-request comment or a step summary; the first line is a mark to find the comment again."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.rules import Action
from hilbench.gate.verdict import Finding, Kind, Verdict

MARK = "<!-- hilbench gate -->"
LONGEST = 50
"""Rows of a table; GitHub cuts comments at 65,536 characters."""


def _markdown(verdict: Verdict) -> str:
    parts = [MARK, f"### hilbench gate: {verdict.headline}"]
    parts += [f"> Conditions differ, as allowed: {escape(crossed)}" for crossed in verdict.crossed]
    if verdict.failures:
        parts.append(_table(verdict.failures))
    if verdict.warnings:
        parts.append(_details(f"{len(verdict.warnings)} to look at", verdict.warnings))
    same = len(verdict.of(Kind.SAME))
    parts.append(f"{same} values unchanged or within their tolerance.")
    return "\n\n".join(parts) + "\n"


def _details(title: str, findings: Sequence[Finding]) -> str:
    return f"<details><summary>{title}</summary>\n\n{_table(findings)}\n\n</details>"


def _table(findings: Sequence[Finding]) -> str:
    lines = ["| | model · board · target · variant | value | what happened |", "|---|---|---|---|"]
    lines += [_row(finding) for finding in findings[:LONGEST]]
    if len(findings) > LONGEST:
        lines.append(f"| | | | and {len(findings) - LONGEST} more |")
    return "\n".join(lines)


def _row(finding: Finding) -> str:
    sign = "❌" if finding.action is Action.FAIL else "⚠️"
    where = "".join(f"<br>in `{escape(step)}`" for step in finding.steps)
    value = f"`{finding.quantity}`" if finding.quantity else ""
    return f"| {sign} {finding.kind} | {escape(str(finding.key))} | {value} | {escape(finding.text)}{where} |"


def escape(text: str) -> str:
    """Text that cannot break out of a table cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


FORMATS.add("markdown", Format("a pull-request comment or a step summary", _markdown))
