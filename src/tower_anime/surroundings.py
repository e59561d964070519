"""What `doctor` looks at around the product: settings, language models, Jellyfin, the clock."""

from __future__ import annotations

import contextlib
import difflib
import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import tower_anime
from tower_anime.adapters.folder_library import STAGING
from tower_anime.adapters.jellyfin import JellyfinLibrary
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.tables import HEAD
from tower_anime.compose import open_jellyfin, open_store
from tower_anime.directors import open_chats
from tower_anime.domain.finding import Finding
from tower_anime.domain.release import ART, MOVIES, SHOWS
from tower_anime.errors import BadInput, ChatFailed, MediaServerTrouble, TowerError
from tower_anime.settings import DirectorSettings, Settings

PATIENCE_S = 5.0  # a diagnosis that waits longer for one answer is no help
CLOCK_TOLERANCE = timedelta(minutes=5)

_ROLES = ("creative_direction", "prompt_enhancement", "quality_assessment", "story_development")


def check_configuration(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Look for variables that no setting knows: a typing mistake changes nothing, silently."""
    known = {f"TOWER_{name.upper()}" for name in type(settings).model_fields}
    variables = os.environ if environment is None else environment
    strange = sorted(
        name
        for name in variables
        if name.startswith("TOWER_")
        and not name.startswith("TOWER_TEST_")
        and name.partition("__")[0] not in known
    )
    for name in strange:
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean {near[0]}?" if near else "docs/settings.md lists the settings"
        yield Finding("configuration", "note", f"{name} is set, and no setting has that name", fix)
    if settings.comfy_token and not settings.comfy_urls:
        text = "TOWER_COMFY_TOKEN is set without TOWER_COMFY_URLS"
        yield Finding("configuration", "note", text, "set TOWER_COMFY_URLS")
    elif not strange:
        yield Finding("configuration", "ok", "every setting can be used")


# ---- Language models --------------------------------------------------------------------------


def check_models(settings: Settings) -> Iterator[Finding]:
    """Ask each server of language models what it offers."""
    chats = open_chats(settings)
    if not chats:
        yield Finding("language models", "ok", "none is configured: the built-in rules direct")
    for chat in chats:
        try:
            models = chat.models(deadline_s=PATIENCE_S)
        except ChatFailed as error:
            fix = f"start it, or mend TOWER_{chat.name.upper()}_URL; until then the rules direct"
            yield Finding("language models", "problem", f"{chat.name}: {error}", fix)
        else:
            yield _models_finding(chat.name, models, settings.director)
        finally:
            chat.close()


def _models_finding(name: str, models: tuple[str, ...], wanted: DirectorSettings) -> Finding:
    if name == "echo":
        return Finding("language models", "ok", "echo answers; it chooses its models itself")
    if not models:
        fix = "load one, for example `ollama pull gemma2:9b`"
        return Finding("language models", "problem", f"{name} has no model", fix)
    missing = [
        f"{role}: {model}" for role in _ROLES if (model := getattr(wanted, role)) not in models
    ]
    text = f"{name} offers {len(models)}: {', '.join(models[:5])}"
    if not missing:
        return Finding("language models", "ok", text)
    fix = f"missing for {'; '.join(missing)}: load them, or name others by TOWER_DIRECTOR__…"
    return Finding("language models", "note", text, fix)


# ---- Jellyfin ---------------------------------------------------------------------------------


def check_jellyfin(settings: Settings) -> Iterator[Finding]:
    """Look whether the server is there, takes the key, sees the library folder and shows it."""
    try:
        jellyfin = open_jellyfin(settings)
    except BadInput as error:
        yield Finding("Jellyfin", "problem", str(error), "set TOWER_JELLYFIN_API_KEY")
        return
    if jellyfin is None:
        yield Finding("Jellyfin", "ok", "none is configured: the library is a folder")
        return
    with contextlib.closing(jellyfin.server):
        try:
            yield from _jellyfin_findings(settings, jellyfin)
        except MediaServerTrouble as trouble:
            yield Finding("Jellyfin", "problem", str(trouble), _JELLYFIN_FIXES[trouble.kind])


_JELLYFIN_FIXES = {
    "down": "start it, or mend TOWER_JELLYFIN_URL",
    "timeout": "look at its load and log",
    "starting": "wait a minute and look again",
    "key": "make a key in its dashboard (API keys) and set TOWER_JELLYFIN_API_KEY",
    "forbidden": "make a key in its dashboard (API keys) and set TOWER_JELLYFIN_API_KEY",
    "unknown": "mend TOWER_JELLYFIN_URL; a base path belongs to it",
    "answer": "mend TOWER_JELLYFIN_URL: it is the address of something else",
    "path": "mend TOWER_LIBRARY_DIR",
}


def _jellyfin_findings(settings: Settings, jellyfin: JellyfinLibrary) -> Iterator[Finding]:
    server = jellyfin.server
    version = server.public_info().get("Version", "of an unknown version")
    yield Finding("Jellyfin", "ok", f"{server.shown_url} is Jellyfin {version}")
    server.get("/System/Info")
    yield Finding("Jellyfin key", "ok", "it takes the key")
    yield _probe_finding(settings.library_folder, jellyfin)
    yield from _shelf_findings(settings.library_folder, jellyfin)


def _probe_finding(folder: Path, jellyfin: JellyfinLibrary) -> Finding:
    """Put a file where media servers don't look, and ask the server whether it can see it."""
    staging = folder / STAGING
    probe = staging / f"probe-{uuid.uuid4().hex}"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        (staging / ".ignore").touch()
        probe.touch()
    except OSError as error:
        text = f"no probe can be put into {folder}: {error.strerror}"
        return Finding("Jellyfin library", "problem", text, "mend the folder's permissions")
    try:
        seen = jellyfin.sees(probe)
    finally:
        probe.unlink(missing_ok=True)
    if seen:
        return Finding("Jellyfin library", "ok", f"it sees the library as {jellyfin.seen_as}")
    return Finding(
        "Jellyfin library",
        "problem",
        f"it does not see the library {folder} as {jellyfin.seen_as}",
        "set TOWER_JELLYFIN_LIBRARY_DIR to that folder's path on its machine (or in its "
        "container), and let its user read it",
    )


def _shelf_findings(folder: Path, jellyfin: JellyfinLibrary) -> Iterator[Finding]:
    shown, lacking = [], []
    for name in (SHOWS, MOVIES, ART):
        library = jellyfin.library_of(folder / name / "probe")
        if library is None:
            lacking.append(name)
        else:
            shown.append(f"{name} in {library.name!r}")
    if shown:
        yield Finding("Jellyfin library", "ok", f"it shows {', '.join(shown)}")
    if lacking:
        text = f"no library shows {', '.join(lacking)} yet; the first publication makes it"
        yield Finding("Jellyfin library", "ok", text)


# ---- Clock ------------------------------------------------------------------------------------


def check_clock(settings: Settings, *, now: datetime | None = None) -> Iterator[Finding]:
    """Compare the clock with what must be older: this program's files, the newest work."""
    moment = now or datetime.now(UTC)
    installed = datetime.fromtimestamp(Path(tower_anime.__file__).stat().st_mtime, tz=UTC)
    newest = _newest(settings)
    for what, at in (("this program was installed", installed), ("the newest work is", newest)):
        if at is not None and at > moment + CLOCK_TOLERANCE:
            text = f"it is {moment:%Y-%m-%d %H:%M} UTC, but {what} from {at:%Y-%m-%d %H:%M}"
            fix = "set the clock (`timedatectl set-ntp true`)"
            yield Finding("clock", "problem", text, fix)
            return
    local = moment.astimezone()
    yield Finding("clock", "ok", f"{moment:%Y-%m-%d %H:%M} UTC, local {local:%H:%M %Z}")


def _newest(settings: Settings) -> datetime | None:
    try:
        if migrate.current(settings.store_url) != HEAD:
            return None
        with contextlib.closing(open_store(settings)) as store:
            items = store.histories(limit=1).items
    except TowerError:  # the database has a finding of its own
        return None
    return items[0].generation.created_at if items else None
