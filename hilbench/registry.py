"""Registries: a package whose modules register what they offer, so that adding a thing is adding a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

from hilbench.errors import UsageError, one_of

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Named items of one kind, each registered by a module of `package`, which is imported at the first look-up.

    `kind` is the word that error texts use: "kernel family", "metric".
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._items: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, item: T) -> T:
        """Register `item` under `name`; two items of one name are a mistake in the code, hence ValueError."""
        if name in self._items:
            raise ValueError(f"two {self.kind}s are called '{name}'")
        self._items[name] = item
        return item

    def __getitem__(self, name: str) -> T:
        self._load()
        try:
            return self._items[name]
        except KeyError:
            raise UsageError(one_of(self.kind, name, self._items)) from None

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._items))

    def __len__(self) -> int:
        self._load()
        return len(self._items)

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        for module in sorted(m.name for m in iter_modules(import_module(self.package).__path__)):
            import_module(f"{self.package}.{module}")
