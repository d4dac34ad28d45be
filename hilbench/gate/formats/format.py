"""What a format is: a verdict as text for one kind of reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hilbench.gate.verdict import Verdict
from hilbench.registry import Registry


@dataclass(frozen=True)
class Format:
    """`render(verdict)` gives the text; `summary` says who reads it."""

    summary: str
    render: Callable[[Verdict], str]


FORMATS: Registry[Format] = Registry("verdict format", "hilbench.gate.formats")
