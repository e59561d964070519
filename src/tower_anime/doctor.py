"""`tower-anime doctor`: what is there, what is not, and how to mend it."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator

from tower_anime import __version__, inputs
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.tables import HEAD
from tower_anime.compose import open_renderers
from tower_anime.domain.finding import Finding as Finding
from tower_anime.domain.graph import Catalog, input_spec, stated_choices
from tower_anime.errors import BadInput, ServerDown, StorageFull, TowerError
from tower_anime.graph.guess import family
from tower_anime.own_sandbox import prepare_folder
from tower_anime.ports import Renderer, ServerFacts
from tower_anime.settings import Settings, read_settings
from tower_anime.surroundings import (
    check_clock,
    check_configuration,
    check_jellyfin,
    check_models,
)
from tower_anime.upkeep import compare_files

USUAL_COMFY_URL = "http://127.0.0.1:8188"


def diagnose(settings: Settings, *, usual_url: str = USUAL_COMFY_URL) -> tuple[Finding, ...]:
    """Look at configuration, folders, database, servers and disk; changes nothing lasting.

    `usual_url` is where a ComfyUI is looked for that nobody configured.
    """
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _check_version,
        check_configuration,
        _check_data_folder,
        _check_database,
        _check_files,
        _check_library,
        _check_servers,
        lambda settings: _check_usual_place(settings, usual_url),
        check_models,
        check_jellyfin,
        check_clock,
    )
    return tuple(finding for check in checks for finding in check(settings))


def diagnose_here() -> tuple[Finding, ...]:
    """Read the settings and look at everything; settings that can't be used are the finding."""
    try:
        settings = read_settings()
    except BadInput as error:
        fix = "mend what is named; docs/settings.md lists what is allowed"
        return (Finding("configuration", "problem", str(error), fix),)
    return diagnose(settings)


def _check_version(settings: Settings) -> Iterator[Finding]:  # noqa: ARG001 - same shape as the others
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("version", "ok", f"Tower Anime {__version__} on Python {python}")


LOW_DISK_BYTES = 2 * 1024**3  # a night's batch of a thousand pictures; chosen by hand


def _check_data_folder(settings: Settings) -> Iterator[Finding]:
    try:
        prepare_folder(settings.data_dir)
    except StorageFull as error:
        yield Finding("data folder", "problem", str(error), "set TOWER_DATA_DIR")
        return
    free_bytes = shutil.disk_usage(settings.data_dir).free
    text = f"{settings.data_dir}, {free_bytes / 1024**3:.1f} GiB free"
    low = free_bytes < LOW_DISK_BYTES
    yield Finding("data folder", "note" if low else "ok", text, "free some space" if low else None)


def _check_database(settings: Settings) -> Iterator[Finding]:
    try:
        found = migrate.current(settings.store_url)
    except TowerError as error:
        yield Finding("database", "problem", str(error), "mend TOWER_DATABASE_URL")
        return
    if found is None:
        yield Finding(
            "database", "note", "not made yet; the first use makes it", "tower-anime db upgrade"
        )
    elif found != HEAD:
        text = f"at revision {found}, this program needs {HEAD}"
        yield Finding("database", "note", text, "tower-anime db upgrade")
    else:
        yield Finding("database", "ok", f"revision {found}")


def _check_files(settings: Settings) -> Iterator[Finding]:
    """Compare artifacts and rows; nothing is removed and no file is read."""
    try:
        if migrate.current(settings.store_url) != HEAD:
            return
        found = compare_files(settings, inputs=inputs.hashes(settings))
    except TowerError as error:
        yield Finding("artifacts", "problem", str(error), "mend TOWER_DATABASE_URL")
        return
    if found.missing:
        text = f"{len(found.missing)} artifacts are gone, for example {found.missing[0][:12]}…"
        yield Finding("artifacts", "problem", text, "restore data_dir/artifacts from a copy")
    elif found.orphans:
        text = (
            f"{len(found.orphans)} files ({found.orphan_bytes / 1024**2:.1f} MiB) belong to "
            f"nothing that is recorded, for example {found.orphans[0].name}"
        )
        yield Finding("artifacts", "note", text, "they may be deleted; no row refers to them")
    else:
        yield Finding("artifacts", "ok", "every recorded file is there")


def _check_library(settings: Settings) -> Iterator[Finding]:
    folder = settings.library_folder
    if not folder.parent.is_dir():
        text = f"{folder.parent} is not there"
        yield Finding("library", "problem", text, "mount the drive, or mend TOWER_LIBRARY_DIR")
        return
    try:
        prepare_folder(folder)
    except StorageFull:
        who = pwd.getpwuid(os.geteuid()).pw_name
        yield Finding(
            "library",
            "problem",
            f"{folder} can't be written by {who}",
            f"set TOWER_LIBRARY_DIR, or let {who} write there: chown {who} {folder}",
        )
        return
    free_bytes = shutil.disk_usage(folder).free
    text = f"{folder}, {free_bytes / 1024**3:.1f} GiB free"
    low = free_bytes < LOW_DISK_BYTES
    yield Finding("library", "note" if low else "ok", text, "free some space" if low else None)


PATIENCE_S = 5.0  # a diagnosis that waits longer for one answer is no help

_MODEL_INPUTS = {
    "checkpoints": ("CheckpointLoaderSimple", "ckpt_name"),
    "diffusion models": ("UNETLoader", "unet_name"),
    "text encoders": ("CLIPLoader", "clip_name"),
    "VAEs": ("VAELoader", "vae_name"),
    "LoRAs": ("LoraLoader", "lora_name"),
}


def _check_servers(settings: Settings) -> Iterator[Finding]:
    for renderer in open_renderers(settings, settings.comfy_urls, read_timeout_s=PATIENCE_S):
        yield from _server_findings(renderer)
        renderer.close()


def _check_usual_place(settings: Settings, usual_url: str) -> Iterator[Finding]:
    """Look for a ComfyUI that answers where most do, though it is not configured."""
    if usual_url in settings.comfy_urls:
        return
    (usual,) = open_renderers(settings, (usual_url,), down_after_s=0.3, read_timeout_s=PATIENCE_S)
    try:
        version = usual.facts().version
    except (ServerDown, BadInput):
        version = None
    finally:
        usual.close()
    if version is not None:
        yield Finding(
            "ComfyUI",
            "note",
            f"one ({version}) answers at {usual_url}, but it is not configured",
            f"set TOWER_COMFY_URLS={','.join((*settings.comfy_urls, usual_url))}",
        )
    elif not settings.comfy_urls:
        yield Finding(
            "ComfyUI",
            "note",
            "none is configured: the built-in sandbox draws instead",
            f"set TOWER_COMFY_URLS, for example to {usual_url}",
        )


def _server_findings(renderer: Renderer) -> Iterator[Finding]:
    try:
        facts, catalog = renderer.facts(), renderer.catalog(fresh=True)
        waiting = renderer.queue_length()
    except ServerDown as error:
        yield Finding("ComfyUI", "problem", str(error), "start it, or mend TOWER_COMFY_URLS")
        return
    except BadInput as error:
        fix = "mend TOWER_COMFY_TOKEN or TOWER_COMFY_HEADERS"
        yield Finding("ComfyUI", "problem", str(error), fix)
        return
    jobs = f"{waiting} jobs in its queue" if waiting else "its queue is empty"
    yield Finding("ComfyUI", "ok", f"{_facts_text(facts)}, {jobs}")
    yield _preview_finding(facts)
    yield _models_finding(catalog)


def _preview_finding(facts: ServerFacts) -> Finding:
    """Say whether there is a live picture; without one no run can be stopped early either."""
    if facts.previews != "none":
        return Finding("previews", "ok", f"on ({facts.previews})")
    return Finding(
        "previews",
        "note",
        "off: no live picture, and no bad run can be stopped early",
        "start ComfyUI with --preview-method auto",
    )


def _models_finding(catalog: Catalog) -> Finding:
    """Count what the loaders offer and name the families of the models among it."""
    offered = {
        kind: stated_choices(input_spec(catalog, *where)) or ()
        for kind, where in _MODEL_INPUTS.items()
    }
    main = (*offered["checkpoints"], *offered["diffusion models"])
    counts = ", ".join(f"{len(names)} {kind}" for kind, names in offered.items() if names)
    families = sorted({family(name).name for name in main})
    text = f"{len(catalog)} node classes; {counts or 'no models'}"
    if not main:
        fix = "put a checkpoint into ComfyUI's models/checkpoints folder"
        return Finding("models", "problem", text, fix)
    return Finding("models", "ok", f"{text}; families: {', '.join(families)}")


def _facts_text(facts: ServerFacts) -> str:
    memory = ""
    if facts.vram_total_bytes:
        free = (facts.vram_free_bytes or 0) / 1024**3
        memory = f", {free:.1f} of {facts.vram_total_bytes / 1024**3:.1f} GiB VRAM free"
    devices = ", ".join(facts.devices) or "no device named"
    return f"{facts.url}: {facts.backend} {facts.version}, {devices}{memory}"
