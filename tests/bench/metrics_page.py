"""The reference page of measurements, with an example of each defect.

python -m tests.bench.metrics_page        writes docs/metrics.md and docs/metrics/*.jpg
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tests import drawn
from tower_anime.assess import judge, ruled, style
from tower_anime.assess.checks import CHECKS
from tower_anime.assess.metrics import METRICS, Metric
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.signals import SIGNALS
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import Frame, check_frame
from tower_anime.domain.quality import Assessment

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "metrics.md", DOCS / "metrics"
SIZE, SHOWN_PX = 512, 224
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 82)

_ABOUT: Mapping[str, str] = {
    "blank": "One colour, nothing, or nothing but noise.",
    "partial_blank": "A large part was never drawn.",
    "corrupt": "Torn or shifted lines, foreign blocks.",
    "blur": "Soft where it should be sharp.",
    "motion_blur": "Smeared along one direction.",
    "upscaled": "Enlarged: pixels without detail.",
    "noise": "Grain or colour noise in flat areas.",
    "undersampled": "Blotches left over from too few steps.",
    "low_contrast": "Flat, veiled.",
    "underexposed": "Too dark.",
    "overexposed": "Washed out.",
    "oversaturated": "Burnt colours of too high a CFG.",
    "color_cast": "A tint over everything.",
    "banding": "False contours on gradients.",
    "compression": "Blocks of a codec.",
    "tiling": "Repeats itself.",
    "resolution": "Smaller than the profile asks for, or another size than was asked for.",
    "text_artifact": "Text or a watermark that nobody asked for.",
    "nsfw": "Not safe for work; only where a profile names it.",
    "subject_count": "Another number of people than the prompt asks for.",
    "off_style": "Not drawn like the project's approved pictures ([learning.md](learning.md)).",
}


def _blurred(frame: Frame, sigma: float) -> Frame:
    return check_frame(cv2.GaussianBlur(frame, (0, 0), sigma))


def _half_drawn(frame: Frame) -> Frame:
    found = frame.copy()
    found[: SIZE // 2, : SIZE * 3 // 4] = 0
    return found


def _torn(frame: Frame) -> Frame:
    found = frame.copy()
    for number, top in enumerate(range(60, SIZE - 40, 60)):
        found[top : top + 24] = np.roll(found[top : top + 24], 70 + 31 * number, axis=1)
    return found


def _smeared(frame: Frame) -> Frame:
    kernel = np.zeros((25, 25), np.float32)
    kernel[12] = 1 / 25
    return check_frame(cv2.filter2D(frame, -1, kernel))


def _enlarged(frame: Frame) -> Frame:
    small = cv2.resize(frame, (SIZE // 5, SIZE // 5), interpolation=cv2.INTER_AREA)
    return check_frame(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))


def _blotched(frame: Frame) -> Frame:
    rng = np.random.default_rng(1)
    coarse = rng.normal(0, 26, (SIZE // 8, SIZE // 8, 3)).astype(np.float32)
    wide = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return _levels(frame + wide)


def _levels(values: np.ndarray) -> Frame:
    return check_frame(np.clip(values, 0, 255).astype(np.uint8))


def _tinted(frame: Frame) -> Frame:
    return _levels(frame * 0.45 + np.array([0, 135, 40]))


def _banded(frame: Frame) -> Frame:
    return _levels(frame // 32 * 32 + 16)


def _crushed(frame: Frame) -> Frame:
    done, data = cv2.imencode(".jpg", frame[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 5))
    assert done
    return check_frame(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def _tiled(frame: Frame) -> Frame:
    quarter = cv2.resize(frame, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA)
    return check_frame(np.tile(quarter, (2, 2, 1)))


EXAMPLES: Mapping[str, Callable[[Frame], Frame]] = {
    "blank": lambda frame: np.full_like(frame, 12),
    "partial_blank": _half_drawn,
    "corrupt": _torn,
    "blur": lambda frame: _blurred(frame, 4),
    "motion_blur": _smeared,
    "upscaled": _enlarged,
    "noise": lambda frame: drawn.noisy(frame, sigma=28),
    "undersampled": _blotched,
    "low_contrast": lambda frame: _levels(frame * 0.16 + 110),
    "underexposed": lambda frame: _levels(frame * 0.12),
    "overexposed": lambda frame: _levels(frame * 1.5 + 90),
    "oversaturated": lambda frame: _levels((frame.astype(float) - 118) * 3.2 + 118),
    "color_cast": _tinted,
    "banding": _banded,
    "compression": _crushed,
    "tiling": _tiled,
}
"""Defect → damage to a clean drawing that shows it."""


def example(kind: str) -> Frame:
    """Return a picture that has this defect."""
    return EXAMPLES[kind](drawn.drawn("cel", seed=3, size=SIZE))


def judged(frame: Frame) -> Assessment:
    profile = replace(PROFILES["still"], min_width=0, min_height=0)
    height, width = frame.shape[:2]
    return judge.judge(measure(frame), kind="image", width=width, height=height, profile=profile)


def page() -> str:
    """Return the page as it should be."""
    lines = [
        "# Measurements and defects of stills",
        "",
        "Written by `python -m tests.bench.metrics_page` from the metric table; don't edit it. How",
        "the score follows from measurements is in [calibration.md](calibration.md), what clips",
        "have beside them in [clips.md](clips.md). A measurement that could not be made is",
        "`unmeasured` with a reason, never a number.",
        "",
        "## Defects",
        "",
        "| | defect | what it is | measurements behind it | forgiven by words such as |",
        "|---|---|---|---|---|",
        *(_defect_row(kind) for kind in _ABOUT),
        "",
        "Actions (`off`, `warn`, `reject`, `review`), severities and required checks are set in a",
        "profile: `tower-anime profiles still` shows one.",
        "",
        "## Measurements",
        "",
        "| name | unit | range | better | evidence of | needs | how |",
        "|---|---|---|---|---|---|---|",
        *(_metric_row(name, metric) for name, metric in {**METRICS, **ruled.OPTIONAL}.items()),
    ]
    return "\n".join(lines) + "\n"


_WORDS: Mapping[str, str] = {
    "underexposed": "night, dark, cave, candlelight",
    "low_contrast": "fog, pastel, night, sketch",
    "overexposed": "high key, snow, backlighting",
    "partial_blank": "letterbox, black background",
    "noise": "film grain, VHS, pixel art",
    "undersampled": "film grain, painterly",
    "blur": "bokeh, depth of field, soft focus",
    "motion_blur": "motion blur, speed lines, long exposure",
    "upscaled": "pixel art",
    "oversaturated": "vivid, neon, pixel art",
    "color_cast": "sepia, sunset, underwater, neon",
    "banding": "cel shading, posterized, pixel art",
    "compression": "jpeg artifacts, CCTV, glitch",
    "tiling": "seamless pattern, comic, multiple views",
    "corrupt": "glitch",
    "text_artifact": "sign, speech bubble, poster",
    "nsfw": "nude, swimsuit",
    "off_style": "flashback, sketch, pixel art",
}


_SIZES = ("width", "height", "min_width", "min_height", "shortfall")


def _defect_row(kind: str) -> str:
    reads = {
        name for check in CHECKS if check.kind == kind for name in SIGNALS[check.signal].reads
    } | {name for name, metric in ruled.OPTIONAL.items() if metric.defect == kind}
    if kind == style.KIND:
        reads = {style.DISTANCE}
    names = ", ".join(f"`{name}`" for name in sorted(reads) if name not in _SIZES)
    shown = f"![{kind}](metrics/{kind}.jpg)" if kind in EXAMPLES else ""
    words = _WORDS.get(kind, "nothing")
    return f"| {shown} | `{kind}` | {_ABOUT[kind]} | {names or 'the size'} | {words} |"


def _metric_row(name: str, metric: Metric) -> str:
    span = f"{metric.low:g} to {metric.high:g}"
    defect = f"`{metric.defect}`" if metric.defect else "–"
    how = metric.source.replace("|", r"\|")
    cells = (f"`{name}`", metric.unit, span, metric.better, defect, metric.needs, how)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for kind in EXAMPLES:
        small = cv2.resize(example(kind), (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(PICTURES / f"{kind}.jpg"), small[..., ::-1], JPEG)
        found = [defect.kind for defect in judged(example(kind)).defects]
        print(kind, found if kind in found else f"NOT NAMED: {found}")


if __name__ == "__main__":
    main()
