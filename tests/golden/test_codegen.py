"""The generated C of a tiny plan, to the letter.

After a wanted change: HILBENCH_UPDATE_GOLDEN=1 pytest tests/golden/test_codegen.py, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

from hilbench.codegen import generate
from hilbench.kernels.catalogue import catalogue
from tests.conformance.onehost import Case, plan
from tests.graphs import only

FOLDER = Path(__file__).parent / "codegen"


def test_generated_text() -> None:
    kernels = catalogue()
    whole = Case(only("CONV_2D", 3), kernels["conv_2d_int8"])
    patched = Case(only("ADD", 4), kernels["add_int8"], ((2,), (1, 3)))
    planned = plan([whole, patched])
    texts = generate(planned, "tiny")
    assert texts == generate(planned, "tiny")
    for name, text in texts.items():
        golden = FOLDER / name
        if os.environ.get("HILBENCH_UPDATE_GOLDEN"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text(), f"{golden} differs"
