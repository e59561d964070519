"""Assess files that nobody generated through us: what `tower-anime assess` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from tower_anime import pictures
from tower_anime.adapters.clip_frame import jpeg_frame
from tower_anime.adapters.clips import CLIP_SUFFIXES, AvClips
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.uploads import check_upload
from tower_anime.adapters.vision import InstalledModels
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, Measured, Profile
from tower_anime.errors import BadInput, Unreadable
from tower_anime.pipeline.clip import assess_clip
from tower_anime.pipeline.picture import assess_picture
from tower_anime.ports import Picture
from tower_anime.profiles import CLIP, STILL, check_named, find_profile
from tower_anime.settings import Settings

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}
)
"""What a walk through a folder picks up; a file that is named is always tried."""

_MANIFEST_KEYS = ("path", "prompt", "negative", "profile", "expect")
EXPECTED = tuple(item.name for item in fields(Expectation) if item.name not in ("may_cut", "loops"))
"""What may be expected of a file, in a manifest and of an upload."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to assess, and by which rules.

    `profile` None: that of its kind; `prompt` None: the one that the file carries.
    """

    path: Path
    prompt: str | None
    profile: str | None
    negative: str = ""
    expect: Expectation = field(default_factory=Expectation)


def wanted(
    paths: Sequence[Path],
    manifest: Iterable[str],
    *,
    prompt: str | None,
    profile: str | None,
    expect: Expectation,
    negative: str = "",
) -> tuple[Wanted, ...]:
    """Return the files to assess, in the order given; folders are walked by name."""
    usual = Wanted(path=Path(), prompt=prompt, profile=profile, negative=negative, expect=expect)
    found = [replace(usual, path=path) for given in paths for path in _walk(given)]
    for number, line in enumerate(manifest, start=1):
        if line.strip():
            found.append(_manifest_entry(line, number, usual))
    if not found:
        raise BadInput(
            "nothing to assess: name a picture or clip, a folder with some or a manifest"
        )
    return tuple(found)


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from (
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in PICTURE_SUFFIXES | CLIP_SUFFIXES and file.is_file()
    )


def _manifest_entry(line: str, number: int, usual: Wanted) -> Wanted:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"line {number} of the manifest is no JSON: {error}") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise BadInput(f'line {number} of the manifest needs a "path"')
    unknown = [key for key in entry if key not in _MANIFEST_KEYS]
    if unknown:
        allowed = ", ".join(_MANIFEST_KEYS)
        raise BadInput(f"line {number} of the manifest: unknown {unknown[0]!r}; allowed: {allowed}")
    return Wanted(
        path=Path(entry["path"]),
        prompt=_told(entry, "prompt", number) or usual.prompt,
        negative=_told(entry, "negative", number) or usual.negative,
        profile=_told(entry, "profile", number) or usual.profile,
        expect=_expectation(
            entry.get("expect"), usual.expect, where=f'"expect" in line {number} of the manifest'
        ),
    )


def _told(entry: Mapping[str, Any], key: str, number: int) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"line {number} of the manifest: {key} is a text, not {value!r}")
    return value


def _expectation(value: object, usual: Expectation, *, where: str) -> Expectation:
    """Return what is expected of a file; `BadInput` names what is allowed."""
    if value is None:
        return usual
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} must be an object, not {value!r}")
    for key, asked in value.items():
        if key not in EXPECTED:
            raise BadInput(f"{where}: unknown {key!r}; allowed: {', '.join(EXPECTED)}")
        is_number = isinstance(asked, int | float) and not isinstance(asked, bool)
        if asked is not None and (not is_number or not 0 < asked < float("inf")):
            raise BadInput(f"{where}: {key} must be a number above 0, not {asked!r}")
    return replace(usual, **value)


def inspect_files(settings: Settings, files: Sequence[Wanted]) -> Iterator[tuple[Path, Assessment]]:
    """Yield an assessment for each file, in order. A file that can't be read gets an error.

    Unknown profiles are refused (`BadInput`) before the first file is opened.
    """
    judged_by = profiles_of(settings, files)
    return ((file.path, inspect(file, judged_by)) for file in files)


Profiles: TypeAlias = Mapping[tuple[str | None, str], Profile]
"""A profile's name (None: none is named) and the kind of file → the profile."""


def profiles_of(settings: Settings, files: Sequence[Wanted]) -> Profiles:
    """Return the profiles that files are judged by; `BadInput` for one that can't be used."""
    return {
        (name, kind): find_profile(settings, name or kind, kind=kind)
        for name in {None, *(file.profile for file in files)}
        for kind in (STILL, CLIP)
    }


def wanted_file(path: Path, *, prompt: str | None) -> Wanted:
    """Return one file to assess by the rules of its kind."""
    return Wanted(path=path, prompt=prompt, profile=None)


def inspect_upload(
    settings: Settings,
    path: Path,
    *,
    prompt: str | None,
    profile: str | None,
    expect: Mapping[str, Any],
) -> Assessment:
    """Assess a file from a stranger: checked before anything is decoded.

    Raises:
        Unreadable: for what is too large, lies about its frames, or hides another file.
    """
    expected = _expectation(expect, Expectation(), where="expect")
    check_upload(path)
    file = Wanted(path=path, prompt=prompt, profile=profile, expect=expected)
    check_named(profile)
    return inspect(file, profiles_of(settings, [file]))


@cache
def installed_models() -> InstalledModels:
    """Return the optional models of this process: what they load, they load once."""
    return InstalledModels()


def inspect(file: Wanted, profiles: Profiles) -> Assessment:
    """Assess one file by the rules of its kind; one that can't be read gets an error."""
    return look_at(file, profiles).assessment


@dataclass(frozen=True)
class Showing:
    """What to make of a file beside its assessment, for people to look at.

    `previews`: a small picture of it; `heat_maps`: where each defect shows; `folder`: where heat
    maps are written as pictures.
    """

    previews: bool = False
    heat_maps: bool = False
    folder: Path | None = None

    @property
    def needs_pixels(self) -> bool:
        """Whether the picture itself is needed after it was measured."""
        return self.previews or self.heat_maps or self.folder is not None


NOTHING_SHOWN = Showing()


@dataclass(frozen=True)
class Look:
    """A file's assessment and pictures: a preview as JPEG, defect → heat map as PNG."""

    path: Path
    assessment: Assessment
    preview: bytes | None = None
    heat_maps: Mapping[str, bytes] = field(default_factory=dict)


def look_at(file: Wanted, profiles: Profiles, showing: Showing = NOTHING_SHOWN) -> Look:
    """Assess one file by the rules of its kind, and make what is to be shown of it."""
    clips = AvClips()
    if clips.is_clip(file.path) or (file.expect.moves and clips.may_be_clip(file.path)):
        assessment = assess_clip(
            clips,
            file.path,
            profile=profiles[file.profile, CLIP],
            prompt=file.prompt,
            negative=file.negative,
            expect=file.expect,
            vision=installed_models(),
        )
        frame = _typical_frame(file.path, assessment) if showing.needs_pixels else None
        return _shown(file.path, assessment, frame, showing)
    seen: list[Picture] = []

    def decode() -> Picture:
        picture = OpenCvMedia().decode_still(file.path)
        if showing.needs_pixels:
            seen.append(picture)
        return picture

    assessment = assess_picture(
        decode,
        profile=profiles[file.profile, STILL],
        prompt=file.prompt,
        negative=file.negative,
        expect=file.expect,
        vision=installed_models(),
    )
    return _shown(file.path, assessment, seen[0].frame if seen else None, showing)


def _typical_frame(path: Path, assessment: Assessment) -> Frame | None:
    """Return the frame that stands for a clip, None where none can be had."""
    numbers = {
        name: found.value
        for name, found in assessment.measurements.items()
        if isinstance(found, Measured)
    }
    share = numbers.get("typical_frame", 0.0) / max(numbers.get("frames", 1.0), 1.0)
    if assessment.error is not None:
        return None
    try:
        return OpenCvMedia().decode_still(jpeg_frame(path, share, _FRAME_PX)).frame
    except Unreadable:
        return None


_FRAME_PX = 1280


def _shown(path: Path, assessment: Assessment, frame: Frame | None, showing: Showing) -> Look:
    if frame is None:
        return Look(path, assessment)
    if showing.folder is not None:
        pictures.write_heat_maps(frame, assessment, path, showing.folder)
    return Look(
        path,
        assessment,
        preview=pictures.preview_of(frame) if showing.previews else None,
        heat_maps=pictures.heat_maps_of(frame, assessment) if showing.heat_maps else {},
    )
