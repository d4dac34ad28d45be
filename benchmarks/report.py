"""What an HTML report of many results costs: seconds of one processor to write it, and its size by part.

python benchmarks/report.py                 # 10 models x 12 variants x 4 boards
python benchmarks/report.py 2 6 1
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from hilbench.report.html import charts, render, vega
from hilbench.report.plots.plot import context
from tests.unit.report.report_examples import make_run


def main() -> None:
    """Print what a report costs, and which plots it is made of."""
    models, variants, boards = map(int, sys.argv[1:] or ("10", "12", "4"))
    run = make_run(models, variants, boards)
    print(f"{len(run.records)} results, {len(run.frame):,} values")
    vega()  # the same for every report, and made once in a process
    start = process_time()
    text = render(run)
    print(f"report: {len(text.encode()) / 1e6:.2f} MB in {process_time() - start:.1f} s of one processor")
    sizes: Counter[str] = Counter({"vega": len(vega())})
    for _, rows in run.frame.groupby(["model", "board", "target"], sort=False):
        for name, spec in charts(rows, context(run)).items():
            sizes[name] += len(json.dumps(spec, separators=(",", ":")))
    for name, size in sizes.most_common():
        print(f"  {name:12} {size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()
