"""A build as a folder for people: every source, the linker script, and the commands in a script of their own."""

from __future__ import annotations

import shlex
from pathlib import Path

from hilbench.build.execute import write_files
from hilbench.build.plan import BuildPlan

SCRIPT = "build.sh"


def export(plan: BuildPlan, folder: Path) -> Path:
    """Write `plan` to `folder` so that `sh build.sh` there makes the same firmware; gives the script's path."""
    write_files(plan, folder)
    lines = [f"# {plan.title}, with {plan.toolchain}; build id {plan.build_id}", 'set -e; cd "$(dirname "$0")"']
    lines += [shlex.join(command) for command in plan.final_commands()]
    script = folder / SCRIPT
    script.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    script.chmod(0o755)
    return script
