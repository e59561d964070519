"""Whether any call that the OpenAPI description allows, or nearly allows, makes the server fail.

    python -m tests.bench.openapi [--examples 12]

Runs schemathesis (MIT) against a server of its own, from an environment of its own that it makes in
a temporary folder: it brings 30 packages that nothing else here needs. Exit status: schemathesis'.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.bench.service import serving

_OPTIONS = (
    *("--checks", "not_a_server_error", "--phases", "coverage,fuzzing"),
    *("--exclude-path-regex", "events$", "--request-timeout", "20", "--continue-on-failure"),
    *("--suppress-health-check", "all"),
)


def main() -> int:
    """Install, run, and print what it prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=12)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serving(Path(name, "data")) as (url, _):
        tools = Path(name, "tools")
        venv.create(tools, with_pip=True)
        install = (tools / "bin" / "pip", "install", "--quiet", "schemathesis>=4,<5")
        subprocess.run(install, check=True)
        examples = ("--max-examples", str(given.examples))
        run = (tools / "bin" / "st", "run", f"{url}/openapi.json", *_OPTIONS, *examples)
        return subprocess.run(run, cwd=name, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
