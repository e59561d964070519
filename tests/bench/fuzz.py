"""Hostile and mutated files: none may crash, hang for 10 s or take more than 1 GB.

    python -m tests.bench.fuzz [FILES] [SEED]

Valid files of every format are mutated (bytes flipped, set, dropped, doubled, cut, spliced) and
assessed like any other, in a process of its own; the slowest and the peak of memory are printed.
"""

from __future__ import annotations

import multiprocessing
import resource
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tests import drawn
from tower_anime.domain.frame import Frame

BATCH = 500
SLOW_S = 10.0


def seeds() -> dict[str, bytes]:
    """Return a small valid file of every format that is read."""
    frame = drawn.drawn("cel", size=160)[:128]
    bgr = frame[..., ::-1]
    files = {f"still{end}": _coded(bgr, end) for end in (".png", ".jpg", ".bmp", ".tiff", ".gif")}
    files |= {f"still{end}": _coded(bgr, end) for end in (".webp", ".avif")}
    files["progressive.jpg"] = _coded(bgr, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    files["deep.png"] = _coded(bgr.astype(np.uint16) * 257, ".png")
    sheer = np.dstack([bgr, np.full(bgr.shape[:2], 90, np.uint8)])
    files |= {f"sheer{end}": _coded(sheer, end) for end in (".png", ".webp", ".avif", ".tiff")}
    moving = [np.roll(frame, 6 * number, axis=1) for number in range(10)]
    files |= {name: _clip(moving, name, codec) for name, codec in CLIPS.items()}
    return files


CLIPS = {
    "clip.mp4": "libx264",
    "clip.mkv": "mpeg4",
    "clip.webm": "libvpx-vp9",
    "clip.avi": "mpeg4",
    "clip.gif": "gif",
    "clip.apng": "apng",
    "clip.ts": "libx264",
}


def _coded(pixels: Any, ending: str, *options: int) -> bytes:
    done, data = cv2.imencode(ending, pixels, options)
    assert done
    return data.tobytes()


def _clip(frames: list[Frame], name: str, codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=Fraction(12))
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = {"gif": "rgb8", "apng": "rgb24"}.get(codec, "yuv420p")
            for pixels in frames:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                container.mux(stream.encode(picture.reformat(format=stream.pix_fmt)))
            container.mux(stream.encode(None))
        return path.read_bytes()


# ---- mutations and hostile files ----------------------------------------------------------------


def mutated(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Return a file with one to six changes, more of them near its beginning."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 7))):
        if not found:
            break
        reach = len(found) if rng.random() < 0.5 else min(len(found), 200)
        at, long = int(rng.integers(reach)), int(rng.integers(1, 9))
        match int(rng.integers(7)):
            case 0:
                found[at] ^= 1 << int(rng.integers(8))
            case 1:
                found[at : at + long] = rng.bytes(long)
            case 2:
                found[at : at + 4] = struct.pack(">I", int(rng.choice(EXTREMES)))
            case 3:
                del found[at : at + long * 4]
            case 4:
                found[at:at] = found[at : at + long * 16]
            case 5:
                del found[int(rng.integers(len(found) // 2, len(found))) :]
            case _:
                other = others[int(rng.integers(len(others)))]
                begin = int(rng.integers(len(other)))
                found[at : at + 64] = other[begin : begin + 64]
    return _mended(bytes(found)) if rng.random() < 0.5 else bytes(found)


EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000, 100_000, 16_384)


def _mended(data: bytes) -> bytes:
    """Return a PNG with its checksums made right, so that what was changed is reached."""
    if not data.startswith(b"\x89PNG"):
        return data
    found, at = bytearray(data), 8
    while at + 12 <= len(found):
        (length,) = struct.unpack_from(">I", found, at)
        end = at + 8 + length
        if end + 4 > len(found):
            break
        struct.pack_into(">I", found, end, zlib.crc32(found[at + 4 : end]))
        at = end + 4
    return bytes(found)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *extra: bytes, rows: int | None = None) -> bytes:
    """Return a white 8-bit grey PNG of any size; deflate makes it small."""
    packer = zlib.compressobj(9)
    line = b"\0" + b"\xff" * width
    packed = b"".join(packer.compress(line) for _ in range(height if rows is None else rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"".join(extra) + _chunk(b"IDAT", packed + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + body + _chunk(b"IEND", b"")


def hostile() -> dict[str, bytes]:
    """Return the kinds of files that are made to hurt."""
    jpeg = _coded(drawn.drawn("cel", size=64), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    scan, end = jpeg.index(b"\xff\xda"), jpeg.rindex(b"\xff\xd9")
    frame = jpeg.index(b"\xff\xc2")
    wide = bytearray(jpeg)
    struct.pack_into(">HH", wide, frame + 5, 6000, 6000)
    gif = (
        b"GIF89a" + struct.pack("<HHBBB", 4000, 4000, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    )
    dot = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    bomb_text = _chunk(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(200_000_000), 9))
    tiff = bytearray(_coded(drawn.drawn("cel", size=64), ".tiff"))
    struct.pack_into("<I", tiff, 4, 8)
    return {
        "pixels.png": png_of(40_000, 40_000, rows=10),
        "large.png": png_of(6200, 6200),
        "text.png": png_of(64, 64, bomb_text),
        "lies.png": png_of(5000, 5000, rows=3),
        "scans.jpg": bytes(wide[:scan]) + jpeg[scan:end] * 3000 + b"\xff\xd9",
        "frames.gif": gif + dot * 20_000 + b"\x3b",
        "loop.tiff": bytes(tiff),
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n",
        "concat.mp4": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        "script.png": b"<html><script>alert(1)</script></html>",
        "vector.png": b'<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"/>',
        "zeros.jpg": bytes(1 << 20),
        "noise.webp": b"RIFF\xff\xff\xff\x7fWEBPVP8X" + bytes(range(256)) * 20,
        "box.mp4": struct.pack(">I4s", 0xFFFFFFF0, b"ftyp") + b"isom" + bytes(500),
        "deep.avif": b"\0\0\0\x1cftypavif" + bytes(16) + struct.pack(">I4s", 1 << 30, b"meta"),
        "two.png": png_of(64, 64) + jpeg,
        "empty.png": b"",
        "name.jpg": png_of(64, 64),
    }


# ---- the run ------------------------------------------------------------------------------------


def files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield the hostile files, then `count` mutations of valid ones."""
    yield from hostile().items()
    valid, rng = seeds(), np.random.default_rng(seed)
    names, others = sorted(valid), list(valid.values())
    for number in range(count):
        name = names[number % len(names)]
        yield f"{number}-{name}", mutated(valid[name], rng, others)


def assess(folder: Path, results: Any) -> None:
    """Assess every file of a folder, one after the other, and say how it went."""
    from tower_anime.inspection import inspect_files, wanted_file
    from tower_anime.settings import read_settings

    settings = read_settings()
    for path in sorted(folder.iterdir()):
        results.put(("begun", path.name, 0.0))
        started_s = time.perf_counter()
        ((_, found),) = inspect_files(settings, [wanted_file(path, prompt=None)])
        outcome = found.error.type if found.error else found.verdict.value
        results.put((outcome, path.name, time.perf_counter() - started_s))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put(("peak", "", peak_mb))


def run_batch(folder: Path) -> tuple[Counter[str], list[tuple[float, str]], float]:
    """Return outcomes, the slow ones and peak memory (MB) of one folder's files."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    worker = context.Process(target=assess, args=(folder, results))
    worker.start()
    outcomes: Counter[str] = Counter()
    times: list[tuple[float, str]] = []
    begun, peak_mb = "", 0.0
    while True:
        try:
            outcome, name, value = results.get(timeout=60)
        except Exception:  # noqa: BLE001 - queue.Empty: the worker is dead or hangs
            print("CRASH or hang at", begun, "exit", worker.exitcode)
            worker.kill()
            outcomes["crash"] += 1
            break
        if outcome == "begun":
            begun = name
        elif outcome == "peak":
            peak_mb = value
            break
        else:
            outcomes[outcome] += 1
            times.append((value, name))
    worker.join()
    return outcomes, sorted(times)[-3:], peak_mb


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total: Counter[str] = Counter()
    slowest: list[tuple[float, str]] = []
    peak_mb, batch = 0.0, []
    everything = list(files(count, seed))
    for start in range(0, len(everything), BATCH):
        batch = everything[start : start + BATCH]
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            for name, data in batch:
                (Path(folder) / name).write_bytes(data)
            outcomes, times, used_mb = run_batch(Path(folder))
        total += outcomes
        slowest = sorted(slowest + times)[-5:]
        peak_mb = max(peak_mb, used_mb)
        print(start + len(batch), dict(outcomes), f"{used_mb:.0f} MB", times[-1:], flush=True)
    print(f"{sum(total.values())} files: {dict(total.most_common())}")
    print("slowest:", ", ".join(f"{name} {value:.2f} s" for value, name in reversed(slowest)))
    print(f"peak memory {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
