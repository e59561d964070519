"""A Jellyfin on a loopback port: its own request models, its ways, its troubles on demand."""

from __future__ import annotations

import json
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import ValidationError

from tests.contract.jellyfin_models import model, unknown

KEY = 'a key with "quotes", commas'
DEBOUNCE_S = 60.0
_KINDS = {"tvshows": "Episode", "movies": "Movie", "homevideos": "Video"}
_PICTURES = (".png", ".jpg", ".webp")
_FILMS = (".mp4", ".mkv", ".webm")


@dataclass
class FakeJellyfin:
    """What the server knows; tests write into it. `host` and `seen_as` are one folder's two names.

    `version` 12.0 refuses the older authorization headers. `trouble` is a status for every
    call (401, 403, 503, 500), `hangs_s` how long each answer takes, `down` closes connections.
    `now_s` is its clock: what it was told of shows `DEBOUNCE_S` later.
    """

    host: Path
    seen_as: str
    version: str = "10.11"
    trouble: int | None = None
    hangs_s: float = 0.0
    down: bool = False
    reads_nfo: bool = True
    plays_directly: bool = True
    shows_streams: bool = True
    now_s: float = 0.0
    libraries: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    due_s: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bad_requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    # ---- What tests do ------------------------------------------------------------------------

    def later(self, seconds: float) -> None:
        """Let time pass; what is due is looked at."""
        with self.lock:
            self.now_s += seconds
            for path in [path for path, due in self.due_s.items() if due <= self.now_s]:
                del self.due_s[path]
                self._look(path)

    def forget(self) -> None:
        """Restart: what it was told and has not looked at is gone."""
        with self.lock:
            self.due_s.clear()

    def titles(self) -> list[str]:
        """Return the names of what it shows."""
        return sorted(item["Name"] for item in self.items.values())

    # ---- What it does -------------------------------------------------------------------------

    def _look(self, seen: str) -> None:
        """Read what is on the disk at a path that some library shows."""
        path = self._here(seen)
        library = next((one for one in self.libraries if self._shows(one, seen)), None)
        if library is None or path is None:
            return
        if not path.is_file():
            self.items.pop(seen, None)
            return
        if path.suffix in _PICTURES:
            if library["CollectionType"] == "homevideos":
                self.items[seen] = self._item("Photo", path.stem, seen, library)
        elif path.suffix in _FILMS:
            kind = _KINDS[library["CollectionType"]]
            self.items[seen] = self._item(kind, self._title(path), seen, library)

    def _title(self, path: Path) -> str:
        nfo = path.with_suffix(".nfo")
        if self.reads_nfo and nfo.is_file():
            return ET.parse(nfo).getroot().findtext("title") or path.stem
        return path.stem

    def _item(self, kind: str, name: str, seen: str, library: dict[str, Any]) -> dict[str, Any]:
        streams = [{"Type": "Video", "Codec": "h264"}] if kind != "Photo" else []
        known = self.items.get(seen, {})
        return {
            "Id": known.get("Id", str(uuid.uuid4())),
            "Name": name,
            "Type": kind,
            "Path": seen,
            "MediaStreams": streams if self.shows_streams else [],
            "ParentId": library["ItemId"],
        }

    def _shows(self, library: dict[str, Any], seen: str) -> bool:
        return any(seen.startswith(place) for place in library["Locations"])

    def _here(self, seen: str) -> Path | None:
        plain, root = seen.replace("\\", "/"), self.seen_as.replace("\\", "/")
        return self.host / plain.removeprefix(root).lstrip("/") if plain.startswith(root) else None

    def scan(self) -> None:
        """Look at every file of every library."""
        separator = "\\" if "\\" in self.seen_as else "/"
        for path in sorted(self.host.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.parts[-2:]):
                relative = separator.join(path.relative_to(self.host).parts)
                self._look(f"{self.seen_as}{separator}{relative}")

    # ---- Its routes ---------------------------------------------------------------------------

    def answer(  # noqa: C901 - its routes, one after the other
        self, method: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        """Return status and JSON."""
        parts = path.strip("/").split("/")
        match (method, *parts):
            case ("GET", "System", "Info", "Public"):
                facts = {"ServerName": "fake", "Version": self.version, "Id": "fake"}
                return 200, self._checked("PublicSystemInfo", facts)
            case ("GET", "System", "Info"):
                return 200, self._checked("SystemInfo", {"Version": self.version})
            case ("GET", "Library", "VirtualFolders"):
                return 200, [self._checked("VirtualFolderInfo", one) for one in self.libraries]
            case ("POST", "Library", "VirtualFolders"):
                return self._add_library(query, self._checked("AddVirtualFolderDto", body))
            case ("POST", "Library", "Media", "Updated"):
                for update in self._checked("MediaUpdateInfoDto", body)["Updates"]:
                    assert update["UpdateType"] in ("Created", "Modified", "Deleted")
                    self.due_s[update["Path"]] = self.now_s + DEBOUNCE_S
                return 204, None
            case ("POST", "Library", "Refresh"):
                self.scan()
                return 204, None
            case ("POST", "Environment", "ValidatePath"):
                asked = self._checked("ValidatePathDto", body)["Path"]
                path_here = self._here(asked)
                return (204 if path_here is not None and path_here.exists() else 404), None
            case ("GET", "Items"):
                return 200, self._checked("BaseItemDtoQueryResult", self._items(query))
            case ("POST", "Items", item_id, "Refresh"):
                if query.get("metadataRefreshMode") == "FullRefresh":  # the defaults do nothing
                    self._look(self._by_id(item_id)["Path"])
                return 204, None
            case ("POST", "Items", item_id, "PlaybackInfo"):
                self._checked("PlaybackInfoDto", body)
                return 200, self._checked("PlaybackInfoResponse", self._playback(item_id))
        return 404, None

    def _add_library(self, query: dict[str, str], body: Any) -> tuple[int, Any]:
        options = body["LibraryOptions"]
        places = [one["Path"] for one in options["PathInfos"]]
        here = [self._here(place) for place in places]
        if not all(path is not None and path.is_dir() for path in here):
            return 404, None
        assert options["MetadataSavers"] == []
        assert all(
            kind["MetadataFetchers"] == [] and kind["ImageFetchers"] == []
            for kind in options["TypeOptions"]
        )
        self.libraries.append(
            {
                "Name": query["name"],
                "Locations": places,
                "CollectionType": query["collectionType"],
                "ItemId": str(uuid.uuid4()),
            }
        )
        return 204, None

    def _items(self, query: dict[str, str]) -> dict[str, Any]:
        kinds = query["includeItemTypes"].split(",")
        found = [
            item
            for item in reversed(self.items.values())
            if item["Type"] in kinds and item["ParentId"] == query["parentId"]
        ]
        assert query["recursive"] == "true"
        start, limit = int(query.get("startIndex", 0)), int(query["limit"])
        fields = query.get("fields", "").split(",")
        assert {"Path", "MediaStreams"} <= set(fields)
        return {"Items": found[start : start + limit], "TotalRecordCount": len(found)}

    def _by_id(self, item_id: str) -> dict[str, Any]:
        return next(item for item in self.items.values() if item["Id"] == item_id)

    def _playback(self, item_id: str) -> dict[str, Any]:
        self._by_id(item_id)
        source: dict[str, Any] = {"Id": item_id, "SupportsDirectPlay": self.plays_directly}
        if not self.plays_directly:
            source["TranscodingUrl"] = "/videos/x?TranscodeReasons=VideoProfileNotSupported"
        return {"MediaSources": [source], "PlaySessionId": "1"}

    def _checked(self, name: str, value: Any) -> Any:
        """Check a body against the models of the version; 12.0 has those of 10.11."""
        version = "10_10" if self.version.startswith("10.10") else "10_11"
        kind = model(version, name)
        if extra := unknown(kind, value):
            raise AssertionError(f"{name} has no {', '.join(extra)}")
        kind.model_validate(value)
        return value

    def is_allowed(self, headers: Any, query: dict[str, str]) -> bool:
        """Whether a call carries the key in a way that this version takes."""
        given = headers.get("Authorization", "")
        scheme, _, rest = given.partition(" ")
        values = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        token = unquote(values.get("Token", "").strip('"'))
        if scheme == "MediaBrowser" and token == KEY:
            return {"Client", "Device", "DeviceId", "Version"} <= values.keys()
        if self.version.startswith("12."):
            return False
        legacy = (headers.get("X-Emby-Token"), headers.get("X-MediaBrowser-Token"))
        return KEY in (*legacy, query.get("api_key"))


def _handler(fake: FakeJellyfin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one packet

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if fake.down:
                self.close_connection = True
                self.connection.close()
                return
            time.sleep(fake.hangs_s)
            with fake.lock:
                fake.calls.append(f"{method} {parts.path}")
                status, value = self._answer(method, parts.path, query, raw)
            data = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _answer(
            self, method: str, path: str, query: dict[str, str], raw: bytes
        ) -> tuple[int, Any]:
            if fake.trouble is not None:
                return fake.trouble, None
            if path != "/System/Info/Public" and not fake.is_allowed(self.headers, query):
                return 401, None
            try:
                return fake.answer(method, path, query, json.loads(raw) if raw else None)
            except (AssertionError, ValidationError, KeyError, TypeError) as error:
                fake.bad_requests.append(f"{method} {path}: {error!r}")
                return 400, None

        def log_message(self, *_: object) -> None: ...

    return Handler


@contextmanager
def jellyfin(host: Path, *, seen_as: str | None = None, **options: Any) -> Iterator[FakeJellyfin]:
    """Serve a fake until the end; what it could not understand fails the test."""
    fake = FakeJellyfin(host=host, seen_as=seen_as or str(host), **options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert fake.bad_requests == []
