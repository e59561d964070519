"""Assess files that nobody generated through us: what `tower-anime assess` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.uploads import check_upload
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.errors import BadInput
from tower_anime.pipeline.picture import assess_picture
from tower_anime.settings import Settings

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}
)
"""What a walk through a folder picks up; a file that is named is always tried."""

_MANIFEST_KEYS = ("path", "prompt", "profile", "expect")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to assess, and by which rules."""

    path: Path
    prompt: str | None
    profile: str


def find_profile(settings: Settings, name: str) -> Profile:
    """Return the named profile with the bar that the settings set; `BadInput` lists them."""
    if name not in PROFILES:
        raise BadInput(f"unknown profile {name!r}; there are: {', '.join(PROFILES)}")
    return replace(PROFILES[name], **settings.quality.model_dump(exclude_none=True))


def all_profiles(settings: Settings) -> tuple[Profile, ...]:
    """Return every profile with the settings' bar."""
    return tuple(find_profile(settings, name) for name in PROFILES)


def wanted(
    paths: Sequence[Path], manifest: Iterable[str], *, prompt: str | None, profile: str
) -> tuple[Wanted, ...]:
    """Return the files to assess, in the order given; folders are walked by name."""
    found = [
        Wanted(path=path, prompt=prompt, profile=profile)
        for given in paths
        for path in _walk(given)
    ]
    for number, line in enumerate(manifest, start=1):
        if line.strip():
            found.append(_manifest_entry(line, number, prompt=prompt, profile=profile))
    if not found:
        raise BadInput("nothing to assess: name a picture, a folder with pictures or a manifest")
    return tuple(found)


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from (
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
    )


def _manifest_entry(line: str, number: int, *, prompt: str | None, profile: str) -> Wanted:
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
        prompt=entry.get("prompt", prompt),
        profile=entry.get("profile", profile),
    )


def inspect_files(settings: Settings, files: Sequence[Wanted]) -> Iterator[tuple[Path, Assessment]]:
    """Yield an assessment for each file, in order. A file that can't be read gets an error.

    Unknown profiles are refused (`BadInput`) before the first file is opened.
    """
    profiles = {name: find_profile(settings, name) for name in {file.profile for file in files}}
    media = OpenCvMedia()
    return ((file.path, _inspect(media, file, profiles[file.profile])) for file in files)


EXPECTED = ("duration_s", "frame_rate", "frames", "width", "height")
"""What may be expected of a file, as in a manifest."""


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
        Unreadable: for what is too large, moves though it should not, or hides another file.
    """
    unknown = [key for key in expect if key not in EXPECTED]
    if unknown:
        raise BadInput(f"expect: unknown {unknown[0]!r}; allowed: {', '.join(EXPECTED)}")
    check_upload(path)
    file = Wanted(path=path, prompt=prompt, profile=profile or "still")
    ((_, assessment),) = inspect_files(settings, [file])
    return assessment


def _inspect(media: OpenCvMedia, file: Wanted, profile: Profile) -> Assessment:
    return assess_picture(
        lambda: media.decode_still(file.path), profile=profile, prompt=file.prompt
    )
