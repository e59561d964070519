"""For all tests: no deadline on generated examples, and an end that nothing can hold up."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

import pytest
from hypothesis import settings

THREADS_END_S = 20.0

settings.register_profile("tower", deadline=None)
settings.load_profile("tower")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the status for the end."""
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process here: a thread or library that waits at its exit once did so for an hour.

    What the product's own processes do at their end is tested with real ones.
    """
    if hasattr(config, "workerinput") or _STATUS not in config.stash:
        return
    for thread in threading.enumerate():
        if thread is threading.main_thread() or thread.daemon:
            continue
        thread.join(THREADS_END_S)
        if thread.is_alive():
            print(f"\nthe tests left a thread that does not end: {thread.name}", file=sys.stderr)
            faulthandler.dump_traceback(file=2)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash[_STATUS])


_STATUS = pytest.StashKey[int]()
