"""How often the gate cries wolf, and what it misses: weeks of CI replayed, with the noise that boards show.

    python benchmarks/gate_replay.py [WEEKS]

A week is 50 runs of a suite: exact values (instructions, bytes) and a measured latency per result. Into every fourth
run a regression of known size is put, in one value of one result. Noise: on 191 published results of boards the spread
within a window is 0.0 % in the median and 0.03 % at the 90th percentile; here half of the results have none, the others
an exponential one with that percentile, and each run has an offset of its own from the same distribution, as placement
and temperature give. Latencies are rounded to the resolution of a microsecond.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.gate.verdict import Kind
from hilbench.results.baseline import Key, Quantity, Result, Snapshot
from hilbench.results.schema import Provenance, Status

RUNS, EVERY, SAMPLES, RESULTS = 50, 4, 6, 12
HALF_QUIET, P90_PCT = 0.5, 0.03
SIZES_PCT = (0.3, 0.5, 1.0, 2.0, 5.0, 10.0)

INSTRUCTIONS = Quantity("instructions", Provenance.COUNTED)
SRAM = Quantity("sram_total_bytes", Provenance.STATIC)
LATENCY = Quantity("latency_ms", Provenance.MEASURED)


@dataclass(frozen=True)
class Case:
    """A result as it truly is: exact values, true latency in ms, and the spread of its noise in per cent."""

    key: Key
    instructions: float
    sram: float
    latency: float
    spread_pct: float


@dataclass(frozen=True)
class Tally:
    """What a replay found: by kind of regression, how many were put in and how many were caught; and false alarms."""

    injected: Counter[str]
    caught: Counter[str]
    false_alarms: int
    judged: int

    @property
    def missed(self) -> dict[str, int]:
        """Regressions that passed, by kind."""
        return {kind: n - self.caught[kind] for kind, n in self.injected.items() if n > self.caught[kind]}

    def __add__(self, other: Tally) -> Tally:
        alarms, judged = self.false_alarms + other.false_alarms, self.judged + other.judged
        return Tally(self.injected + other.injected, self.caught + other.caught, alarms, judged)


def week(seed: int, rules: Rules) -> Tally:
    """One week: after each run whose regression was put in, the baseline is taken anew from it, as a team would."""
    rng = np.random.default_rng(seed)
    cases = list(_cases(rng))
    baseline = _measure(cases, rng)
    injected, caught = Counter[str](), Counter[str]()
    false_alarms = judged = 0
    for run in range(1, RUNS + 1):
        hit = _inject(cases, rng) if run % EVERY == 0 else None
        current = _measure(cases, rng)
        blamed = {(f.key, f.quantity) for f in judge(baseline, current, rules).of(Kind.WORSE)}
        judged += 3 * len(cases)
        if hit is not None:
            place, kind = hit
            injected[kind] += 1
            caught[kind] += place in blamed
            false_alarms -= place in blamed
            baseline = current
        false_alarms += len(blamed)
    return Tally(injected, caught, false_alarms, judged)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    scale = P90_PCT / np.log(HALF_QUIET / 0.1)
    for number in range(RESULTS):
        spread = 0.0 if rng.random() < HALF_QUIET else rng.exponential(scale)
        instructions = float(rng.integers(10**5, 10**8))
        yield Case(
            Key(f"model{number}", "nucleo", "board", "int8"),
            instructions,
            float(rng.integers(2_000, 500_000)),
            instructions * 1.3 / 120e3,
            spread,
        )


def _measure(cases: list[Case], rng: np.random.Generator) -> Snapshot:
    return Snapshot("replay", {case.key: _result(case, rng) for case in cases})


def _result(case: Case, rng: np.random.Generator) -> Result:
    offset, *within = case.spread_pct * (rng.random(1 + SAMPLES) - 0.5)
    times = tuple(round(case.latency * (1 + (offset + w) / 100), 3) for w in within)
    samples = {INSTRUCTIONS: (case.instructions,), SRAM: (case.sram,), LATENCY: times}
    return Result(case.key, Status.OK, samples=samples)


def _inject(cases: list[Case], rng: np.random.Generator) -> tuple[tuple[Key, Quantity], str]:
    """Make one value of one case worse, for good; where, and the kind and size."""
    place = int(rng.integers(len(cases)))
    case = cases[place]
    what = rng.choice(["1 instruction", "1 byte", *(f"{pct:g} % of latency" for pct in SIZES_PCT)])
    if what == "1 instruction":
        cases[place], quantity = replace(case, instructions=case.instructions + 1), INSTRUCTIONS
    elif what == "1 byte":
        cases[place], quantity = replace(case, sram=case.sram + 1), SRAM
    else:
        grown = case.latency * (1 + float(what.split()[0]) / 100)
        cases[place], quantity = replace(case, latency=grown), LATENCY
    return (case.key, quantity), str(what)


def main(weeks: int) -> None:
    """Print what was put in, caught and falsely blamed."""
    total = Tally(Counter(), Counter(), 0, 0)
    for seed in range(weeks):
        total += week(seed, Rules())
    print(f"{weeks} weeks of {RUNS} runs, {total.judged:,} values judged, {total.false_alarms} false alarms")
    for kind, count in sorted(total.injected.items()):
        print(f"{kind:20} {total.caught[kind]:5} of {count:5} caught")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
