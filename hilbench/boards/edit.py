"""Writing a fit into a board file, whose comments and order stay as their author wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from hilbench.boards.board import Fit
from hilbench.errors import ConfigError


def write_timing(path: Path, coefficients: Mapping[str, float], fit: Fit) -> None:
    """Replace `[timing] coefficients` and `[timing.fit]` of the board file at `path`.

    Raises:
        ConfigError: the file cannot be read or written, is no TOML, or has no [timing].
    """
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path), right="an existing board file") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(path)) from error
    timing = document.get("timing")
    if timing is None:
        raise ConfigError("no [timing] to write to", where=str(path), right='[timing] with model = "cortex-m4"')
    inline = tomlkit.inline_table()
    inline.update({event: round(cycles, 3) for event, cycles in coefficients.items()})
    timing["coefficients"] = inline
    timing["fit"] = fit.model_dump()
    try:
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path)) from error
