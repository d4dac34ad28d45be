"""Exact block profiles, the timing models that price them, and where the time goes."""

from hilbench.profile.blocks import Block, Cache, Counters, Profile, Section
from hilbench.profile.price import Priced, price

__all__ = ["Block", "Cache", "Counters", "Priced", "Profile", "Section", "price"]
