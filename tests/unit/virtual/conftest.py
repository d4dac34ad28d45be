"""The virtual board needs its extra."""

import pytest

pytest.importorskip("unicorn", reason="the extra `virtual` is not installed: no virtual board")
