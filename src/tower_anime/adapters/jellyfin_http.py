"""Calls to a Jellyfin server (10.10 and newer), its refusals in words."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from tower_anime import __version__
from tower_anime.errors import BadInput, MediaServerTrouble

TIMEOUT_S = 15.0  # an answer that takes longer is not worth waiting for: we ask again later
SCAN_TIMEOUT_S = 5.0  # a scan goes on without us
MAX_ANSWER_BYTES = 64 * 2**20  # a page of 500 items with streams has about 2 MB
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_FIXES = {
    401: ("key", "refuses the key; make one in its dashboard under API keys"),
    403: ("forbidden", "says that the key lacks the right; make one in its dashboard"),
    404: ("unknown", "does not know {path}; is the address right, with its base path?"),
    503: ("starting", "is still starting"),
}
"""Statuses that have a cause of their own, as (kind, words)."""


class JellyfinServer:
    """One server. The key appears in no message and in no address.

    `ends_at_s` (monotonic, s) is when the last call has to be over; None: never.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        ends_at_s: float | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"a Jellyfin's address looks like http://127.0.0.1:8096, not {url!r}")
        self._url = url.rstrip("/")
        self.shown_url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._authorization = authorization(api_key)
        self._timeout_s = timeout_s
        self._ends_at_s = ends_at_s
        # A proxy of the environment can't reach our own machine.
        self._direct = parts.hostname in _LOOPBACK
        self._client: httpx2.Client | None = None
        self._opening = threading.Lock()

    def get(self, path: str, **parameters: str | int) -> Any:
        """Return the JSON at `path`; `MediaServerTrouble` says why not."""
        return self._call("GET", path, parameters, None, self._timeout_s)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
        **parameters: str | int,
    ) -> Any:
        """Post JSON; returns the answer, None if it is empty."""
        return self._call("POST", path, parameters, body, timeout_s or self._timeout_s)

    def public_info(self) -> Mapping[str, Any]:
        """Return name and version; needs no key."""
        answer = self._call("GET", "/System/Info/Public", {}, None, self._timeout_s, with_key=False)
        return _object(answer, self.shown_url)

    def close(self) -> None:
        """Give up connections."""
        if self._client:
            self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str | int],
        body: Mapping[str, Any] | None,
        timeout_s: float,
        *,
        with_key: bool = True,
    ) -> Any:
        headers = {"Authorization": self._authorization} if with_key else {}
        if self._ends_at_s is not None:
            timeout_s = max(0.05, min(timeout_s, self._ends_at_s - time.monotonic()))
        try:
            answer = self._open().request(
                method,
                self._url + path,
                params=dict(parameters),
                json=body,
                headers=headers,
                timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            )
        except httpx2.TimeoutException as error:
            raise MediaServerTrouble(
                f"Jellyfin at {self.shown_url} did not answer within {timeout_s:.3g} s",
                kind="timeout",
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise MediaServerTrouble(
                f"Jellyfin at {self.shown_url} can't be reached: {reason}", kind="down"
            ) from error
        return self._checked(answer, path)

    def _checked(self, answer: httpx2.Response, path: str) -> Any:
        if answer.status_code in _FIXES:
            kind, words = _FIXES[answer.status_code]
            text = words.format(path=path)
            raise MediaServerTrouble(f"Jellyfin at {self.shown_url} {text}", kind=kind)
        if not 200 <= answer.status_code < 300:
            raise MediaServerTrouble(
                f"Jellyfin at {self.shown_url} answers {answer.status_code} to {path}",
                kind="answer",
            )
        if not answer.content:
            return None
        if len(answer.content) > MAX_ANSWER_BYTES:
            raise MediaServerTrouble("the answer of Jellyfin has no end", kind="answer")
        try:
            return answer.json()
        except ValueError as error:
            raise MediaServerTrouble(
                f"what answers at {self.shown_url}{path} is no Jellyfin: no JSON", kind="answer"
            ) from error

    def _open(self) -> httpx2.Client:
        with self._opening:
            if self._client is None:
                self._client = httpx2.Client(trust_env=not self._direct)
            return self._client


def authorization(api_key: str) -> str:
    """Return the one header that every version takes; 12.0 has switched the older ones off."""
    host = socket.gethostname() or "unknown"
    values = {
        "Token": api_key,
        "Client": "Tower Anime",
        "Device": host,
        "DeviceId": f"tower-anime-{host}",
        "Version": __version__,
    }
    return "MediaBrowser " + ", ".join(
        f'{name}="{quote(value, safe="")}"' for name, value in values.items()
    )


def _object(answer: Any, url: str) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise MediaServerTrouble(f"what answers at {url} is no Jellyfin", kind="answer")
    return answer
