"""A library that Jellyfin shows: files in a folder, then the server's word that it has them."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tower_anime.adapters.jellyfin_http import SCAN_TIMEOUT_S, JellyfinServer
from tower_anime.adapters.jellyfin_messages import (
    DIRECT_PLAY,
    PHOTO,
    SHELVES,
    VIDEO_TYPES,
    Item,
    Library,
    Shelf,
    is_below,
    items_of,
    libraries_of,
    new_library,
    same_path,
    server_path,
    updates,
    why_not_direct,
)
from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import SANDBOX_FOLDER, Release
from tower_anime.errors import MediaServerTrouble
from tower_anime.ports import Library as FileLibrary

PAGE = 500
REMIND_EVERY_S = 90.0
"""Jellyfin waits 60 s after the last word about a folder before it looks; a reminder within
that time would make it wait again."""

SCAN_AFTER_REMINDERS = 2
SCAN_EVERY_S = 600.0  # a scan of everything is costly for a large server
REFRESH_EVERY_S = 60.0


@dataclass
class _Told:
    """What the server was told of one path, and when (monotonic, s)."""

    times: int = 0
    at_s: float = float("-inf")
    refreshed_s: float = float("-inf")


@dataclass
class JellyfinLibrary:
    """`ports.Library`: `files` writes, the server shows; its target is `jellyfin`.

    `folder` is the library folder here, `seen_as` the same folder as the server names it.
    Publishing never fails for the server's sake: what it does not show yet is unverified with the
    reason, and asking again reminds it. `clock` is monotonic, in seconds. Safe for many threads.
    """

    files: FileLibrary
    server: JellyfinServer
    folder: Path
    seen_as: str
    clock: Callable[[], float] = time.monotonic
    target: str = "jellyfin"
    _told: dict[str, _Told] = field(default_factory=dict)
    _scanned_s: float = float("-inf")
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def publish(self, release: Release, source: Path) -> Publication:
        """Write, then tell the server; that it can't be told is found out by `verify`."""
        written = replace(self.files.publish(release, source), target=self.target)
        try:
            self._announce(Path(str(written.location)))
        except MediaServerTrouble as trouble:
            return replace(written, reason=str(trouble))
        return written

    def verify(self, publication: Publication, *, sha256: str) -> Publication:
        """Look at the file, then at what the server shows under its path."""
        found = self.files.verify(publication, sha256=sha256)
        if found.state is not PublicationState.VERIFIED:
            return found
        try:
            reason = self._why_unseen(Path(str(publication.location)))
        except MediaServerTrouble as trouble:
            reason = str(trouble)
        if reason is None:
            return found
        return replace(found, state=PublicationState.UNVERIFIED, reason=reason)

    def withdraw(self, publication: Publication) -> Publication:
        """Remove the file and tell the server; it notices by itself if it can't be told."""
        gone = self.files.withdraw(publication)
        path = Path(str(publication.location))
        if publication.location is None or not path.is_relative_to(self.folder):
            return gone
        try:
            self.server.post("/Library/Media/Updated", updates([self._seen(path)], "Deleted"))
        except MediaServerTrouble as trouble:
            return replace(gone, reason=gone.reason or str(trouble))
        return gone

    # ---- What the server knows ----------------------------------------------------------------

    def find(self, path: Path) -> Item | None:
        """Return what the server shows under a path of ours; None if nothing."""
        library = self._library(path)
        return self._item(library, self._seen(path)) if library else None

    def library_of(self, path: Path) -> Library | None:
        """Return the server's library that shows a path of ours; None if there is none."""
        return self._library(path)

    def sees(self, path: Path) -> bool:
        """Whether the server can see a file of ours under its own path."""
        body = {"Path": self._seen(path), "IsFile": True, "ValidateWritable": False}
        try:
            self.server.post("/Environment/ValidatePath", body)
        except MediaServerTrouble as trouble:
            if trouble.kind == "unknown":  # 404 is its word for "not there"
                return False
            raise
        return True

    def is_refused(self) -> bool:
        """Whether the server refuses the key: waiting does not help."""
        try:
            self.server.get("/System/Info")
        except MediaServerTrouble as trouble:
            return trouble.kind in ("key", "forbidden")
        return False

    def _why_unseen(self, path: Path) -> str | None:
        """Return why a written file is not verified, and do what may help; None if it is."""
        library = self._library(path)
        if library is None:
            self._announce(path)
            return f"no library of Jellyfin shows {self._seen(path.parent)}; one was made"
        item = self._item(library, self._seen(path))
        if item is None:
            self._remind(path)
            return f"Jellyfin's library {library.name!r} does not show {self._seen(path)} yet"
        return self._why_not_right(path, item)

    def _why_not_right(self, path: Path, item: Item) -> str | None:
        """Return what is wrong with an item that the server shows; None if nothing."""
        if item.kind == PHOTO:
            return None
        if "Video" not in item.streams:
            self._refresh(path, item)
            return "Jellyfin found no picture stream in it yet"
        title = _title_beside(path)
        if title is not None and title != item.name:
            self._refresh(path, item)
            return f"Jellyfin calls it {item.name!r} instead of {title!r} and was asked to look"
        return why_not_direct(self.server.post(f"/Items/{item.id}/PlaybackInfo", DIRECT_PLAY))

    def _library(self, path: Path) -> Library | None:
        """Return the library with the folder nearest to a path that shows such things."""
        seen, shelf = self._seen(path), self._shelf(path)
        candidates = [
            (len(location), library)
            for library in libraries_of(self.server.get("/Library/VirtualFolders"))
            for location in library.locations
            if library.kind in shelf.allowed and is_below(seen, location)
        ]
        return max(candidates, key=lambda pair: pair[0], default=(0, None))[1]

    def _item(self, library: Library, seen: str) -> Item | None:
        """Look through a library, the newest first: the server can't search by path."""
        start = 0
        while True:
            page = items_of(
                self.server.get(
                    "/Items",
                    recursive="true",
                    parentId=library.id,
                    includeItemTypes=",".join((*VIDEO_TYPES, PHOTO)),
                    fields="Path,MediaStreams",
                    sortBy="DateCreated",
                    sortOrder="Descending",
                    startIndex=start,
                    limit=PAGE,
                )
            )
            for item in page:
                if same_path(item.path, seen):
                    return item
            if len(page) < PAGE:
                return None
            start += len(page)

    # ---- What the server is told --------------------------------------------------------------

    def _announce(self, path: Path) -> None:
        """Make sure that a library shows the folder, and tell of the file."""
        with self._lock:  # two threads shall not make two libraries
            if self._library(path) is None:
                self._make_library(path)
                self._scan()
        self._tell(path)

    def _make_library(self, path: Path) -> None:
        root = self._root(path)
        shelf = self._shelf(path)
        seen = server_path(self.seen_as, root)
        try:
            self.server.post(
                "/Library/VirtualFolders",
                new_library(seen, shelf),
                name=" ".join(("Tower Anime", *root.parts)),
                collectionType=shelf.collection,
                refreshLibrary="false",
            )
        except MediaServerTrouble as trouble:
            if trouble.kind not in ("unknown", "answer"):
                raise
            raise MediaServerTrouble(
                f"Jellyfin makes no library of {seen}: does it see that folder? "
                "TOWER_JELLYFIN_LIBRARY_DIR says what the library folder is called there",
                kind="path",
            ) from trouble

    def _tell(self, path: Path) -> None:
        told = self._told.setdefault(str(path), _Told())
        self.server.post("/Library/Media/Updated", updates([self._seen(path)], "Created"))
        told.times, told.at_s = told.times + 1, self.clock()

    def _remind(self, path: Path) -> None:
        """Tell again what a restart may have made the server forget; in the end let it scan."""
        told = self._told.setdefault(str(path), _Told())
        if self.clock() - told.at_s < REMIND_EVERY_S:
            return
        self._tell(path)
        if told.times > SCAN_AFTER_REMINDERS and self.clock() - self._scanned_s >= SCAN_EVERY_S:
            self._scan()

    def _scan(self) -> None:
        """Start a scan of everything; the server answers at its end and goes on without us."""
        self._scanned_s = self.clock()
        try:
            self.server.post("/Library/Refresh", timeout_s=SCAN_TIMEOUT_S)
        except MediaServerTrouble as trouble:
            if trouble.kind != "timeout":
                raise

    def _refresh(self, path: Path, item: Item) -> None:
        """Let the server read the words beside a file again."""
        told = self._told.setdefault(str(path), _Told())
        if self.clock() - told.refreshed_s < REFRESH_EVERY_S:
            return
        told.refreshed_s = self.clock()
        self.server.post(
            f"/Items/{item.id}/Refresh",
            metadataRefreshMode="FullRefresh",
            imageRefreshMode="FullRefresh",
            replaceAllMetadata="true",
        )

    # ---- Paths --------------------------------------------------------------------------------

    def _relative(self, path: Path) -> PurePosixPath:
        if not path.is_relative_to(self.folder):
            raise MediaServerTrouble(f"{path} is not in the library {self.folder}", kind="path")
        return PurePosixPath(path.relative_to(self.folder))

    def _seen(self, path: Path) -> str:
        return server_path(self.seen_as, self._relative(path))

    def _root(self, path: Path) -> PurePosixPath:
        """Return the folder of a library of its own: `Movies`, or `Sandbox/Movies`."""
        parts = self._relative(path).parts
        return PurePosixPath(*parts[: 2 if parts[0] == SANDBOX_FOLDER else 1])

    def _shelf(self, path: Path) -> Shelf:
        return SHELVES.get(self._root(path).name, SHELVES["Movies"])


def _title_beside(path: Path) -> str | None:
    """Return the title in the NFO of a film or episode; None without one."""
    try:
        root = ET.fromstring(path.with_suffix(".nfo").read_bytes())  # noqa: S314 - we wrote it
    except (OSError, ET.ParseError):
        return None
    return root.findtext("title")
