"""What is told to other programs and people, and how it is signed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from tower_anime.domain.alert import RAISED, RESOLVED
from tower_anime.domain.generation import Event

PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"

TOLD_KINDS = ("concluded", "reviewed", RAISED, RESOLVED)
TOLD_STATUSES = ("approved", "needs_review")

PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600))
"""Between tries: a restart takes seconds, an outage hours; given up after a day and a half."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An event for one target (an address); `tries` were in vain so far."""

    event: Event
    target: str
    tries: int = 0


def is_told(event: Event) -> bool:
    """Whether people want to know: approved, awaiting a person, or something is wrong."""
    if event.kind in (RAISED, RESOLVED):
        return True
    return event.kind in TOLD_KINDS and event.data.get("status") in TOLD_STATUSES


def in_words(event: Event) -> tuple[str, str]:
    """Return a title and a text for people."""
    data = event.data
    if event.kind == RAISED:
        return f"Alert: {data.get('alert')}", str(data.get("message"))
    if event.kind == RESOLVED:
        return f"Over: {data.get('alert')}", f"{data.get('subject')} is well again"
    words = {"approved": "Approved", "needs_review": "Awaits your review"}
    title = words.get(str(data.get("status")), str(data.get("status")))
    return title, f"Generation {event.generation_id}: {data.get('reason') or title.lower()}"


def signature(secret: str, moment_s: int, body: bytes) -> str:
    """Return `t=…,v1=…`: HMAC-SHA256 over the moment, a dot and the body."""
    signed = hmac.new(secret.encode(), f"{moment_s}.".encode() + body, hashlib.sha256)
    return f"t={moment_s},v1={signed.hexdigest()}"
