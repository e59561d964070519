"""BRISQUE and NIQE of FOLDER/0.png … as JSON Lines: `python judgement_others.py FOLDER COUNT`.

Runs in an environment of old versions; higher is better, so both are turned round.
"""

from __future__ import annotations

import json
import sys
import warnings

import cv2
import numpy as np
import PIL.Image
import scipy.misc

warnings.simplefilter("ignore")
PIL.Image.ANTIALIAS = PIL.Image.LANCZOS  # type: ignore[attr-defined]


def _imresize(image: np.ndarray, scale: float, interp: str, mode: str) -> np.ndarray:
    """Resize as SciPy did when scikit-video was written."""
    picture = PIL.Image.fromarray(image, mode=mode)
    size = tuple(int(side * scale) for side in picture.size)
    return np.array(picture.resize(size, resample=PIL.Image.Resampling[interp.upper()]))


scipy.misc.imresize = _imresize

import skvideo.measure  # noqa: E402
from brisque import BRISQUE  # noqa: E402

folder, count = sys.argv[1], int(sys.argv[2])
brisque = BRISQUE(url=False)
for number in range(count):
    image = cv2.cvtColor(cv2.imread(f"{folder}/{number}.png"), cv2.COLOR_BGR2RGB)
    niqe = float(skvideo.measure.niqe(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0])
    scores = {"BRISQUE": -float(brisque.score(image)), "NIQE": -niqe}
    known = {name: value if np.isfinite(value) else -1000.0 for name, value in scores.items()}
    print(json.dumps(known), flush=True)
