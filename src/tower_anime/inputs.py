"""Pictures to draw over: kept among our files, found again by the name or the hash they got."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from tower_anime.adapters.clips import AvClips
from tower_anime.adapters.masks import plain_png
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.uploads import check_upload
from tower_anime.compose import open_blobs
from tower_anime.domain.frame import Frame
from tower_anime.errors import BadInput, NotFound, StorageFull, Unreadable
from tower_anime.own_sandbox import prepare_folder
from tower_anime.settings import Settings

_SHELF = "inputs"  # the folder of their names, in the data folder
_LONGEST_NAME = 180  # bytes; file systems take 255 with what is appended
_HASH = re.compile(r"[0-9a-f]{64}")
_AS_THEY_ARE = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
"""What every ComfyUI reads; other kinds are kept as PNG."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A picture that is kept. `name` is free of folders and the only one of its kind here."""

    name: str
    sha256: str
    media_type: str
    width: int
    height: int

    @property
    def called(self) -> str:
        """How a brief names it."""
        return f"{self.name}@{self.sha256}"


def keep_upload(settings: Settings, file: Path, *, name: str) -> Input:
    """Keep a picture from a stranger, checked before anything is decoded.

    Raises:
        Unreadable: as `check_upload` and the decoder; of kind `not_an_image` for what moves.
    """
    check_upload(file)
    if AvClips().is_clip(file):
        raise Unreadable("a clip is no picture to start from", kind="not_an_image")
    data = file.read_bytes()
    return keep(settings, data, OpenCvMedia().decode_still(data).frame, name=name)


def keep(settings: Settings, data: bytes, frame: Frame, *, name: str) -> Input:
    """Keep a picture under its name, with a number where another one has that already."""
    media_type = next((kind for magic, kind in _AS_THEY_ARE.items() if data.startswith(magic)), "")
    if not media_type:
        data, media_type = plain_png(frame), "image/png"
    prepare_folder(settings.data_dir)
    artifact = open_blobs(settings).put(data, media_type=media_type)
    stem, suffix = _plain(name), Path(artifact.path).suffix
    for number in range(1, 10_000):
        numbered = f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}"
        wanted = Input(
            name=numbered,
            sha256=artifact.sha256,
            media_type=media_type,
            width=frame.shape[1],
            height=frame.shape[0],
        )
        if _named(settings, wanted):
            return wanted
    raise BadInput(f"there are too many pictures called {stem}; give it another name")


def listed(settings: Settings) -> tuple[Input, ...]:
    """Return what is kept, newest first."""
    folder = settings.data_dir / _SHELF
    files = folder.glob("*.json") if folder.is_dir() else ()
    found = (_read(file) for file in sorted(files, key=_age, reverse=True))
    return tuple(each for each in found if each is not None)


def hashes(settings: Settings) -> frozenset[str]:
    """Return the SHA-256 of everything that is kept."""
    return frozenset(each.sha256 for each in listed(settings))


def find(settings: Settings, given: str) -> tuple[str, bytes, Frame]:
    """Return name, bytes and pixels of a picture by its name, its SHA-256, or `name@SHA-256`.

    The SHA-256 may be that of any picture of ours, results included. `BadInput` says what is
    wrong with it.
    """
    name, _, sha256 = given.rpartition("@")
    file = settings.data_dir / _SHELF / f"{given}.json"
    if _HASH.fullmatch(sha256):
        name = name or sha256[:16]
    elif given == Path(given).name and file.is_file() and (kept := _read(file)):
        name, sha256 = given, kept.sha256
    else:
        raise BadInput(
            f"there is no picture {given!r}; send it to /api/v1/inputs first, "
            "then give its name or its sha256"
        )
    try:
        data = open_blobs(settings).find(sha256).read_bytes()
        return name, data, OpenCvMedia().decode_still(data).frame
    except NotFound as error:
        raise BadInput(f"there is no picture {given!r}: {error}") from error
    except Unreadable as error:
        raise BadInput(f"{given!r} can't be drawn over: {error}") from error


def _named(settings: Settings, wanted: Input) -> bool:
    """Give a picture its name; whether it has it now, or had it before."""
    folder = settings.data_dir / _SHELF
    prepare_folder(folder)
    file = folder / f"{wanted.name}.json"
    try:
        with file.open("x", encoding="utf-8") as opened:
            json.dump(asdict(wanted), opened)
    except FileExistsError:
        there = _read(file)
        return there is not None and there.sha256 == wanted.sha256
    except OSError as error:
        raise StorageFull(f"the folder {folder} can't be written: {error.strerror}") from error
    return True


def _read(file: Path) -> Input | None:
    """Return what a file on the shelf says; None for one whose writer died over it."""
    try:
        return Input(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None


def _age(file: Path) -> float:
    return file.stat().st_mtime


def _plain(name: str) -> str:
    """Return a sender's file name without folders, ending and what no file name should have."""
    stem = Path(name.replace("\\", "/")).stem
    words = re.sub(r"\s+", " ", re.sub(r"[^\w. -]+", " ", stem))
    return words.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .") or "picture"
