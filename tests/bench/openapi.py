"""Whether the OpenAPI description is one to build on, and whether any call makes the server fail.

    python -m tests.bench.openapi [--examples 12]

Runs against a server of its own, from an environment of its own that it makes in a temporary
folder, since both bring dozens of packages that nothing else here needs:

- openapi-python-client (MIT) makes a client, and no part of the description may give it a warning;
  with that client a generation is asked for and followed to its end.
- schemathesis (MIT) sends what the description allows, or nearly allows.

Exit status: 0 when both are content.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.bench.service import serving

_PACKAGES = ("schemathesis>=4,<5", "openapi-python-client>=0.24,<1", "ruff")
_OPTIONS = (
    *("--checks", "not_a_server_error", "--phases", "coverage,fuzzing"),
    *("--exclude-path-regex", "events$", "--request-timeout", "20", "--continue-on-failure"),
    *("--suppress-health-check", "all"),
)
_CONFIG = """
content_type_overrides:
  image/webp: application/octet-stream
  image/png: application/octet-stream
  image/jpeg: application/octet-stream
  text/csv: text/plain
  text/event-stream: text/plain
"""
_USE = """
import sys, time
from tower_anime_client import Client
from tower_anime_client.api.generations import generations_create, generations_index
from tower_anime_client.api.generations import generations_one
from tower_anime_client.models import Wish

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
made = generations_create.sync(client=client, body=Wish(prompt="a lighthouse at dawn"))
for _ in range(600):
    seen = generations_one.sync(made.generation_id, client=client)
    if seen.status not in ("queued", "working"):
        break
    time.sleep(0.1)
listed = generations_index.sync(client=client, limit=5)
assert [one.generation_id for one in listed.items] == [made.generation_id]
number = len(seen.attempts)
print(f"the generated client drew {seen.generation_id}: {seen.status}, {number} attempts")
"""


def generated_client(tools: Path, url: str, folder: Path) -> int:
    """Make a client from the description, and ask for a picture with it."""
    made, config = folder / "tower_anime_client", folder / "client.yaml"
    config.write_text(_CONFIG)
    make = (tools / "openapi-python-client", "generate", "--url", f"{url}/openapi.json")
    options = ("--meta", "none", "--output-path", made, "--config", config, "--fail-on-warning")
    path = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}  # it calls ruff
    status = subprocess.run((*make, *options), cwd=folder, env=path, check=False).returncode
    if status:
        return status
    return subprocess.run((tools / "python", "-c", _USE, url), cwd=folder, check=False).returncode


def main() -> int:
    """Install, run, and print what they print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=12)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serving(Path(name, "data")) as (url, _):
        venv.create(Path(name, "tools"), with_pip=True)
        tools = Path(name, "tools", "bin")
        subprocess.run((tools / "pip", "install", "--quiet", *_PACKAGES), check=True)
        client = generated_client(tools, url, Path(name))
        examples = ("--max-examples", str(given.examples))
        run = (tools / "st", "run", f"{url}/openapi.json", *_OPTIONS, *examples)
        return client or subprocess.run(run, cwd=name, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
