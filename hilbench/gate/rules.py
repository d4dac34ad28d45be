"""Rules: what counts as a regression, as a TOML file. Every key has a default; unknown keys are refused.

across = ["model_sha256"]              # conditions that may differ (see CONDITIONS in results/baseline.py)
vanished = "fail"                      # "fail", "warn" or "ignore"; so too for new, improved, inconclusive,
                                       # mismatch, does_not_fit, unsupported
confidence = 0.99                      # evidence that a noisy value needs

[tolerance_pct]                        # by provenance
measured = 0.25

[[rule]]                               # later rules win; the selectors take * and ?
model = "kws*"
variant = "int8+patch*"
metric = "stack_bytes"
tolerance_pct = 2.0                    # or: ignore = true

[[budget]]
require = "latency_ms <= 100"          # metric, one of <= < >= >, number
board = "nucleo_l4r5zi"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, field_validator

from hilbench.config import Section
from hilbench.errors import UsageError, one_of
from hilbench.results.baseline import CONDITIONS, Key, Quantity
from hilbench.results.schema import Provenance

Percent = Annotated[float, Field(ge=0)]

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}


class Action(StrEnum):
    """What a finding of some kind does to the verdict."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class Tolerance(Section):
    """Changes for the worse up to this many per cent pass. Modelled values are judged by their counts, never here."""

    counted: Percent = 0.0
    static: Percent = 0.0
    measured: Percent = 0.25
    wallclock: Percent = 5.0


class Selector(Section):
    """Which results a rule is about, each with * and ? as in file names."""

    model: str = "*"
    board: str = "*"
    target: str = "*"
    variant: str = "*"

    def selects(self, key: Key) -> bool:
        """Whether the rule is about this result."""
        return all(fnmatchcase(text, getattr(self, name)) for name, text in key._asdict().items())


class Rule(Selector):
    """Another tolerance for some values, or none of their business. `step` "" is the whole model."""

    metric: str = "*"
    provenance: str = "*"
    step: str = ""
    tolerance_pct: Percent | None = None
    ignore: bool = False

    def about(self, key: Key, quantity: Quantity) -> bool:
        """Whether the rule is about this value."""
        texts = (quantity.metric, self.metric), (quantity.provenance, self.provenance), (quantity.step, self.step)
        return self.selects(key) and all(fnmatchcase(text, pattern) for text, pattern in texts)


class Budget(Selector):
    """A limit in absolute terms, held for each provenance of the metric by itself, or for the one that is named."""

    require: str
    provenance: str = "*"

    @field_validator("require")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_budget(text)
        return text


def conditions(names: Sequence[str]) -> tuple[str, ...]:
    """`names`, as somebody typed them, if all are conditions that baselines state.

    Raises:
        UsageError: one is not.
    """
    for name in names:
        if name not in CONDITIONS:
            raise UsageError(one_of("condition", name, CONDITIONS))
    return tuple(names)


class Rules(Section):
    """A rules file."""

    across: tuple[str, ...] = ()
    vanished: Action = Action.FAIL
    new: Action = Action.WARN
    improved: Action = Action.WARN
    inconclusive: Action = Action.WARN
    mismatch: Action = Action.FAIL
    does_not_fit: Action = Action.FAIL
    unsupported: Action = Action.FAIL
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.99
    tolerance_pct: Tolerance = Tolerance()
    rule: tuple[Rule, ...] = ()
    budget: tuple[Budget, ...] = ()

    @field_validator("across")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CONDITIONS:
                raise ValueError(one_of("condition", name, CONDITIONS))
        return names

    def tolerance(self, key: Key, quantity: Quantity) -> float | None:
        """Per cent by which this value may get worse; None where it is not judged.

        Values of single steps are judged only where a rule names them: a total says whether, its steps say where.
        """
        found = None if quantity.step else getattr(self.tolerance_pct, quantity.provenance, None)
        if quantity.provenance is Provenance.MODELLED or quantity.metric.endswith("_error_pct"):
            return None
        for rule in self.rule:
            if rule.about(key, quantity):
                default = getattr(self.tolerance_pct, quantity.provenance)
                found = None if rule.ignore else default if rule.tolerance_pct is None else rule.tolerance_pct
        return found


def parse_budget(text: str) -> tuple[str, str, float]:
    """Metric, operator and limit of "sram_total_bytes <= 65536".

    Raises:
        ValueError: it does not read so.
    """
    match = re.fullmatch(r"\s*(\w+)\s*(<=|>=|<|>)\s*([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*", text)
    if match is None:
        raise ValueError(f"'{text}' is not a budget; right: 'sram_total_bytes <= 65536' or 'accuracy >= 0.9'")
    return match[1], match[2], float(match[3])
