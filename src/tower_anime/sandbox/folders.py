"""The server's three folders and its files: safe names, saving, reading."""

from __future__ import annotations

import json
import mimetypes
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from tower_anime.domain.frame import Frame

KINDS = ("output", "input", "temp")


class Outside(ValueError):
    """A name leads out of its folder. `folder` is where it would have gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"outside: {folder}")
        self.folder = folder


class Folders:
    """`output`, `input` and `temp` below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        for kind in KINDS:
            (self.root / kind).mkdir(parents=True, exist_ok=True)

    def of(self, kind: str) -> Path | None:
        """Return a folder, None for an unknown kind."""
        return self.root / kind if kind in KINDS else None

    def inside(self, kind: str, subfolder: str) -> Path:
        """Return a subfolder of `kind`; `Outside` when it is none."""
        base = self.root / kind
        folder = Path(os.path.normpath(base / subfolder))
        if folder != base and base not in folder.parents:
            raise Outside(folder)
        return folder

    def images(self) -> list[str]:
        """Return the names of the input images, as LoadImage offers them."""
        return sorted(set(self._uploaded()) - set(self.sounds()))

    def sounds(self) -> list[str]:
        """Return the names of the input files that may sound, as LoadAudio offers them."""
        kinds = {name: mimetypes.guess_type(name)[0] or "" for name in self._uploaded()}
        return [name for name, kind in kinds.items() if kind.startswith(("audio/", "video/"))]

    def _uploaded(self) -> list[str]:
        folder = self.root / "input"
        return sorted(path.name for path in folder.iterdir() if path.is_file())

    def annotated(self, name: str) -> Path:
        """Resolve a LoadImage value, which may end in ` [output]` or the like."""
        kind = "input"
        for candidate in KINDS:
            if name.endswith(f"[{candidate}]"):
                kind, name = candidate, name[: -len(candidate) - 2].rstrip()
        path = Path(name)
        return self.inside(kind, str(path.parent)) / path.name

    def place(self, kind: str, prefix: str, *, of: Frame, batch: int = 0) -> tuple[Path, str, int]:
        """Return (folder, name, number) for a file to be saved under a prefix.

        `of` gives the size that the prefix may name, `batch` the position. Numbers go on where
        the folder's files end. `Outside` when the prefix leads away.
        """
        height, width = of.shape[:2]
        prefix = prefix.replace("%width%", str(width)).replace("%height%", str(height))
        subfolder, name = os.path.split(os.path.normpath(prefix))
        folder = self.inside(kind, subfolder)
        folder.mkdir(parents=True, exist_ok=True)
        number = _last_number(folder, name) + 1
        if "%batch_num%" in name:  # no file of the batch has the very name
            name, number = name.replace("%batch_num%", str(batch)), number + batch
        return folder, name, number


def png(image: Frame, texts: Mapping[str, str]) -> bytes:
    """Encode RGB with tEXt chunks, fast rather than small."""
    ok, data = cv2.imencode(
        ".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 2]
    )
    assert ok
    return with_texts(data.tobytes(), texts)


def with_texts(plain: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PNG file with tEXt chunks at its beginning."""
    head = 8 + 25  # signature and IHDR
    chunks = b"".join(_text(key, value) for key, value in texts.items())
    return plain[:head] + chunks + plain[head:]


def load(path: Path) -> Frame | None:
    """Decode an image file to RGB, None when it is none."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
    return None if pixels is None else np.ascontiguousarray(pixels, dtype=np.uint8)


def texts_of(prompt: object, extra: Mapping[str, object] | None) -> dict[str, str]:
    """Return the texts ComfyUI embeds, so that a file dragged into it opens as a workflow."""
    texts = {"prompt": json.dumps(prompt)}
    texts |= {str(key): json.dumps(value) for key, value in (extra or {}).items()}
    return texts | {"generator": "Tower Anime sandbox"}


def _text(key: str, value: str) -> bytes:
    body = key.encode("latin-1", "replace")[:79] + b"\0" + value.encode("latin-1", "replace")
    crc = zlib.crc32(b"tEXt" + body)
    return struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", crc)


def _last_number(folder: Path, name: str) -> int:
    numbers = (
        entry.name[len(name) + 1 :].split("_")[0]
        for entry in folder.iterdir()
        if entry.name.startswith(f"{name}_")
    )
    return max((int(number) for number in numbers if number.isdigit()), default=0)
