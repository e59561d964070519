"""The built-in generator as a process of its own, begun before anything large is imported.

Both it and this process need a second to load; on two cores they load at the same time.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tower_anime.errors import ServerDown, StorageFull
from tower_anime.settings import Settings

SANDBOX_START_LIMIT_S = 30.0


@contextmanager
def own_sandbox(settings: Settings) -> Iterator[Callable[[], str] | None]:
    """Start the built-in generator on a random loopback port; yields a wait for its address.

    None where servers are configured. It ends with this process, however that ends: it watches
    its standard input.
    """
    if settings.comfy_urls:
        yield None
        return
    prepare_folder(settings.data_dir)
    folder = settings.data_dir / "sandbox"
    prepare_folder(folder)
    with tempfile.TemporaryDirectory(prefix="start-", dir=folder) as private:
        announce = Path(private) / "sandbox.json"
        command = [
            sys.executable,
            "-m",
            "tower_anime.sandbox",
            "--port",
            "0",
            "--until-stdin-closes",
        ]
        command += ["--folder", str(folder), "--announce", str(announce)]
        with (folder / "sandbox.log").open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us; we still need it to cancel
            )
        try:
            yield lambda: _announced(announce, process, log_file=folder / "sandbox.log")
        finally:
            process.terminate()
            with contextlib.suppress(BrokenPipeError):
                process.communicate(timeout=10)


def _announced(announce: Path, process: subprocess.Popen[bytes], *, log_file: Path) -> str:
    deadline_s = time.monotonic() + SANDBOX_START_LIMIT_S
    while time.monotonic() < deadline_s:
        if announce.exists():
            return str(json.loads(announce.read_text())["url"])
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise ServerDown(f"the built-in sandbox did not start; see {log_file}")


def prepare_folder(folder: Path) -> None:
    """Create a folder of ours; `StorageFull` names it when that can't be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageFull(
            f"the data folder {folder} can't be written ({error.strerror}); "
            "choose another with TOWER_DATA_DIR"
        ) from error
