"""The wheel carries the browser's libraries; a checkout gets them by `make web`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from tools import browser_libraries


class BrowserLibraries(BuildHookInterface[Any]):
    """Fetches what is missing before a wheel is packed."""

    def dependencies(self) -> list[str]:
        """Return what brings npm where the machine has none."""
        present = browser_libraries.are_there() or shutil.which("npm") or shutil.which("uv")
        return [] if present or self.target_name != "wheel" else ["uv"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Fetch them; an editable installation does without."""
        if self.target_name == "wheel" and version != "editable":
            browser_libraries.fetch()
