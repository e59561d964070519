"""The profiles there are: those that come along, and the user's own in files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_dir

from tower_anime.assess.profile_file import FIGURES, as_toml, own_profile
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.quality import Profile
from tower_anime.errors import BadInput
from tower_anime.settings import FILE_NAME, Settings

STILL, CLIP = "still", "clip"
_FOLDER = "profiles"
_SUFFIX = ".toml"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A profile in a list; one that can't be used has an `error` instead.

    `source` is the file, or None for one that comes along.
    """

    name: str
    profile: Profile | None
    source: Path | None = None
    error: str | None = None


def find_profile(settings: Settings, name: str, *, kind: str = STILL) -> Profile:
    """Return a profile by its name or file, for files of a kind, with the settings' bar.

    What a file says itself counts before the settings; what it leaves out is as in the profile of
    the kind. A user's file goes before one that comes along under the same name.

    Raises:
        BadInput: it does not exist or says what is not allowed; names what is.
    """
    file = _file_of(settings, name)
    if file is None:
        return _with_bar(PROFILES[name], settings, {})
    table = _read(file)
    named = {"name": file.stem, **table}
    return _with_bar(own_profile(named, kind=kind, where=str(file)), settings, table)


def listed_profiles(settings: Settings) -> tuple[Listed, ...]:
    """Return every profile: those that come along, then the files in the order of lookup."""
    own = {}
    for folder in reversed(_folders(settings)):
        own.update({path.stem: path for path in _files_in(folder)})
    along = [
        Listed(name=name, profile=find_profile(settings, name))
        for name in PROFILES
        if name not in own
    ]
    return (*along, *(_listed(settings, path) for _, path in sorted(own.items())))


def all_profiles(settings: Settings) -> tuple[Profile, ...]:
    """Return every profile that can be used."""
    return tuple(item.profile for item in listed_profiles(settings) if item.profile is not None)


def profile_text(settings: Settings, name: str) -> str:
    """Return a profile as TOML, to begin one's own with."""
    return as_toml(find_profile(settings, name, kind=CLIP if name == CLIP else STILL))


def _listed(settings: Settings, path: Path) -> Listed:
    try:
        profile = find_profile(settings, str(path))
    except BadInput as error:
        return Listed(name=path.stem, profile=None, source=path, error=str(error))
    return Listed(name=path.stem, profile=profile, source=path)


def _with_bar(profile: Profile, settings: Settings, own: Mapping[str, Any]) -> Profile:
    bar = settings.quality.model_dump(exclude_none=True)
    return replace(profile, **{key: bar[key] for key in FIGURES if key in bar and key not in own})


def _file_of(settings: Settings, name: str) -> Path | None:
    """Return the file of a profile; None for one that comes along."""
    if is_path(name):
        return Path(name)
    for folder in _folders(settings):
        file = folder / f"{name}{_SUFFIX}"
        if file.is_file() and file.name != FILE_NAME:
            return file
    if name in PROFILES:
        return None
    known = ", ".join(
        dict.fromkeys((*PROFILES, *(item.name for item in listed_profiles(settings))))
    )
    places = ", ".join(str(folder) for folder in _folders(settings))
    raise BadInput(
        f"unknown profile {name!r}; there are: {known}; or name a TOML file. Files are looked for "
        f"in {places}"
    )


def check_named(name: str | None) -> None:
    """Refuse a file as a profile, for callers that may not open files here."""
    if name is not None and is_path(name):
        raise BadInput("a profile is called by its name here, not by its file")


def is_path(name: str) -> bool:
    """Whether a profile is named by its file."""
    return name.endswith(_SUFFIX) or "/" in name or "\\" in name


def _folders(settings: Settings) -> tuple[Path, ...]:
    """Return where profiles are looked for, the nearest first."""
    config = Path(user_config_dir("tower-anime", appauthor=False))
    homes = (config, settings.data_dir)
    return (Path(_FOLDER), *(place for home in homes for place in (home / _FOLDER, home)))


def _files_in(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    return tuple(
        path
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
        if path.is_file() and path.name != FILE_NAME
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as source:
            data = source.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"the profile {file} can't be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise BadInput(f"the profile {file} is larger than 1 MiB")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"the profile {file} is no TOML: {error}") from error
