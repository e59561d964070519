"""What the service stands: many event streams, many calls, hostile uploads.

    python -m tests.bench.endurance FOLDER [--streams 100] [--calls 10000]

FOLDER is a data folder (`tests.bench.crowd` makes a large one). Prints how many streams got
an event, memory after each thousand calls, for each hostile upload its status and peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import httpx2
import numpy as np

from tests.bench.service import Stock, memory_mb, serving, stock

SETTLE_S = 30.0
_PNG = b"\x89PNG\r\n\x1a\n"


async def streams(url: str, number: int) -> int:
    """Open streams, cause one event; returns how many clients got it."""
    limits = httpx2.Limits(max_connections=number, max_keepalive_connections=number)
    opened = asyncio.Semaphore(0)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as http:

        async def listen() -> bool:
            async with http.stream("GET", "/api/v1/events") as answer:
                opened.release()
                async for line in answer.aiter_lines():
                    if line.startswith("data:") and "generation_id" in line:
                        return True
            return False

        clients = [asyncio.create_task(listen()) for _ in range(number)]
        for _ in clients:
            await opened.acquire()
        wish = {"prompt": "1girl", "size": "64x64", "max_attempts": 1, "publish": False}
        async with httpx2.AsyncClient(base_url=url, timeout=60) as other:
            (await other.post("/api/v1/generations", json=wish)).raise_for_status()
        done, late = await asyncio.wait(clients, timeout=SETTLE_S)
        for client in late:
            client.cancel()
        return sum(client.result() for client in done)


def calls(url: str, pid: int, of: Stock, number: int) -> Iterator[float]:
    """Make mixed calls one after the other; yields the memory after each thousand, MiB."""
    lot = random.Random(11)
    with httpx2.Client(base_url=url, timeout=60) as http:
        for done in range(1, number + 1):
            http.get(of.path(lot)).raise_for_status()
            if done % 1000 == 0:
                yield memory_mb(pid)


# ---- Hostile uploads --------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def _png(width: int, height: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _bomb(side: int) -> bytes:
    """A PNG of so many pixels, all black: some megabytes for gigabytes."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side * 3)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return _png(side, side, rows)


def _animation(frames: int) -> bytes:
    memory = io.BytesIO()
    with av.open(memory, "w", format="apng") as file:
        stream = file.add_stream("apng", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb24"
        for number in range(frames):
            picture = np.full((64, 64, 3), number % 256, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture)):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return memory.getvalue()


def hostile() -> Iterator[tuple[str, str, bytes]]:
    """Yield what it is, the name it is sent under, and its bytes."""
    small = _png(8, 8, zlib.compress((b"\0" + b"\x7f" * 24) * 8))
    declared = _png(60_000, 60_000, zlib.compress(b"\0" * 1000))
    yield "60 000 × 60 000 declared", "a.png", declared
    yield "12 000 × 12 000 of zeros", "a.png", _bomb(12_000)
    yield "truncated", "a.png", small[: len(small) // 2]
    yield "polyglot (ZIP behind)", "a.png", small + b"PK\x03\x04" + b"\0" * 400
    yield "polyglot (HTML before)", "a.png", b"<html><script>" + small
    yield "SVG", "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    yield "SVG named PNG", "a.png", b'<svg xmlns="http://www.w3.org/2000/svg"><!-- --></svg>'
    yield "5000 frames", "a.png", _animation(5000)
    yield "name that leaves the folder", "../../../../etc/passwd", b"root:x:0:0"
    yield "name with a NUL", "a\0.png", b"\x89PNG"
    yield "empty", "a.png", b""


def peak_mb(pid: int) -> float:
    """Return the largest resident memory of a process since it was last reset, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--calls", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty, serving(given.folder or Path(empty)) as (url, pid):
        got = asyncio.run(streams(url, given.streams))
        print(f"{got} of {given.streams} event streams got the event", flush=True)
        if given.folder and given.calls:
            of = stock(url, pages=20)
            began_s = time.monotonic()
            sizes = [round(size) for size in calls(url, pid, of, given.calls)]
            print(f"{given.calls} calls in {time.monotonic() - began_s:.0f} s, MiB: {sizes}")
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        for what, name, data in hostile():
            files = {"file": (name, data)}
            answer = httpx2.post(f"{url}/api/v1/assessments", files=files, timeout=120)
            peak = peak_mb(pid)
            print(f"{what:30} {answer.status_code}  peak {peak:5.0f} MiB  {answer.text[:90]}")


if __name__ == "__main__":
    main()
