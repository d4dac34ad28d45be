"""From C sources to a firmware image: plan, execute, export."""

from hilbench.build.execute import execute
from hilbench.build.export import export
from hilbench.build.image import FirmwareImage
from hilbench.build.plan import BuildPlan, prepare

__all__ = ["BuildPlan", "FirmwareImage", "execute", "export", "prepare"]
