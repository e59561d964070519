"""The official workflow templates, for tests and benchmarks."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced"})


@cache
def names() -> tuple[str, ...]:
    """Return the names of all workflows; indexes and options lie in the same folder."""
    files = sorted(
        file.name.removesuffix(".json")
        for file in _folder().iterdir()
        if file.name.endswith(".json")
    )
    return tuple(name for name in files if name != "fuse_options" and not name.startswith("index"))


def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return data


def _folder() -> Any:
    return resources.files("comfyui_workflow_templates_json") / "templates"
