"""What a ComfyUI produces for anybody, read from its history as jobs end; nothing is changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType, TracebackType
from typing import Any

from tower_anime.adapters.comfy_http import Http
from tower_anime.adapters.comfy_messages import Malformed, OutputFile, parse_entry, parse_history
from tower_anime.adapters.comfy_server import Known, Server
from tower_anime.domain.produced import Produced
from tower_anime.errors import CorruptOutput

_FIRST_ITEMS = 16  # of a history, newest: each holds a whole graph
_MOST_ITEMS = 16_384  # ComfyUI itself keeps 10 000

_Entries = dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
_Key = tuple[str, str, str]


class ComfyWatch:
    """Tells of the files of jobs that ended well, to be entered; safe to call for ever.

    Events go only to whoever submitted a job, so the history is asked. With `existing` the jobs
    that are in it already count as new. Cached runs return old files: those are told of once.
    """

    def __init__(
        self,
        url: str,
        suffixes: Collection[str],
        *,
        existing: bool = False,
        token: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        down_after_s: float = 1.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        sent = ({"Authorization": f"Bearer {token}"} if token else {}) | dict(headers)
        self._http = Http(url, sent, down_after_s=down_after_s, read_timeout_s=read_timeout_s)
        self._server = Server(self._http, Known())
        self._suffixes = frozenset(suffixes)
        self._jobs: set[str] | None = set() if existing else None
        self._files: set[_Key] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="tower-watch-")

    def __enter__(self) -> ComfyWatch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The server's address, without a password it may contain."""
        return self._http.shown_url

    def news(self) -> Iterator[Produced]:
        """Yield the files of jobs that ended since the last call, oldest job first.

        `ServerDown` while it does not answer; what was produced meanwhile comes later, unless the
        server forgot it.
        """
        entries = self._entries()
        if self._jobs is None:  # the first answer: from here on
            self._jobs = set(entries)
            for entry, _ in entries.values():
                self._files.update(_key(file) for file in parse_entry(entry).files)
        fresh = [prompt_id for prompt_id in entries if prompt_id not in self._jobs]
        for prompt_id in fresh:
            yield from self._files_of(prompt_id, entries[prompt_id][0])
            self._jobs.add(prompt_id)

    def _entries(self) -> _Entries:
        """Return so much of the history, oldest first, that a known job is among it."""
        items = _FIRST_ITEMS if self._jobs is not None else _MOST_ITEMS
        while True:
            found = self._http.parsed("/history", parse_history, max_items=str(items))
            known = self._jobs is not None and not self._jobs.isdisjoint(found)
            if known or len(found) < items or items >= _MOST_ITEMS:
                return found
            items = min(items * 4, _MOST_ITEMS)

    def _files_of(self, prompt_id: str, entry: Mapping[str, Any]) -> Iterator[Produced]:
        found = parse_entry(entry)
        results = [file for file in found.files if file.type == "output"]
        for file in results or found.files:
            if _suffix(file) not in self._suffixes:
                continue
            if found.cached and _key(file) in self._files:
                continue
            self._files.add(_key(file))
            yield Produced(
                name=f"{file.subfolder}/{file.filename}" if file.subfolder else file.filename,
                path=self._fetched(file),
                graph_text=_graph_text(entry),
                prompt_id=prompt_id,
                server=self.url,
            )

    def _fetched(self, file: OutputFile) -> Path:
        """Return a copy of a file; what the server can't give out whole stays a damaged one."""
        target = Path(self._folder.name, f"file{_suffix(file)}")
        try:
            target.write_bytes(self._server.download(file).data)
        except CorruptOutput:
            target.write_bytes(b"")
        return target


def _key(file: OutputFile) -> _Key:
    return file.type, file.subfolder, file.filename


def _suffix(file: OutputFile) -> str:
    return PurePosixPath(file.filename).suffix.lower()


def _graph_text(entry: Mapping[str, Any]) -> str:
    """Return the graph of a job: the third part of what was queued."""
    queued = entry["prompt"]
    if len(queued) < 3:
        raise Malformed("a job in the history has no graph")
    return json.dumps(queued[2])
