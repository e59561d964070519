"""Freed memory goes back, where the C library can do that."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tower_anime.adapters.memory import give_back


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_what_lies_between_live_blocks_goes_back() -> None:
    blocks = [bytes(60_000) for _ in range(2000)]
    kept = blocks[::100]
    before = resident_pages()
    del blocks
    give_back()
    assert resident_pages() < before - 10_000
    assert len(kept) == 20
