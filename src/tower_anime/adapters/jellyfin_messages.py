"""What is said to Jellyfin and understood of its answers: values only, no connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tower_anime.errors import MediaServerTrouble

VIDEO_TYPES = ("Episode", "Movie", "Video")
PHOTO = "Photo"


@dataclass(frozen=True)
class Library:
    """A library of the server: its id, its folders as the server names them, what it shows."""

    id: str
    name: str
    locations: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Item:
    """A thing that the server shows. `streams` are kinds such as `Video`."""

    id: str
    kind: str
    name: str
    path: str
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Shelf:
    """What a folder of ours needs a library for: its type, and the types that do as well."""

    collection: str
    allowed: frozenset[str]
    item_types: tuple[str, ...]


SHELVES: Mapping[str, Shelf] = {
    "Shows": Shelf("tvshows", frozenset({"tvshows", "mixed", ""}), ("Series", "Season", "Episode")),
    "Movies": Shelf("movies", frozenset({"movies", "homevideos", "mixed", ""}), ("Movie",)),
    "Art": Shelf("homevideos", frozenset({"homevideos", "photos", "mixed", ""}), ("Photo",)),
}


def libraries_of(answer: Any) -> tuple[Library, ...]:
    """Parse `GET /Library/VirtualFolders`."""
    return tuple(
        Library(
            id=str(one.get("ItemId") or ""),
            name=str(one.get("Name") or ""),
            locations=tuple(str(path) for path in one.get("Locations") or ()),
            kind=str(one.get("CollectionType") or "").lower(),
        )
        for one in _objects(answer, "libraries")
    )


def items_of(answer: Any) -> tuple[Item, ...]:
    """Parse a page of `GET /Items`."""
    listed = answer.get("Items") if isinstance(answer, dict) else None
    return tuple(
        Item(
            id=str(one.get("Id") or ""),
            kind=str(one.get("Type") or ""),
            name=str(one.get("Name") or ""),
            path=str(one.get("Path") or ""),
            streams=tuple(str(s.get("Type")) for s in one.get("MediaStreams") or ()),
        )
        for one in _objects(listed, "items")
    )


def new_library(path: str, shelf: Shelf) -> dict[str, Any]:
    """Return the body that makes a library whose only source is the NFO files and pictures."""
    nobody: dict[str, list[str]] = {
        "MetadataFetchers": [],
        "MetadataFetcherOrder": [],
        "ImageFetchers": [],
        "ImageFetcherOrder": [],
    }
    return {
        "LibraryOptions": {
            "EnableRealtimeMonitor": True,
            "EnablePhotos": True,
            "EnableEmbeddedTitles": False,
            "EnableEmbeddedEpisodeInfos": False,
            "EnableAutomaticSeriesGrouping": False,
            "EnableChapterImageExtraction": False,
            "SaveLocalMetadata": False,
            "MetadataSavers": [],
            "LocalMetadataReaderOrder": ["Nfo"],
            "DisabledLocalMetadataReaders": [],
            "PathInfos": [{"Path": path}],
            "TypeOptions": [{"Type": kind, **nobody} for kind in shelf.item_types],
        }
    }


def updates(paths: Iterable[str], kind: str) -> dict[str, Any]:
    """Return the body of `POST /Library/Media/Updated`; `kind` is Created or Deleted."""
    return {"Updates": [{"Path": path, "UpdateType": kind} for path in paths]}


DIRECT_PLAY: Mapping[str, Any] = {
    "DeviceProfile": {
        "Name": "Tower Anime: plays everywhere",
        "MaxStreamingBitrate": 120_000_000,
        "DirectPlayProfiles": [
            {
                "Type": "Video",
                "Container": "mp4,m4v",
                "VideoCodec": "h264",
                "AudioCodec": "aac,mp3",
            }
        ],
        "TranscodingProfiles": [],
        "ContainerProfiles": [],
        "CodecProfiles": [
            {
                "Type": "Video",
                "Codec": "h264",
                "Conditions": [
                    {
                        "Condition": "EqualsAny",
                        "Property": "VideoProfile",
                        "Value": "high|main|baseline|constrained baseline",
                        "IsRequired": False,
                    },
                    {
                        "Condition": "LessThanEqual",
                        "Property": "VideoLevel",
                        "Value": "41",
                        "IsRequired": False,
                    },
                    {
                        "Condition": "LessThanEqual",
                        "Property": "VideoBitDepth",
                        "Value": "8",
                        "IsRequired": False,
                    },
                ],
            }
        ],
        "SubtitleProfiles": [],
    },
    "EnableDirectPlay": True,
    "EnableDirectStream": False,
    "EnableTranscoding": False,
    "AutoOpenLiveStream": False,
}
"""What a plain television plays without help: H.264 8-bit up to level 4.1 with AAC in MP4."""


def why_not_direct(answer: Any) -> str | None:
    """Return why a film does not play directly by `PlaybackInfo`; None if it does."""
    sources = _objects(answer.get("MediaSources") if isinstance(answer, dict) else None, "sources")
    if not sources:
        code = answer.get("ErrorCode") if isinstance(answer, dict) else None
        return f"Jellyfin offers no way to play it ({code or 'no source'})"
    if any(source.get("SupportsDirectPlay") for source in sources):
        return None
    reasons = [reason for source in sources for reason in _reasons(source)]
    return f"it does not play directly: {', '.join(dict.fromkeys(reasons)) or 'no reason given'}"


def _reasons(source: Mapping[str, Any]) -> Sequence[str]:
    for key in ("TranscodingReasons", "TranscodeReasons"):
        value = source.get(key)
        if value:
            return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    query = parse_qs(urlsplit(str(source.get("TranscodingUrl") or "")).query)
    return query.get("TranscodeReasons", [""])[0].split(",") if query else ()


def _objects(value: Any, what: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise MediaServerTrouble(f"Jellyfin's list of {what} is none", kind="answer")
    return value


# ---- Paths ------------------------------------------------------------------------------------


def server_path(root: str, relative: PurePosixPath) -> str:
    """Return where a file below the library folder is for the server, in its spelling."""
    if is_windows(root):
        return str(PureWindowsPath(root, *relative.parts))
    return str(PurePosixPath(root, relative))


def same_path(first: str, second: str) -> bool:
    """Whether two paths of a server are the same; Windows ignores case."""
    return _key(first) == _key(second)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is that folder or in it."""
    inner, outer = _key(path), _key(folder)
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def is_windows(path: str) -> bool:
    """Whether a path is spelled as on Windows: a drive or a share."""
    return path[1:3] in (":\\", ":/") or path.startswith("\\\\")


def _key(path: str) -> str:
    plain = path.replace("\\", "/") if is_windows(path) else path
    plain = plain.rstrip("/") or "/"
    return plain.casefold() if is_windows(path) else plain
