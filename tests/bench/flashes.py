"""Our flash rule beside IRIS, on generated clips: how often do the two say the same?

The reference (PyPI `iris-pse-detection`, a port of Electronic Arts' IRIS) lives in an environment
of its own, since it brings the OpenCV with windows along:

    python -m venv IRIS_ENV && IRIS_ENV/bin/pip install iris-pse-detection==1.1.2
    python -m tests.bench.flashes IRIS_ENV/bin/python

IRIS takes the mean difference of the whole frame where a quarter of its pixels changed at all; the
rule asks for a change of 0.10 in each part of a quarter. They must agree on flashes of the whole
picture; on parts of it IRIS is more lenient, which is printed apart.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tower_anime.adapters.clip_frames import shown_pixels
from tower_anime.assess.flash import MAX_TRANSITIONS, FlashMeter
from tower_anime.domain.frame import Frame

WIDTH, HEIGHT = 320, 180
_IRIS = """
import sys, io, contextlib, cv2, numpy as np
from iris_pse_detection.configuration import Configuration
from iris_pse_detection.flash_detection import FlashDetection
for line in sys.stdin:
    path, rate = line.split()
    with np.load(path) as data:
        frames = data["frames"]
    detection = FlashDetection(int(rate), frames.shape[1:3], Configuration())
    for number, frame in enumerate(frames):
        detection.set_current_frame(np.ascontiguousarray(frame[..., ::-1]))
        detection.analyse_frame(number)
    print(int(detection.flash_fail), flush=True)
"""


@dataclass(frozen=True)
class Flashing:
    """A clip that alternates: `hz` flashes a second, on `area` of it, from `dark` to `light` (0–1).

    `kind` is square, sine, red or random; light is relative luminance.
    """

    kind: str
    hz: float
    area: float
    dark: float
    light: float
    rate: int
    seconds: float


def level(light: float | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Frame:
    """Return the code value of a relative luminance."""
    x = np.clip(light, 0, 1)
    code = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.round(code * 255).astype(np.uint8)


def frames_of(clip: Flashing) -> list[Frame]:
    times = np.arange(round(clip.seconds * clip.rate)) / clip.rate
    wave = np.sin(2 * np.pi * clip.hz * times + 0.01)
    phase = (wave >= 0).astype(float) if clip.kind != "sine" else (wave + 1) / 2
    frames = []
    columns = round(clip.area * WIDTH)
    for share in phase:
        frame = np.full((HEIGHT, WIDTH, 3), level(np.float64(0.2)), np.uint8)
        value = clip.dark + (clip.light - clip.dark) * share
        if clip.kind == "red":
            frame[:, :columns] = (level(np.float64(value)), 0, 0)
        else:
            frame[:, :columns] = level(np.float64(value))
        frames.append(frame)
    return frames


def ours(frames: list[Frame], rate: int) -> bool:
    meter = FlashMeter()
    for number, frame in enumerate(frames):
        time_s = number / rate
        meter.see([shown_pixels(frame, time_s=time_s, is_key=False).glimpse.colour], [time_s])
    track = meter.track()
    return bool(max(track.luminance.max(), track.red.max()) > MAX_TRANSITIONS)


def generated(count: int) -> list[Flashing]:
    """Return clips all over the rule's parameters, off its exact edges."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(count):
        dark = float(rng.choice([0.0, 0.05, 0.2, 0.4, 0.6, 0.75, 0.85]))
        step = float(rng.choice([0.04, 0.07, 0.13, 0.2, 0.4, 0.8]))
        found.append(
            Flashing(
                kind=str(rng.choice(["square", "sine", "red"])),
                hz=float(rng.choice([0.5, 1.0, 2.0, 2.5, 4.0, 5.0, 8.0])),
                area=float(rng.choice([0.15, 0.2, 0.3, 0.5, 1.0, 1.0])),
                dark=dark,
                light=min(1.0, dark + step),
                rate=int(rng.choice([24, 25, 30, 60])),
                seconds=float(rng.choice([2.0, 4.0])),
            )
        )
    return found


def main() -> None:
    """Print the agreement; the argument is the Python of the environment with IRIS."""
    clips = generated(int(sys.argv[2]) if len(sys.argv) > 2 else 400)
    table: Counter[tuple[str, bool, bool]] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.argv[1], "-c", _IRIS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as iris,
    ):
        assert iris.stdin is not None
        assert iris.stdout is not None
        for clip in clips:
            frames = frames_of(clip)
            path = Path(folder) / "frames.npz"
            np.savez(path, frames=np.stack(frames))
            iris.stdin.write(f"{path} {clip.rate}\n")
            iris.stdin.flush()
            theirs = bool(int(iris.stdout.readline()))
            mine = ours(frames, clip.rate)
            where = "whole" if clip.area == 1.0 else "part"
            table[where, mine, theirs] += 1
            if where == "whole" and mine != theirs:
                print(f"differ: ours {mine}, IRIS {theirs}: {clip}")
        iris.stdin.close()
    for where in ("whole", "part"):
        total = sum(n for key, n in table.items() if key[0] == where)
        same = sum(n for key, n in table.items() if key[0] == where and key[1] == key[2])
        stricter = table[where, True, False]
        print(
            f"{where} of the picture: {same}/{total} agree; only ours fails {stricter}, "
            f"only IRIS {table[where, False, True]}"
        )


if __name__ == "__main__":
    main()
