"""Formats of other people's viewers, one module each."""

from hilbench.profile.export import Export
from hilbench.registry import Registry

EXPORTS: Registry[Export] = Registry("export format", "hilbench.profile.exports")

__all__ = ["EXPORTS", "Export"]
