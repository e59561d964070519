"""`tower-anime watch`: assess whatever a ComfyUI or a folder produces, whoever asked for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tower_anime.adapters.clips import CLIP_SUFFIXES
from tower_anime.adapters.comfy_watch import ComfyWatch
from tower_anime.adapters.embedded import clip_texts, is_clip
from tower_anime.adapters.folder_watch import FolderWatch
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.produced import Produced
from tower_anime.domain.quality import Assessment
from tower_anime.errors import BadInput, InvalidGraph, ServerDown, StorageFull, Unreadable
from tower_anime.graph.bind import read
from tower_anime.graph.load import parse_workflow
from tower_anime.graph.own import template_of
from tower_anime.inspection import PICTURE_SUFFIXES, Wanted, inspect_files
from tower_anime.profiles import find_profile
from tower_anime.settings import Settings

log = logging.getLogger(__name__)

_SUFFIXES = PICTURE_SUFFIXES | CLIP_SUFFIXES
_MOST_EMBEDDED_BYTES = 256 * 2**20


class Source(Protocol):
    """Where files come from."""

    def news(self) -> Iterator[Produced]:
        """Yield what was produced since the last call; `ServerDown`, `StorageFull` for now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rules:
    """By which rules files are assessed. `prompt` None: what the workflow says."""

    prompt: str | None = None
    profile: str | None = None
    expect: Expectation = field(default_factory=Expectation)


def server_source(
    settings: Settings, url: str, *, existing: bool
) -> AbstractContextManager[ComfyWatch]:
    """Return what a ComfyUI produces, to be entered."""
    return ComfyWatch(
        url,
        _SUFFIXES,
        existing=existing,
        token=settings.comfy_token.get_secret_value() if settings.comfy_token else None,
        headers={name: one.get_secret_value() for name, one in settings.comfy_headers.items()},
    )


def folder_source(folder: Path, *, existing: bool) -> AbstractContextManager[FolderWatch]:
    """Return what is written into a folder, to be entered."""
    return nullcontext(FolderWatch(folder, _SUFFIXES, existing=existing))


def watch(
    settings: Settings,
    source: Source,
    rules: Rules,
    *,
    pause_s: float,
    go_on: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[Produced, Assessment]]:
    """Yield each new file with its assessment while `go_on` says so; looks every `pause_s`.

    A server or folder that is away is waited for; the log tells when it goes and comes back.
    """
    if rules.profile:
        find_profile(settings, rules.profile)
    away = False
    while True:
        began_s = time.monotonic()
        try:
            for file in source.news():
                ((_, assessment),) = inspect_files(settings, [_wanted(file, rules)])
                yield file, assessment
            if away:
                log.warning("it is back")
            away = False
        except (ServerDown, StorageFull) as error:
            if not away:
                log.warning("%s; waiting for it", error)
            away = True
        if not go_on():
            return
        # a folder so large that a look takes long is looked at less often
        sleep(max(pause_s, 4 * (time.monotonic() - began_s)) if not away else pause_s)


def _wanted(file: Produced, rules: Rules) -> Wanted:
    prompt = rules.prompt if rules.prompt is not None else prompt_of(file)
    return Wanted(path=file.path, prompt=prompt, profile=rules.profile, expect=rules.expect)


def prompt_of(file: Produced) -> str | None:
    """Return the prompt of the workflow that made a file, None where none can be told."""
    text = file.graph_text or _embedded(file.path).get("prompt")
    if not text:
        return None
    try:
        template = template_of(parse_workflow(text))
    except (BadInput, InvalidGraph):
        return None
    found = read(template.graph, template.roles).get("prompt")
    return found if isinstance(found, str) and found.strip() else None


def _embedded(path: Path) -> Mapping[str, str]:
    """Return the texts that ComfyUI writes into its files; none of a file without or too large."""
    try:
        if path.stat().st_size > _MOST_EMBEDDED_BYTES:
            return {}
        data = path.read_bytes()
        if is_clip(data):
            return clip_texts(data)
        if data.startswith(b"\x89PNG"):
            return OpenCvMedia().decode_still(data).texts
    except (OSError, Unreadable):  # the assessment says what is wrong with it
        pass
    return {}
