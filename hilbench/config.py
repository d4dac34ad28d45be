"""Reading the TOML files that people write: boards, suites, rules. Unknown keys are refused, places are named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hilbench.errors import ConfigError


class Section(BaseModel):
    """A frozen part of a configuration file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


S = TypeVar("S", bound=Section)


def load_toml(path: Path, schema: type[S]) -> S:
    """Read `path` as `schema`.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or does not match; all mistakes at once.
    """
    try:
        with path.open("rb") as file:
            raw: dict[str, Any] = tomllib.load(file)
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(path)) from error
    return parse(raw, schema, where=str(path))


def parse(raw: dict[str, Any], schema: type[S], *, where: str) -> S:
    """Validate `raw` as `schema`; `where` names the file in the error text."""
    try:
        # Not strict, unlike a section made in code: TOML has arrays for tuples and strings for enums.
        return schema.model_validate(raw, strict=False)
    except ValidationError as error:
        raise ConfigError(_explain(error, schema), where=where) from error


def _explain(error: ValidationError, schema: type[BaseModel]) -> str:
    lines = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key '{place}'; known here: {', '.join(_legal_keys(schema, item['loc'][:-1]))}")
        else:
            lines.append(f"'{place}': {item['msg'].removeprefix('Value error, ')}, got {item['input']!r}")
    return "; ".join(lines)


def _legal_keys(schema: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Keys that the table at `place` may hold, found by walking the schema along the place."""
    for part in place:
        if isinstance(part, str) and part in schema.model_fields:
            nested = _nested(schema.model_fields[part].annotation)
            if nested is None:
                return []
            schema = nested
    return sorted(schema.model_fields)


def _nested(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if found := _nested(argument):
            return found
    return None
