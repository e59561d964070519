"""What small synthetic pictures measured when somebody last looked: a change must be meant.

`make goldens` writes the file anew; nothing else does. Read the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

from tests import drawn
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import STILL
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Measured

FILE = Path(__file__).with_suffix(".json")
SIZE_PX = 1024

Golden: TypeAlias = dict[str, float | str | None]


def pictures() -> dict[str, Frame]:
    """Draw one picture of each style, and one with each kind of damage."""
    clean = {style: drawn.drawn(style, seed=1, size=SIZE_PX) for style in drawn.STYLES}
    one = clean["painted"]
    return {
        **clean,
        "banded": drawn.posterised(one, 8),
        "black region": drawn.blacked(one, 0.2),
        "blurred": drawn.blurred(one, 3),
        "burnt": drawn.burnt(one, 1.5),
        "chroma noise": drawn.speckled(one, 12),
        "dark": drawn.darkened(one, 0.75),
        "enlarged": drawn.enlarged(one, 3),
        "flat": drawn.flattened(one, 0.7),
        "jpeg": drawn.jpeg(one, 10),
        "noise": drawn.noisy(one, 12),
        "shifted": drawn.shifted_strips(one, 4),
        "smeared": drawn.smeared(one, 14),
        "static": drawn.static(seed=1, size=SIZE_PX),
        "tiled": drawn.tiled(one, 2),
        "tinted": drawn.tinted(one, 1.0),
        "torn": drawn.torn_lines(one, 0.05),
        "undersampled": drawn.blotched(one, 6),
        "webp": drawn.webp(one, 5),
    }


def taken() -> dict[str, Golden]:
    """Measure and judge them all: the score and every measurement by its name."""
    found: dict[str, Golden] = {}
    for name, frame in pictures().items():
        height, width = frame.shape[:2]
        measurements = measure(frame)
        judged = judge(measurements, kind="image", width=width, height=height, profile=STILL)
        values = {
            key: m.value if isinstance(m, Measured) else None for key, m in measurements.items()
        }
        worst = max(judged.defects, key=lambda defect: defect.loss, default=None)
        score = None if judged.score is None else round(judged.score, 4)
        found[name] = {"score": score, "worst": worst.kind if worst else None, **values}
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(taken(), indent=1) + "\n", encoding="utf-8")
