"""Telling others: webhooks, signed, and whatever apprise can reach."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx2
from pydantic_core import to_json

from tower_anime.domain.generation import Event
from tower_anime.domain.notice import in_words, signature
from tower_anime.errors import BadInput, Unavailable

TIMEOUT_S = 10.0


class Webhooks:
    """`ports.Notifier`: one POST of JSON for each event, to one address.

    `X-Tower-Event` is the event's number: a repeat after a lost answer carries the same one.
    With a secret `X-Tower-Signature` signs moment and body (`domain.notice.signature`).
    """

    def __init__(
        self, url: str, *, secret: str | None, now: Callable[[], float] = time.time
    ) -> None:
        self._url = url
        self._secret = secret
        self._now = now
        self._http = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False)

    def tell(self, event: Event) -> None:
        """Deliver; `Unavailable` unless the other side says 2xx."""
        body = to_json(
            {
                **event.data,
                "seq": event.seq,
                "kind": event.kind,
                "generation_id": event.generation_id,
                "at": event.at,
            },
            inf_nan_mode="null",
        )
        headers = {"Content-Type": "application/json", "X-Tower-Event": str(event.seq)}
        if self._secret is not None:
            headers["X-Tower-Signature"] = signature(self._secret, int(self._now()), body)
        try:
            answer = self._http.post(self._url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unavailable(f"no answer: {type(error).__name__}") from error
        if not answer.is_success:
            raise Unavailable(f"the answer was {answer.status_code}")

    def close(self) -> None:
        """Give up connections."""
        self._http.close()


class Apprise:
    """`ports.Notifier` through the extra `notify`: mail, chat, phones; one address of apprise's."""

    def __init__(self, url: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise BadInput(
                "TOWER_NOTIFY_URLS needs the extra: pip install 'tower-anime[notify]'"
            ) from error
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise BadInput("an address in TOWER_NOTIFY_URLS is none that apprise knows")

    def tell(self, event: Event) -> None:
        """Deliver; `Unavailable` when it was not taken."""
        title, text = in_words(event)
        if not self._apprise.notify(title=title, body=text):
            raise Unavailable("it was not taken")

    def close(self) -> None:
        """Nothing is kept open."""
