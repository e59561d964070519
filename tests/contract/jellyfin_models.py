"""Jellyfin's own request and answer models (pydantic), without the client around them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

VERSIONS = ("10_10", "10_11")


def model(version: str, name: str) -> type[BaseModel]:
    """Return a model such as `MediaUpdateInfoDto` of a version such as `10_11`.

    Its fields are strict about types; what Jellyfin would ignore silently is found by `unknown`.
    """
    _packages_without_their_client()
    module = "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
    found = importlib.import_module(f"jellyfin.generated.api_{version}.models.{module}")
    kind: type[BaseModel] = getattr(found, name)
    return kind


def unknown(kind: type[BaseModel], value: Any, at: str = "") -> list[str]:
    """Return the fields of `value` (at any depth) that the model does not have."""
    if not isinstance(value, dict):
        return []
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    found = [f"{at}{name}" for name in value if name not in fields]
    for name, part in value.items():
        inner = _model_in(fields[name].annotation) if name in fields else None
        if inner is not None:
            for one in part if isinstance(part, list) else [part]:
                found += unknown(inner, one, at=f"{at}{name}.")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(one) for one in getattr(annotation, "__args__", ()))
    return next((one for one in inner if one), None)


def _packages_without_their_client() -> None:
    """Make the packages importable without their `__init__`, which loads an HTTP client."""
    if "jellyfin.generated" in sys.modules:
        return
    spec = importlib.util.find_spec("jellyfin")
    assert spec is not None, "jellyfin-sdk is missing: make test installs it"
    assert spec.submodule_search_locations is not None
    root = Path(next(iter(spec.submodule_search_locations)))
    names = ["jellyfin", "jellyfin.generated"]
    for version in VERSIONS:
        names += [f"jellyfin.generated.api_{version}", f"jellyfin.generated.api_{version}.models"]
    for name in names:
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
