"""Assess files that nobody generated through us: what `tower-anime assess` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tower_anime.adapters.clips import CLIP_SUFFIXES, AvClips
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.uploads import check_upload
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.clip import Expectation
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.errors import BadInput
from tower_anime.pipeline.clip import assess_clip
from tower_anime.pipeline.picture import assess_picture
from tower_anime.settings import Settings

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"}
)
"""What a walk through a folder picks up; a file that is named is always tried."""

_MANIFEST_KEYS = ("path", "prompt", "profile", "expect")
EXPECTED = tuple(item.name for item in fields(Expectation) if item.name not in ("may_cut", "loops"))
"""What may be expected of a file, in a manifest and of an upload."""

STILL_PROFILE, CLIP_PROFILE = "still", "clip"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to assess, and by which rules. `profile` None: that of its kind."""

    path: Path
    prompt: str | None
    profile: str | None
    expect: Expectation = field(default_factory=Expectation)


def find_profile(settings: Settings, name: str) -> Profile:
    """Return the named profile with the bar that the settings set; `BadInput` lists them."""
    if name not in PROFILES:
        raise BadInput(f"unknown profile {name!r}; there are: {', '.join(PROFILES)}")
    return replace(PROFILES[name], **settings.quality.model_dump(exclude_none=True))


def all_profiles(settings: Settings) -> tuple[Profile, ...]:
    """Return every profile with the settings' bar."""
    return tuple(find_profile(settings, name) for name in PROFILES)


def wanted(
    paths: Sequence[Path],
    manifest: Iterable[str],
    *,
    prompt: str | None,
    profile: str | None,
    expect: Expectation,
) -> tuple[Wanted, ...]:
    """Return the files to assess, in the order given; folders are walked by name."""
    usual = Wanted(path=Path(), prompt=prompt, profile=profile, expect=expect)
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
        prompt=entry.get("prompt", usual.prompt),
        profile=entry.get("profile", usual.profile),
        expect=_expectation(
            entry.get("expect"), usual.expect, where=f'"expect" in line {number} of the manifest'
        ),
    )


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
    names = {file.profile for file in files if file.profile} | {STILL_PROFILE, CLIP_PROFILE}
    profiles = {name: find_profile(settings, name) for name in names}
    return ((file.path, _inspect(file, profiles)) for file in files)


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
    ((_, assessment),) = inspect_files(settings, [file])
    return assessment


def _inspect(file: Wanted, profiles: Mapping[str, Profile]) -> Assessment:
    clips = AvClips()
    if clips.is_clip(file.path):
        return assess_clip(
            clips,
            file.path,
            profile=profiles[file.profile or CLIP_PROFILE],
            prompt=file.prompt,
            expect=file.expect,
        )
    return assess_picture(
        lambda: OpenCvMedia().decode_still(file.path),
        profile=profiles[file.profile or STILL_PROFILE],
        prompt=file.prompt,
    )
