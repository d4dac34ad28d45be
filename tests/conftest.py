"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

_ROOT = Path(__file__).parent.parent

# Tests are not about time: on a busy machine an example may take as long as it takes.
settings.register_profile("hilbench", deadline=None)
settings.load_profile("hilbench")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real models and inputs that are not part of the project: $HILBENCH_SHARED, or `shared` beside it."""
    place = Path(os.environ.get("HILBENCH_SHARED") or _ROOT.parent / "shared")
    if not (place / "models").is_dir():
        pytest.skip(f"real models are not here: no {place}/models (set HILBENCH_SHARED)")
    return place
