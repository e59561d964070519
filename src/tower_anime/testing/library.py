"""A library in memory that fails when told to."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import BadInput, CorruptOutput, TowerError


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
            self.files[str(beside)] = text.encode()
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

    def _location(self, release: Release, data: bytes) -> str:
        """Return the first location that is free or holds this generation's bytes."""
        first = PurePosixPath(f"/{self.target}", release.relative_path)
        location, number = first, 1
        while str(location) in self.files and (
            self.files[str(location)] != data
            or self.owners.get(str(location), release.generation_id) != release.generation_id
        ):
            number += 1
            location = first.with_stem(f"{first.stem} ({number})")
        return str(location)

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
