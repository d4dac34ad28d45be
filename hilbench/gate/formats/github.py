"""Format `github`: annotations of GitHub Actions (docs.github.com, "Workflow commands for GitHub Actions")."""

from __future__ import annotations

from hilbench.gate.formats.format import FORMATS, Format
from hilbench.gate.verdict import Finding, Verdict

SHOWN = 10
"""GitHub shows at most ten errors and ten warnings of a step; the last one says how many there are more."""


def _github(verdict: Verdict) -> str:
    lines = [*_commands("error", verdict.failures, verdict), *_commands("warning", verdict.warnings, verdict)]
    lines.append(_command("notice", "hilbench gate", verdict.headline, verdict))
    return "\n".join(lines) + "\n"


def _commands(level: str, findings: tuple[Finding, ...], verdict: Verdict) -> list[str]:
    shown = findings if len(findings) <= SHOWN else findings[: SHOWN - 1]
    lines = [_command(level, f"{f.kind}: {f.what}", "\n".join((f.text, *f.steps)), verdict) for f in shown]
    if len(findings) > len(shown):
        lines.append(_command(level, "hilbench gate", f"and {len(findings) - len(shown)} more", verdict))
    return lines


def _command(level: str, title: str, message: str, verdict: Verdict) -> str:
    return f"::{level} file={_property(verdict.baseline.name)},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS.add("github", Format("annotations of GitHub Actions", _github))
