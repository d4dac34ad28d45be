"""`hilbench gate`: is a run worse than its baseline? Exit code 1 says yes, and nothing else gives 1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hilbench.config import load_toml
from hilbench.errors import ToolError, UsageError
from hilbench.gate.formats.format import FORMATS
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules, conditions
from hilbench.gate.selftest import EXAMPLE
from hilbench.gate.selftest import self_test as inject
from hilbench.results.baseline import read
from hilbench.results.store import write_atomic


def command(
    run: Annotated[Path | None, typer.Argument(help="Folder of a run.", metavar="RUN", show_default=False)] = None,
    baseline: Annotated[Path | None, typer.Option(help="Baseline file, or another run's folder.")] = None,
    rules: Annotated[Path | None, typer.Option(help="TOML file of rules (docs/ci.md).")] = None,
    across: Annotated[list[str] | None, typer.Option(help="A condition that may differ. May be given again.")] = None,
    format: Annotated[str, typer.Option(help="What to print: text, markdown, github, json, …")] = "text",
    write: Annotated[list[str] | None, typer.Option(help="FORMAT=FILE to write as well. May be given again.")] = None,
    self_test: Annotated[bool, typer.Option("--self-test", help="Does this gate catch regressions?")] = False,
) -> None:
    """Compare a run with its baseline by rules, and say which values are worse.

    Exact values (counted, static) may not get worse at all, noisy ones (measured, wallclock) not beyond what the
    samples can show; modelled ones are judged by the counts they are made from. Exit code 0: passed. 1: a regression.
    3, 4, 5: something could not be measured, and nothing that was is worse. 6: the two cannot be compared.

    With --self-test, regressions of known size are put into a copy of the run (or of the baseline, or of an example),
    and the gate must catch each.
    """
    law = _rules(rules, conditions(across or ()))
    if self_test:
        _test_the_gate(run or baseline, law)
        return
    if run is None or baseline is None:
        raise UsageError("a gate needs a run and a baseline: hilbench gate RUN --baseline FILE")
    outputs = [_output(text) for text in write or ()]
    shown = FORMATS[format]
    verdict = judge(read(baseline), read(run), law)
    for name, path in outputs:
        write_atomic(path, FORMATS[name].render(verdict).encode())
    sys.stdout.write(shown.render(verdict))
    raise typer.Exit(int(verdict.exit_code))


def _rules(path: Path | None, across: tuple[str, ...]) -> Rules:
    rules = load_toml(path, Rules) if path else Rules()
    return Rules.model_validate({**rules.model_dump(), "across": (*rules.across, *across)}, strict=False)


def _output(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(f"'{text}' is not FORMAT=FILE; right: --write markdown=verdict.md")
    return name, Path(path)


def _test_the_gate(path: Path | None, rules: Rules) -> None:
    """Print what became of the injected regressions.

    Raises:
        ToolError: the gate, as these rules and samples make it, would let one through, or cries wolf.
    """
    snapshot = read(path) if path else EXAMPLE
    test = inject(snapshot, rules)
    for injection in test.injections:
        seen = "caught" if injection.caught else "blind: too few samples" if injection.blind else "MISSED"
        print(f"{seen:8} {injection.size:>10}  {injection.key}: {injection.quantity}")
    caught = len(test.injections) - len(test.missed)
    unchanged = "passes" if test.unchanged_passes else "FAILS"
    print(f"{caught} of {len(test.injections)} injected regressions caught; an unchanged copy {unchanged}")
    if not test.ok:
        raise ToolError("gate", "does not catch everything", "more repeats for what is measured, or tighter rules")
