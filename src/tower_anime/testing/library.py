"""A library in memory that fails when told to."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import BadInput, CorruptOutput, PlaceTaken, TowerError


class MemoryLibrary:
    """`ports.Library` without a disk.

    `failures` are raised by the next calls of `publish`, one each (None: that call works);
    `unseen` are the reasons for which the next calls of `verify` don't find the file.
    `files` and `owners` (generation ids) are keyed by location; `releases` is what was written,
    in order.
    """

    def __init__(
        self,
        *,
        target: str = "memory",
        failures: Iterable[TowerError | None] = (),
        unseen: Iterable[str | None] = (),
    ) -> None:
        self.target = target
        self.failures = deque(failures)
        self.unseen = deque(unseen)
        self.files: dict[str, bytes] = {}
        self.owners: dict[str, str] = {}
        self.releases: list[Release] = []

    def publish(self, release: Release, source: Path) -> Publication:
        """Keep the bytes and texts, once; raise what the script says next."""
        if failure := self.failures.popleft() if self.failures else None:
            raise failure
        _check_names(release)
        data = source.read_bytes() if source.is_file() else b""
        if hashlib.sha256(data).hexdigest() != release.artifact_sha256:
            raise CorruptOutput(f"the file {source} is not what was approved")
        location = self._location(release, data)
        if location not in self.files:
            self.releases.append(release)
        self.files[location] = data
        self.owners[location] = release.generation_id
        first, final = PurePosixPath(release.relative_path), PurePosixPath(location)
        for name, text in release.companions.items():
            beside = final.with_name(name.replace(first.stem, final.stem, 1))
            self.files[str(beside)] = _bytes(text)
        for path, text in release.shared.items():
            self.files.setdefault(f"/{self.target}/{path}", _bytes(text))
        return Publication(
            artifact_sha256=release.artifact_sha256,
            target=self.target,
            state=PublicationState.UNVERIFIED,
            location=location,
        )

    def verify(self, publication: Publication, *, sha256: str) -> Publication:
        """Look whether the bytes are there; deny it if the script says so."""
        reason = self.unseen.popleft() if self.unseen else None
        if reason is None:
            reason = self._difference(publication.location, sha256)
        state = PublicationState.PENDING if reason else PublicationState.VERIFIED
        return replace(publication, state=state, reason=reason)

    def withdraw(self, publication: Publication) -> Publication:
        """Forget the bytes and texts, if they are what was published."""
        location, reason = publication.location, None
        if location in self.files:
            data = self.files[location]
            if hashlib.sha256(data).hexdigest() == publication.artifact_sha256:
                stem = PurePosixPath(location).with_suffix("")
                for name in [name for name in self.files if name.startswith(f"{stem}")]:
                    del self.files[name]
            else:
                reason = f"{location} is no longer the published file and stays"
        return replace(publication, state=PublicationState.WITHDRAWN, reason=reason)

    def _location(self, release: Release, data: bytes) -> str:
        """Return the first location that is free or holds this generation's bytes."""
        first = PurePosixPath(f"/{self.target}", release.relative_path)
        location, number = first, 1
        while not self._is_free_or_ours(str(location), release, data):
            if not release.numbered:
                raise PlaceTaken(f"{location} is somebody else's")
            number += 1
            location = first.with_stem(f"{first.stem} ({number})")
        return str(location)

    def _is_free_or_ours(self, location: str, release: Release, data: bytes) -> bool:
        if location not in self.files:
            return True
        there = self.files[location]
        known = there == data or hashlib.sha256(there).hexdigest() in release.replaces
        return known and self.owners.get(location, release.generation_id) == release.generation_id

    def _difference(self, location: str | None, sha256: str) -> str | None:
        if location is None:
            return "it is not written yet"
        if location not in self.files:
            return f"{location} is not there"
        if hashlib.sha256(self.files[location]).hexdigest() != sha256:
            return f"{location} has other bytes than the approved file"
        return None


def _check_names(release: Release) -> None:
    path = PurePosixPath(release.relative_path)
    if path.is_absolute() or not path.name or ".." in path.parts:
        raise BadInput(f"{release.relative_path!r} is no path below the library folder")
    for name in release.companions:
        if not name or PurePosixPath(name).name != name:
            raise BadInput(f"{name!r} is no name of a file beside the published one")


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data
