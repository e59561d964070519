"""Stored measurements judged by another profile: arithmetic alone, no picture is opened."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from pydantic_core import from_json, to_json

from tower_anime.assess.again import judge_again
from tower_anime.compose import open_store
from tower_anime.domain.quality import Assessment, Profile, Verdict
from tower_anime.domain.views import assessment_view
from tower_anime.errors import BadInput
from tower_anime.profiles import CLIP, STILL, find_profile
from tower_anime.settings import Settings

CHUNK = 500
ALONE_UP_TO = 4000
"""So many are judged faster in this process than others start."""

_AHEAD = 4  # chunks for each process that may wait


@dataclass(frozen=True)
class Again:
    """One assessment judged anew; scores 0–1, None without. `text`: its JSON object, if wanted."""

    path: str
    before: str
    score_before: float | None
    verdict: Verdict
    score: float | None
    text: bytes = b""
    lost: str = ""
    """The profile that judged it then, where it can't be found now and the usual one judged."""


def stored(settings: Settings) -> Iterator[bytes]:
    """Yield every assessment in the database as a JSON object, oldest first."""
    with closing(open_store(settings)) as store:
        yield from store.kept_assessments()


def rejudged(
    settings: Settings,
    lines: Iterable[bytes],
    *,
    profile: str | None,
    jobs: int | None = None,
    texts: bool = True,
) -> Iterator[Again]:
    """Yield each object judged by a profile, or by its own as it is now; the order stays.

    `texts`: each as a JSON object as well.

    Raises:
        BadInput: a line is no assessment, or the profile can't be used.
    """
    if profile is not None:
        for kind in (STILL, CLIP):
            find_profile(settings, profile, kind=kind)
    chunks = _numbered(lines)
    work = partial(_judge_chunk, settings, profile, texts=texts)
    first = list(islice(chunks, ALONE_UP_TO // CHUNK))
    cores = jobs or os.cpu_count() or 1
    if cores == 1 or len(first) < ALONE_UP_TO // CHUNK:
        for chunk in (*first, *chunks):
            yield from work(chunk)
        return
    room = threading.Semaphore(_AHEAD * cores)
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        for judged in pool.imap(work, _bounded((*first,), chunks, room)):
            room.release()
            yield from judged


_Chunk = tuple[int, list[bytes]]


def _numbered(lines: Iterable[bytes]) -> Iterator[_Chunk]:
    """Yield chunks of lines with the number of their first line."""
    source, number = iter(lines), 1
    while chunk := list(islice(source, CHUNK)):
        yield number, chunk
        number += len(chunk)


def _bounded(
    first: Sequence[_Chunk], chunks: Iterator[_Chunk], room: threading.Semaphore
) -> Iterator[_Chunk]:
    """Yield chunks no faster than they are judged, so that memory stays flat."""
    for chunk in first:
        room.acquire()
        yield chunk
    for chunk in chunks:
        room.acquire()
        yield chunk


def _judge_chunk(
    settings: Settings, profile: str | None, chunk: _Chunk, *, texts: bool
) -> list[Again]:
    number, lines = chunk
    found = lru_cache(partial(_profile, settings, profile))
    return [
        _judged(line, number + at, found, texts=texts, named=profile is not None)
        for at, line in enumerate(lines)
        if line.strip()
    ]


def _profile(settings: Settings, name: str | None, own: str, kind: str) -> Profile:
    """Return the named profile, else the one that judged before, else the usual one."""
    for each in (name,) if name else (own, own.rpartition(" ")[0]):
        if each:
            try:
                return find_profile(settings, each, kind=kind)
            except BadInput:
                if name:
                    raise
    return find_profile(settings, kind, kind=kind)


def _judged(line: bytes, number: int, profile_of: Any, *, texts: bool, named: bool) -> Again:
    try:
        told = from_json(line)
        if not isinstance(told, dict) or "verdict" not in told:
            raise BadInput("no assessment")
        kind = CLIP if told.get("kind") == "video" else STILL
        own = str(told.get("profile", ""))
        profile = profile_of(own, kind)
        found = judge_again(told, profile)
        verdict = found.verdict if found else Verdict(told["verdict"])
    except (ValueError, BadInput) as error:
        raise BadInput(f"line {number}: {error}") from error
    return Again(
        path=str(told.get("path")),
        before=told["verdict"],
        score_before=told["score"] if found else None,
        verdict=verdict,
        score=found.score if found else None,
        text=to_json(_view(told, found)) if texts else b"",
        lost="" if named or profile.name in (own, own.rpartition(" ")[0]) else own,
    )


def _view(told: dict[str, Any], found: Assessment | None) -> dict[str, Any]:
    """Return the object of what was found, or the one there was where nothing could be."""
    printed = _as_printed(told)
    if found is None:
        return printed
    view = assessment_view(found, path=told.get("path"))
    return {**view, "measurements": printed["measurements"]}


def _as_printed(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with its measurements as `assess` prints them."""
    printed = {
        name: one if "reason" not in one else {"unmeasured": one["reason"]}
        for name, one in told["measurements"].items()
    }
    return {**told, "measurements": printed}
