"""The C requantization for cores without long multiplication equals the one for all others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hilbench.resources import shipped

PROGRAM = """
#include "hb_requantize.h"
#include <stdio.h>

static int wrong(int32_t a, int32_t b)
{
    const int differs = hb_high_multiply_halves(a, b) != hb_high_multiply(a, b);
    if (differs) {
        printf("%ld * %ld\\n", (long)a, (long)b);
    }
    return differs;
}

int main(void)
{
    const int32_t edges[] = {0, 1, -1, 0xffff, 0x10000, -0x10000, -0x10001, 1 << 30, INT32_MAX,
                             INT32_MIN, INT32_MIN + 1};
    const int count = sizeof edges / sizeof *edges;
    int found = 0;
    for (int i = 0; i < count * count; i++) {
        found += edges[i % count] >= 0 && wrong(edges[i / count], edges[i % count]);
    }
    uint32_t state = 1;
    for (int i = 0; i < 1000000; i++) {
        state = state * 1664525 + 1013904223;
        const int32_t a = (int32_t)state >> i % 24;
        state = state * 1664525 + 1013904223;
        found += wrong(a, (int32_t)(state >> 1));
    }
    return found != 0;
}
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler on this machine: install gcc")
def test_halves_multiply_like_long_numbers(tmp_path: Path) -> None:
    source, program = tmp_path / "halves.c", tmp_path / "halves"
    source.write_text(PROGRAM)
    flags = ("-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    include = f"-I{shipped('firmware', 'kernels')}"
    subprocess.run(("gcc", *flags, include, str(source), "-o", str(program)), check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:500] + done.stderr[:500]
