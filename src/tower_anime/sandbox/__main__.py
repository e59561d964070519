"""`python -m tower_anime.sandbox` runs the sandbox generator alone."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tower_anime.errors import TowerError
from tower_anime.sandbox.faults import FAULTS, parse_faults
from tower_anime.sandbox.server import DEFAULT_PORT, SandboxConfig, serve


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve; 2 on wrong usage or a taken address."""
    parser = argparse.ArgumentParser(prog="tower_anime.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, help="for outputs and inputs (default: temporary)")
    parser.add_argument("--seconds-per-step", type=float, default=0.0)
    parser.add_argument(
        "--world",
        type=int,
        default=0,
        help="draws the models' sweet spots by lot (0: as documented)",
    )
    parser.add_argument("--faults", default="", help=f"name[:probability],… of {', '.join(FAULTS)}")
    parser.add_argument("--announce", type=Path, help="file that gets the address as JSON")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the process that started it"
    )
    given = parser.parse_args(arguments)
    if given.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        serve(
            SandboxConfig(
                host=given.host,
                port=given.port,
                folder=given.folder,
                seconds_per_step=given.seconds_per_step,
                faults=parse_faults(given.faults),
                world=given.world,
                announce=given.announce,
            )
        )
    except TowerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
